"""Tasks on lines: what the notebook shows is what its check speaks of."""

import re

import nbformat
import pytest
import torch

import lectures_lib as ll
from lectures_lib.homework import checking
from tests.homework.test_tables import COURSE


def source_of(number):
    """The cells of a source by their id, and the module of its checks."""
    folder = COURSE / "source" / f"homework_{number}"
    notebook = nbformat.read(folder / f"homework_{number}.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    return cells, checking.load(folder / "checks.py")


@pytest.mark.parametrize("number", range(1, 5))  # 5 and 6 keep theirs elsewhere
def test_the_shuffled_lines_stand_in_the_notebook(number):
    cells, checks = source_of(number)
    shown = "\n".join(f"{n}  {line}" for n, line in enumerate(checks.LINES, 1))
    block = re.compile(rf"```(python)?\n{re.escape(shown)}\n```")
    assert any(block.search(source) for source in cells.values())


@pytest.mark.parametrize("number", [1, 2])
def test_each_line_of_the_faulty_program_has_a_hint_or_is_the_answer(number):
    cells, checks = source_of(number)
    lines = re.findall(r"  # (\d+)$", cells["which-line-program"], re.M)
    numbers = [int(line) for line in lines]
    (line,) = re.findall(r"^line = (\d+)", cells["which-line-answer"])
    assert numbers == list(range(1, max(numbers) + 1))
    assert {int(line), *checks.LINE_HINTS} == set(numbers)


def run(cell, old="", new=""):
    """The names after a program has run, with one line of it mended."""
    assert old in cell
    space = {"torch": torch, "ll": ll}
    exec(cell.replace(old, new), space)
    return space


def test_one_line_of_the_costs_is_wrong():
    cell = source_of(3)[0]["which-line-program"]
    costs = run(cell)["costs"]
    assert costs == [costs[0], costs[0], costs[0] * 9 / 16, costs[0] / 4]
    costs = run(cell, "width + 64  # line 7", "width * 2")["costs"]
    assert len(set(costs)) == 1


def test_one_line_of_the_cutout_is_wrong():
    cell = source_of(4)[0]["which-line-program"]
    assert len(run(cell)["covered"].unique()) < 10  # multiples of a hundred
    new = "draw = draw if _ else ll.environment.generator(0)"
    mended = run(cell, "draw = ll.environment.generator(0)  # line 4", new)["covered"]
    assert mended.min() > 0 and mended.sum() > 30_000
