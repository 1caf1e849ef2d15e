"""Look a homework over before it is handed in: run it within limits, list its points.

It also mends the ids of cells that were copied, which would confuse the grading. It is
given as `python -m lectures_lib.homework`, which every student has.
"""

import argparse
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lectures_lib.homework.looking_over import (
    Unreadable,
    grade_id,
    graded,
    is_graded,
    mend_ids,
    printed,
    reached,
    read,
    state,
    stopped,
)
from lectures_lib.support import alike

from ..running import Limits, run
from ..writing import write


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lectures_lib.homework", description=__doc__.splitlines()[0]
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="a cell")
    parser.add_argument("--megabytes", type=float, default=2000)
    options = parser.parse_args(arguments)
    path = options.notebook
    try:
        notebook = read(path)
    except Unreadable as error:
        print(error)
        return 2
    if mended := mend_ids(notebook):
        write(path, nbformat.writes(notebook) + "\n")
        print(f"{mended} copied cells got an id of their own; the file is mended.")
    for sentence in alike.sentences(path.resolve().parent):
        print(f"{sentence}.")
    return look(notebook, path, options.seconds, options.megabytes)


def look(notebook: NotebookNode, path: Path, seconds: float, megabytes: float) -> int:
    """Run it, and print what came of each task, and the sum; the exit status."""
    limits = Limits(seconds, megabytes)
    try:
        run(notebook, path.resolve().parent, limits, once=is_graded)
    except KeyboardInterrupt:
        print("stopped: nothing was checked, the file is as it was")
        return 130
    except RuntimeError as error:  # the kernel's start
        print(f"{path.name} could not be run: {error}")
        return 1
    states = [state(cell) for cell in graded(notebook)]
    for cell, what in zip(graded(notebook), states):
        print(f"  {grade_id(cell):32} {what}")
        for wrong in re.findall(r"^✗ .*", printed(cell), re.M)[:1]:
            print(f"      {wrong}")
    troubles = list(stopped(notebook))
    for sentence in troubles:
        print(sentence)
    points = sum(reached(what) or 0 for what in states)
    possible = sum(cell.metadata.nbgrader.points for cell in graded(notebook))
    print(f"{path.name}: {points:g} of {possible:g} points.")
    return 0 if states and not troubles else 1
