"""From a clone to the first figure: what a reader waits for, once all is installed.

Cloned is what has been committed. The installation before it is that of torch, and as
fast as the network.
"""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import execute

from .imports import TORCH
from .rows import Row, by_turns, seconds

FIRST = "notebooks/00_start_here.ipynb"


def shows(cell: NotebookNode) -> bool:
    """Whether a cell has put out a picture."""
    outputs = cell.get("outputs", [])
    return any("image/png" in output.get("data", {}) for output in outputs)


def figure_of_a_clone() -> None:
    """Clone the course, and run its first notebook up to its first figure."""
    with TemporaryDirectory() as folder:
        clone = Path(folder, "course")
        command = ["git", "clone", "--quiet", "--no-hardlinks", execute.ROOT, clone]
        subprocess.run(command, check=True)
        notebook = execute.read(clone / FIRST)
        first = next(filter(shows, notebook.cells))
        notebook.cells = notebook.cells[: notebook.cells.index(first) + 1]
        execute.run(notebook, (clone / FIRST).parent, PYTHONPATH=str(clone))


def torch_in_a_kernel() -> None:
    execute.run(new_notebook(cells=[new_code_cell(TORCH)]), execute.ROOT)


def measure(small: bool) -> list[Row]:
    """The first figure against the import alone, each in a new kernel."""
    ways = figure_of_a_clone, torch_in_a_kernel
    timed = [lambda way=way: seconds(way) for way in ways]
    ours, theirs = by_turns(timed, 1 if small else 5)
    what = "clone to first figure, installed"
    return [Row(what, "s", ours, "a kernel that imports torch", theirs)]
