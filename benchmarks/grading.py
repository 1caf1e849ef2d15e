"""How fast homework is graded, and in how much memory: a hundred submissions.

make bench B=grading, or python benchmarks/grading.py [--submissions 100] [--homework 5]

The submissions are made from an assignment's source: right ones, and such as a class of
students and one saboteur would hand in. They are graded as `make grade` does it, in a
copy of the course; at the end each kind must have got what it deserves.
"""

import argparse
import ast
import json
import math
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402
from nbformat import NotebookNode  # noqa: E402

from lectures_lib.homework.looking_over import metadata  # noqa: E402
from tools import execute, grade  # noqa: E402
from tools.running import Watch  # noqa: E402

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


def table(records: dict[str, dict], possible: float) -> str:
    """For each kind: how many, their points, the seconds that one took."""
    rows = [f"{'kind':12} {'number':>6} {'points':>14} {'seconds':>8}"]
    for kind in SHARES:
        found = [r for name, r in records.items() if name.startswith(kind)]
        if found:
            points = {sum(r["points"].values()) for r in found if r["points"]}
            said = " or ".join(f"{p:g}" for p in sorted(points)) or "none"
            said += f" of {possible:g}" if points else ""
            seconds = statistics.median(record["seconds"] for record in found)
            rows.append(f"{kind:12} {len(found):6} {said:>14} {seconds:8.1f}")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--homework", type=int, default=5, help="its number")
    parser.add_argument("--seconds", type=int, default=60, help="limit of a cell")
    parser.add_argument("--jobs", type=int, default=2, help="submissions at a time")
    parser.add_argument("--folder", type=Path, help="to go on after an interruption")
    chosen = parser.parse_args(arguments)
    name = f"homework_{chosen.homework}"
    with TemporaryDirectory() as temporary:
        course = (chosen.folder or Path(temporary)) / "notebooks" / "homework"
        if not course.exists():
            copy_course(course, name, chosen.seconds)
            hand_in(course, name, chosen.submissions)
        grading = grade.Grading(course, name)
        known = len(grading.records)
        start = time.perf_counter()
        with Watch(os.getpid(), math.inf) as watch:
            grade.main([name, "--jobs", str(chosen.jobs)], course)
        minutes = (time.perf_counter() - start) / 60
        records = json.loads(grading.book.read_text("utf-8"))
    print(f"\n{table(records, sum(grading.points.values()))}")
    print(
        f"{(len(records) - known) / minutes:.1f} submissions a minute, "
        f"{chosen.jobs} at a time on {os.cpu_count()} cores; "
        f"at most {watch.peak:.0f} MB in all processes together, what they share "
        "counted in each"
    )


def copy_course(course: Path, name: str, seconds: int) -> None:
    """What grading needs of the course, with a time limit for cells of its own."""
    for part in (f"source/{name}", f"release/{name}", "hidden"):
        shutil.copytree(grade.starters.COURSE / part, course / part)
    lines = (grade.starters.COURSE / "nbgrader_config.py").read_text("utf-8")
    lines += f"\nc.Execute.timeout = {seconds}\n"
    (course / "nbgrader_config.py").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
