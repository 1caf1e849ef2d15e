import nbformat
p='notebooks/00_start_here.ipynb'
nb=nbformat.read(p,4)
c={x.id:x for x in nb.cells}
def sub(id,a,b):
    assert a in c[id].source,(id,a); c[id].source=c[id].source.replace(a,b)
sub("map","| 04 · Data augmentation | what do transformed copies teach? | to come |\n| 05 · Regularization | how do you prefer the simpler model? | to come |","| [04 · Data augmentation](04_data_augmentation.ipynb) | what do transformed copies teach? | 120 |\n| [05 · Regularization](05_regularization.ipynb) | how do you prefer the simpler model? | 90 |")
A=[("A1","Little data overfits","By heart"),("A2","Augmentation regularizes","Shifts and mirror images"),("A3","It builds in invariance","What does not matter"),("A4","The transformations","Transformations"),("A5","Test-time augmentation","Ask ten times"),("A6","Not every transformation helps","One by one"),("A7","Learning a policy","Let a program choose"),("A8","Text: substitution","Swap a word"),("A9","Text: back-translation","There and back"),("A10","AlexNet's recipe","The recipe"),("A11","Changed labels, useless points","When the label changes")]
G=[("G1","Goodfellow's definition","The definition"),("G2","Knowledge, and the simpler model","Two readings"),("G3","Ridge regression","Ridge"),("G4","The general form, weight decay","The general form"),("G5","Architecture, training, data","Three places")]
def table(title,file,rows):
    return f"**{title}** ([notebook {file[:2]}]({file}))\n\n| id | statement | cell |\n|---|---|---|\n"+"\n".join(f"| {i} | {s} | [{t}]({file}#{i}) |" for i,s,t in rows)
c["statements-4"].source=table("Data augmentation","04_data_augmentation.ipynb",A)
c["statements-5"].source=table("Regularization","05_regularization.ipynb",G)
nbformat.write(nb,p)
p='notebooks/03_resnet_table.ipynb'
nb=nbformat.read(p,4)
for x in nb.cells:
    x.source=x.source.replace("Next: 04 · Data augmentation (to come).","Next: [04 · Data augmentation](04_data_augmentation.ipynb).")
nbformat.write(nb,p)
r=open('README.md').read()
r=r.replace("| 04 · Data augmentation | what do transformed copies teach? | to come |\n| 05 · Regularization | how do you prefer the simpler model? | to come |","| [04 · Data augmentation](notebooks/04_data_augmentation.ipynb) | what do transformed copies teach? | 120 |\n| [05 · Regularization](notebooks/05_regularization.ipynb) | how do you prefer the simpler model? | 90 |")
open('README.md','w').write(r)
