"""What is in a homework's notebook: its graded cells, and what came of them.

Before it is handed in tools/homework/look.py runs it; grading reads it too.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

STOPPED = "Stopped"  # the name of an error that did not come from the notebook's code
SYNTAX = {"SyntaxError", "IndentationError", "TabError"}
ASKS = "StdinNotImplementedError"
ASKED = "asks by input(), and nobody answers here: write the value into the cell"
BLANK = "not done yet"
POINTS = re.compile(r"^(\d+(?:\.\d+)?) of [\d.]+ points$", re.M)


class Unreadable(Exception):
    """A file that is no notebook; the text says what is wrong."""


def read(path: Path) -> NotebookNode:
    """The notebook in this file. Unreadable when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)
        for cell in notebook.cells:  # nbformat.reads would mend ids, and say too much
            _ = cell.cell_type + cell.source, cell.metadata.items()
        return notebook
    except FileNotFoundError:
        raise Unreadable(f"there is no {path}: expected a notebook's path") from None
    except Exception as error:  # whatever a file can be, this is no notebook
        what = str(error).partition("\n")[0][:100]
        reason = f"{type(error).__name__}: {what}"
        raise Unreadable(f"{path} cannot be read as a notebook ({reason})") from None


def mend_ids(notebook: NotebookNode) -> int:
    """Give copied cells an identity of their own; how many there were.

    The last cell of an id keeps it, as in the grading. The others are not graded.
    """
    seen, mended = set(), 0
    for cell in reversed(notebook.cells):
        own = {("id", cell.get("id")), ("task", grade_id(cell))}
        own = {(kind, name) for kind, name in own if name}
        if seen & own:
            if "id" in cell:  # older formats have none
                cell.id = new_code_cell().id
            cell.metadata.pop("nbgrader", None)
            mended += 1
        seen |= own
    return mended


def grade_id(cell: NotebookNode) -> str | None:
    """The name that nbgrader knows the cell by, if it does."""
    return metadata(cell).get("grade_id")


def metadata(cell: NotebookNode) -> dict:
    """What nbgrader has written about the cell."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def graded(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells that check a task."""
    return (cell for cell in notebook.cells if is_graded(cell))


def is_graded(cell: NotebookNode) -> bool:
    return bool(metadata(cell).get("grade"))


def state(cell: NotebookNode) -> str:
    """What came of a graded cell, in a few words."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        name, what = errors[0].ename, errors[0].evalue.partition("\n")[0]
        return (what if name == STOPPED else f"raises {name}: {what}")[:90]
    text = printed(cell)
    *_, last = [None, *POINTS.finditer(text)]
    if last is None:
        return "was not checked"
    blank = last[0].startswith("0 ") and f"… {BLANK}" in text
    return BLANK if blank else last[0]


def reached(state: str) -> float | None:
    """The points that a state names; None when it is another sentence."""
    found = POINTS.fullmatch(state)
    return float(found[1]) if found else None


def printed(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def stopped(notebook: NotebookNode) -> Iterator[str]:
    """A sentence for every other cell that was stopped, asks, or is not Python."""
    for cell in notebook.cells:
        errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        name = errors[0].ename if errors and not is_graded(cell) else ""
        if name in SYNTAX | {STOPPED, ASKS}:
            what = f"{name}: {errors[0].evalue}".removeprefix(f"{STOPPED}: ")
            what = ASKED if name == ASKS else what
            first = cell.source.strip().splitlines()[0]
            yield f"The cell that begins with `{first[:60]}`: {what}."
