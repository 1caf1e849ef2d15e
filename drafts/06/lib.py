import nbformat
from nbformat.v4 import new_notebook,new_markdown_cell,new_code_cell
cells=[]
def md(id,kind,text):
    c=new_markdown_cell(text.strip("\n"),id=id); c.metadata["slideshow"]={"slide_type":kind}; cells.append(c)
def code(id,kind,text,ignore=False,hidden=False):
    c=new_code_cell(text.strip("\n"),id=id); c.metadata["slideshow"]={"slide_type":kind}
    if ignore: c.metadata["tags"]=["nbval-ignore-output"]
    if hidden: c.metadata["jupyter"]={"source_hidden":True}
    cells.append(c)
def save(path):
    nb=new_notebook(cells=cells)
    nb.metadata["kernelspec"]={"display_name":"Python 3","language":"python","name":"python3"}
    nbformat.validate(nb)
    nbformat.write(nb,path)
