"""How fast homework is graded, and in how much memory: a hundred submissions.

They are made from an assignment's source: right ones, and such as a class of students
and one saboteur would hand in. They are graded as `make grade` does it, in a copy of
the course, and set against Python processes that do no more than to import the library.
"""

import ast
import json
import math
import os
import shutil
import statistics
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from lectures_lib.homework.looking_over import metadata
from tools import execute
from tools.homework import grade
from tools.running import Watch

from .imports import OURS, imported
from .rows import Row, seconds

JOBS = 2  # submissions at a time
# What a function does in place of its task.
BODIES = {
    "wrong": "return arguments[0]",
    "crashing": "__import__('os')._exit(1)",
    "endless": "while True: pass",
    "hungry": "return [b'x' * 10**8 for _ in range(100)]",
}
# Of a hundred: most are right, and of each other kind there are some.
SHARES = {"right": 40, "unreadable": 5, "misnamed": 5, "wrong": 20, "blank": 15}
SHARES |= {"crashing": 5, "endless": 5, "hungry": 5}


def broken(source: str, body: str) -> str:
    """The cell, with this body in each of its functions, also in those of a class."""
    lines = source.splitlines()
    for node in reversed(list(ast.walk(ast.parse(source)))):
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            indent = " " * node.col_offset
            head = f"{indent}def {node.name}(*arguments, **options):"
            lines[node.lineno - 1 : node.end_lineno] = [head, f"{indent}    {body}"]
    return "\n".join(lines)


def submission(kind: str, source: NotebookNode, starter: NotebookNode) -> NotebookNode:
    """A student's notebook: the starter, with answers of this kind.

    Of a kind that is broken the first task is broken, and the others are right.
    """
    notebook = deepcopy(starter)
    if kind == "blank":
        return notebook
    answers = {cell.id: cell.source for cell in source.cells}
    for cell in notebook.cells:
        if metadata(cell).get("solution"):
            cell.source = answers[cell.id]
            if kind in BODIES and "def " in cell.source:
                cell.source = broken(cell.source, BODIES[kind])
                kind = "right"
    return notebook


def kinds(number: int) -> Iterator[str]:
    """The kind of each submission, each kind as often as its share says."""
    given = dict.fromkeys(SHARES, 0)
    for done in range(1, number + 1):
        kind = max(SHARES, key=lambda k: SHARES[k] * done / 100 - given[k])
        given[kind] += 1
        yield kind


def hand_in(course: Path, name: str, number: int) -> None:
    """Write the submissions; a student is named after the kind."""
    source = execute.read(course / "source" / name / f"{name}.ipynb")
    starter = execute.read(course / "release" / name / f"{name}.ipynb")
    for place, kind in enumerate(kinds(number), 1):
        folder = course / "submitted" / f"{kind} {place:03}" / name
        folder.mkdir(parents=True)
        file = "my homework.ipynb" if kind == "misnamed" else f"{name}.ipynb"
        if kind == "unreadable":
            (folder / file).write_text('{"cells": [', encoding="utf-8")
        else:
            nbformat.write(submission(kind, source, starter), folder / file)


def copy_course(course: Path, name: str, seconds: int) -> None:
    """What grading needs of the course, with a time limit for cells of its own."""
    for part in (f"source/{name}", f"release/{name}", "hidden"):
        shutil.copytree(grade.starters.COURSE / part, course / part)
    lines = (grade.starters.COURSE / "nbgrader_config.py").read_text("utf-8")
    lines += f"\nc.Execute.timeout = {seconds}\n"
    (course / "nbgrader_config.py").write_text(lines, encoding="utf-8")


def graded(name: str, number: int, limit: int) -> tuple[float, float, dict]:
    """Seconds and MB of grading so many, and what became of each."""
    with TemporaryDirectory() as folder:
        course = Path(folder, "notebooks", "homework")
        copy_course(course, name, limit)
        hand_in(course, name, number)
        with Watch(os.getpid(), math.inf) as watch:
            took = seconds(lambda: grade.main([name, "--jobs", str(JOBS)], course))
        records = json.loads((course / "marks" / f"{name}.json").read_text("utf-8"))
    return took, watch.peak, records


def measure(small: bool) -> list[Row]:
    """Submissions of all kinds a minute, the time of each kind, the memory of all."""
    number, limit = (1, 20) if small else (100, 60)
    starts = [imported(OURS)[0] for _ in range(1 if small else 5)]
    took, memory, records = graded("homework_5", number, limit)
    begun = f"processes that import the library, {JOBS} at a time"
    rate, most = [60 * number / took], [60 * JOBS / statistics.median(starts)]
    rows = [Row("submissions of all kinds", "a minute", rate, begun, most)]
    for kind in SHARES:
        times = [r["seconds"] for name, r in records.items() if name.startswith(kind)]
        if times:
            middle = statistics.median(starts)
            rows.append(Row(f"one that is {kind}", "s", times, OURS, [middle]))
    limit = f"limit of {JOBS} at a time"
    most = [float(JOBS * grade.MEGABYTES)]
    return [*rows, Row("all processes together", "MB", [memory], limit, most)]
