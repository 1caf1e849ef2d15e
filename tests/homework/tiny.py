"""A course with one small assignment, for the tests of the tools."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
NAME = "homework_1"
CHECKS = '''\
"""Tiny: what the answers are compared with."""

import torch

from lectures_lib.homework import ask, same, task


@task(points=3, forbidden=["torch.cumsum"])
def running(draw, function):
    x = torch.randn(5, generator=draw)
    sums = torch.cumsum(x, 0)
    same(ask(function, x[:1]), sums[:1], what="the sum of one number")
    yield 1, "one number is its own sum"
    same(ask(function, x), sums, {"the last number is missing": sums - x})
    yield 2, "each sum has its own number too"


@task(points=1)
def order(draw, answer):
    same(answer, [2, 1], {"line 1 uses what line 2 makes": [1, 2]})
    yield 1, "the lines are in an order that works"
'''
HIDDEN = '''\
"""Tiny: instances that only the teacher has, and a test that has no size to guess."""

import torch

from lectures_lib.homework import ask, same, task

SEEDS = (11, 12)


@task(points=3)
def running(draw, function):
    yield 1, "SECRET sentence"
    same(ask(function, torch.ones(7)), torch.arange(1.0, 8), {"SECRET hint": None})
    yield 2, "SECRET end"
'''
SOLUTION = """\
def running(x):
    "All sums of the first numbers of x, a tensor of its shape."
    ### BEGIN SOLUTION
    sums = [x[: number + 1].sum() for number in range(len(x))]
    return torch.stack(sums)
    ### END SOLUTION"""


def metadata(grade_id: str, **options: object) -> dict:
    flags = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": flags | {"grade_id": grade_id, "schema_version": 3} | options}


def code(source: str, grade_id: str, **options: object) -> NotebookNode:
    name = grade_id.replace("_", "-")
    return new_code_cell(source, id=name, metadata=metadata(grade_id, **options))


def source() -> NotebookNode:
    """The assignment with its solutions, not executed."""
    setup = "import torch\n\nfrom lectures_lib.homework import check"
    cells = [
        new_markdown_cell("# Homework 1 · Tiny", id="title"),
        code(setup, "setup", locked=True),
        code(SOLUTION, "running", solution=True),
        code(
            'check("running", running)',
            "check_running",
            grade=True,
            locked=True,
            points=3,
        ),
        code("order = [2, 1]  # BLANK", "order", solution=True),
        code('check("order", order)', "check_order", grade=True, locked=True, points=1),
    ]
    return new_notebook(cells=cells)


def make(folder: Path, configuration: str = "") -> Path:
    """Write the course there, with more lines of configuration; its folder."""
    course = folder / "notebooks" / "homework"
    home = course / "source" / NAME
    home.mkdir(parents=True)
    (course / "hidden").mkdir()
    lines = (ROOT / "notebooks/homework/nbgrader_config.py").read_text("utf-8")
    (course / "nbgrader_config.py").write_text(lines + configuration, "utf-8")
    nbformat.write(source(), home / f"{NAME}.ipynb")
    (home / "checks.py").write_text(CHECKS, encoding="utf-8")
    (course / "hidden" / f"{NAME}.py").write_text(HIDDEN, encoding="utf-8")
    return course
