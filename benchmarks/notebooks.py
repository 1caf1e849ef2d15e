"""What the notebooks take: seconds one after the other, and memory over torch's import.

The limit of all together is for a machine that trains 600 images of ResNet-20 a second:
it is stretched for a slower one, by its speed in the same run.
"""

import time

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import execute

from . import training
from .imports import TORCH
from .rows import Row

FOLDER = execute.ROOT / "notebooks"
MEGABYTES = 350.0  # above the import
ALL, SPEED = 180.0, 600.0  # seconds of all notebooks, at so many images a second


def run(notebook: NotebookNode) -> tuple[float, float]:
    """Seconds, and the most memory in MB that its kernel took."""
    start = time.perf_counter()
    memory = execute.run(notebook, FOLDER)
    return time.perf_counter() - start, memory


def speed(images: int) -> float:
    """Images a second of training.fit."""
    return training.turn(training.course, images, 1, 0)[1]


def measure(small: bool) -> list[Row]:
    """Each notebook and the lecture, and all of them."""
    importing = new_notebook(cells=[new_code_cell(TORCH)])
    (_, base), images = run(importing), 64 if small else 1000
    speeds, found = [speed(images), speed(images)], {}  # the first warms up
    for path in execute.chosen(FOLDER, ["00"] if small else [], lecture=True):
        found[path.stem] = run(execute.read(path))
        speeds.append(speed(images))
    rows, fast = [], speeds[1:]
    for name, (took, memory) in found.items():
        limit = [float(execute.BUDGETS["s"])]
        rows.append(Row(name, "s", [took], "limit", limit))
        above = "limit above the import"
        rows.append(Row(name, "MB", [memory - base], above, [MEGABYTES]))
    rows.append(Row("training.fit, ResNet-20", "images/s", fast, "reference", [SPEED]))
    stretched = [ALL * SPEED / (sum(fast) / len(fast))]
    total = [sum(took for took, _ in found.values())]
    what = "all, one after the other"
    return [*rows, Row(what, "s", total, "limit at this speed", stretched)]
