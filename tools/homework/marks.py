"""The marks of a homework: its records, what was given by hand, table and report."""

import codecs
import csv
import io
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry

from lectures_lib.homework import looking_over
from lectures_lib.homework.looking_over import grade_id, metadata

from .. import running
from ..writing import write

# Errors of a check's cell that come from reading checks.py and the library.
GRADERS = {
    "HomeworkError",
    "FileNotFoundError",
    "PermissionError",
    "OSError",
    "ImportError",
    "ModuleNotFoundError",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate

Hand = dict[str, tuple[float | None, float]]  # task → mark given by hand, extra credit


def task_of(cell: NotebookNode) -> str:
    """The name of the task that a cell checks."""
    return grade_id(cell).removeprefix("check_")


def problems_of(cells: dict[str, NotebookNode]) -> list[str]:
    """What went wrong in the tasks, in words for the teacher."""
    states = {name: looking_over.state(cell) for name, cell in cells.items()}
    blank = [name for name, state in states.items() if state == looking_over.BLANK]
    if len(blank) == len(cells):
        return ["blank"]
    problems = [f"blank: {', '.join(blank)}"] if blank else []
    for name, state in states.items():
        if name not in blank and looking_over.reached(state) is None:
            problems.append(f"{name}: {state}")
    return problems


def not_checked(notebook: NotebookNode) -> str:
    """Why a check could not be made, whatever the answer is; or "".

    It could not read its own files, or one of the course's own cells before the first
    answer was stopped, such as `import torch` on a computer that is too busy.
    """
    first = True
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        flags, error = metadata(cell), running.failed(cell)
        first = first and not flags.get("solution")
        if error and flags.get("grade") and error.ename in GRADERS:
            return f"{task_of(cell)}: {looking_over.state(cell)}"
        stopped = error and error.ename == looking_over.STOPPED
        by_itself = stopped and "all cells" not in error.evalue
        if first and by_itself and flags.get("locked"):
            return f"the cell {grade_id(cell)}, not the student's: {error.evalue}"
    return ""


# What a teacher has given in nbgrader's form grader.


def by_hand(database: str, name: str) -> dict[str, Hand]:
    """Student → what the gradebook has beside the points that grading found."""
    given: dict[str, Hand] = {}
    with Gradebook(database) as gradebook:
        for submission in gradebook.assignment_submissions(name):
            for grade in (g for n in submission.notebooks for g in n.grades):
                if grade.manual_score is not None or grade.extra_credit:
                    task = grade.name.removeprefix("check_")
                    mark = grade.manual_score, grade.extra_credit or 0.0
                    given.setdefault(submission.student.id, {})[task] = mark
    return given


def take_back(database: str, name: str, student: str) -> None:
    """Remove from the gradebook what grading found, not what was given by hand."""
    with Gradebook(database) as gradebook:
        try:
            submission = gradebook.find_submission(name, student)
        except MissingEntry:
            return
        grades = [grade for n in submission.notebooks for grade in n.grades]
        if all(g.manual_score is None and not g.extra_credit for g in grades):
            gradebook.remove_submission(name, student)
        else:
            for grade in grades:
                grade.auto_score = None
            gradebook.db.commit()


def final(points: dict[str, float] | None, given: Hand) -> dict[str, float] | None:
    """The points that count: those given by hand before those found, as in nbgrader."""
    if not given:
        return points
    total = dict(points or {})
    for task, (mark, extra) in given.items():
        total[task] = (total.get(task, 0) if mark is None else mark) + extra
    return total


def remarks(record: dict, given: Hand) -> str:
    hand = [f"by hand: {', '.join(given)}"] if given else []
    return "; ".join([*record["problems"], *hand])


# What is shown of them.


def row(student: str, record: dict, given: Hand, possible: float) -> str:
    """A line of the report."""
    points, problems = final(record["points"], given), remarks(record, given)
    if points is None:
        return f"{student:24} not graded       {problems}"
    tasks = ", ".join(f"{name} {value:g}" for name, value in points.items())
    total = f"{sum(points.values()):g} of {possible:g}"
    problems = f"  | {problems}" if problems else ""
    return f"{student:24} {total:10} {tasks}{problems}"


def table(
    path: Path,
    possible: dict[str, float],
    records: dict[str, dict],
    given: dict[str, Hand],
    owners: dict[str, dict],
) -> None:
    """Write the marks as a table that Excel opens as it is meant.

    Args:
        possible: task → its points. The others: student → what grading found, what was
            given by hand, and what the learning platform calls the student.
    """
    columns = ["student", "name", "number", "points", "of", *possible, "problems"]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    for student, record in records.items():
        hand, owner = given.get(student, {}), owners.get(student, {})
        line = {"student": student, "problems": remarks(record, hand)}
        line |= {"name": owner.get("student"), "number": owner.get("number")}
        line["of"] = sum(possible.values())
        if points := final(record["points"], hand):
            line |= points | {"points": sum(points.values())}
        writer.writerow({name: harmless(value) for name, value in line.items()})
    write(path, codecs.BOM_UTF8.decode() + text.getvalue())


def harmless(value: object) -> object:
    """A text that no spreadsheet takes for a formula."""
    text = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if text else value
