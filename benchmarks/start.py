"""From a clone to the first figure: what a reader waits for, once all is installed.

Cloned is what has been committed. The installation before it is that of torch, and as
fast as the network.
"""

import math
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import execute, running
from tools.running import Limits

from .imports import TORCH
from .rows import Row, by_turns, seconds

FIRST = "notebooks/00_start_here.ipynb"


def shows(cell: NotebookNode) -> bool:
    """Whether a cell has put out a picture; or an error, which ends it too."""
    figures = (o for o in cell.outputs if "image/png" in o.get("data", {}))
    return any(figures) or running.failed(cell) is not None


def figure_of_a_clone() -> None:
    """Clone the course, and run its first notebook until a figure is there."""
    with TemporaryDirectory() as folder:
        clone = Path(folder, "course")
        command = ["git", "clone", "--quiet", "--no-hardlinks", execute.ROOT, clone]
        subprocess.run(command, check=True)
        notebook = execute.read(clone / FIRST)
        environment = execute.environment() | {"PYTHONPATH": str(clone)}
        place = (clone / FIRST).parent
        limits = Limits(execute.TIMEOUT, total=math.inf, megabytes=math.inf)
        running.run(notebook, place, limits, until=shows, env=environment)
    ran = [cell for cell in execute.code_cells(notebook) if cell.execution_count]
    if running.failed(ran[-1]):
        raise execute.NotebookError(execute.failure(notebook, ran[-1]))


def torch_in_a_kernel() -> None:
    execute.run(new_notebook(cells=[new_code_cell(TORCH)]), execute.ROOT)


def measure(small: bool) -> list[Row]:
    """The first figure against the import alone, each in a new kernel."""
    ways = figure_of_a_clone, torch_in_a_kernel
    timed = [lambda way=way: seconds(way) for way in ways]
    ours, theirs = by_turns(timed, 1 if small else 5)
    what = "clone to first figure, installed"
    return [Row(what, "s", ours, "a kernel that imports torch", theirs)]
