import nbformat
p='/work/main/notebooks/00_start_here.ipynb'
nb=nbformat.read(p,4); c={x.id:x for x in nb.cells}
def sub(id,a,b):
    assert c[id].source.count(a)==1,(id,a); c[id].source=c[id].source.replace(a,b)
print([i for i in c if "statement" in i])
sub("map","| 06 · Graph networks | what if the data has relations? | to come |","| [06 · Graph networks](06_graph_networks.ipynb) | what if the data has relations? | 100 |")
N=[("N1","Real data has relations","Three kinds of relation"),("N2","Words alone","Words alone, words and links"),("N3","Links carry more signal","Words alone, words and links"),("N4","Links are not features","Links are not features"),("N5","The layer","The layer by hand"),("N6","Aggregate and update","Aggregate, then update"),("N7","Resemblance to CNNs","A picture is a very regular graph"),("N8","The cost grows with edges","What does it cost?"),("N9","Depth issues return","Depth, once more")]
c["statements-6"].source="**Graph networks** ([notebook 06](06_graph_networks.ipynb))\n\n| id | statement | cell |\n|---|---|---|\n"+"\n".join(f"| {i} | {s} | [{t}](06_graph_networks.ipynb#{i}) |" for i,s,t in N)
nbformat.write(nb,p)
p='/work/main/notebooks/05_regularization.ipynb'
nb=nbformat.read(p,4)
n=0
for x in nb.cells:
    if "Next: 06" in x.source:
        import re
        new=re.sub(r"Next: 06 · [^(]*\(to come\)","Next: [06 · Graph networks](06_graph_networks.ipynb)",x.source); n+=new!=x.source; x.source=new
assert n==1
nbformat.write(nb,p)
s=open('/work/main/README.md').read()
a="| 06 · Graph networks | what if the data has relations? | to come |"; assert a in s
s=s.replace(a,"| [06 · Graph networks](notebooks/06_graph_networks.ipynb) | what if the data has relations? | 100 |")
s=s.replace("jupyter trust notebooks/04_data_augmentation.ipynb notebooks/05_regularization.ipynb\n","jupyter trust notebooks/04_data_augmentation.ipynb notebooks/05_regularization.ipynb\njupyter trust notebooks/06_graph_networks.ipynb\n")
open('/work/main/README.md','w').write(s)
