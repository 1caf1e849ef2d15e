"""One submission: which notebook counts, in any encoding, its cells found again."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from lectures_lib.homework import looking_over
from lectures_lib.homework.looking_over import Unreadable, grade_id, metadata

from .archives import NOT_READ, unwanted
from .collecting import NOTEBOOK

LARGEST = 20_000_000  # bytes of a notebook without its outputs
BEGINNINGS = {  # of files that are given the name of a notebook
    b"PK": "a zip: unpack it",
    b"%PDF": "a PDF",
    b"<": "a web page, saved in the notebook's place",
    b"Rar!": "a rar archive: unpack it",
}


def read(path: Path) -> NotebookNode:
    """The notebook in this file, be it UTF-8, with a mark before it, or UTF-16.

    Raises:
        Unreadable: it is none, and what it is.
    """
    content = path.read_bytes()
    if not content.strip():
        raise Unreadable("the file is empty")
    for beginning, what in BEGINNINGS.items():
        if content.lstrip().startswith(beginning):
            raise Unreadable(f"no notebook but {what}")
    with TemporaryDirectory() as folder:
        copy = Path(folder, "notebook.ipynb")
        with suppress(UnicodeError):
            content = content.decode(json.detect_encoding(content)).encode()
        copy.write_bytes(content)
        try:
            return looking_over.read(copy)
        except Unreadable as error:
            reason = str(error).partition(" as a notebook (")[2]
            raise Unreadable(reason.removesuffix(")")) from None


# Which notebook counts.


def notebooks(folder: Path) -> list[Path]:
    """The notebooks at any depth, under any ending, without what systems add."""
    files = (path for path in folder.rglob("*") if NOTEBOOK.search(path.name))
    return sorted(
        path
        for path in files
        if path.is_file() and not unwanted(PurePosixPath(path.relative_to(folder)))
    )


def chosen(folder: Path, starter: NotebookNode, name: str) -> tuple[Path, str]:
    """The notebook that counts, and a remark when there is something to know.

    Of several, those with tasks of this homework; of those, the ones with an answer.

    Raises:
        Unreadable: there is none, or it cannot be told which.
    """
    paths = notebooks(folder)
    if not paths:
        raise Unreadable(nothing_in(folder))
    found = {path: answers(path, starter) for path in paths}
    blank = answered(starter)
    ours = [path for path in paths if found[path] is not None] or paths
    full = [path for path in ours if found[path] != blank] or ours
    expected = [path for path in full if path.name == f"{name}.ipynb"]
    best = min(expected, key=lambda path: len(path.parts), default=full[0])
    others = [path for path in full if found[path] != found[best]]
    if others and len(expected) != 1:
        raise Unreadable(f"which one counts? {listed(full, folder)}")
    said = {
        f"{best.name} counts, blank: ": [p for p in ours if p not in full],
        "with other answers beside it: ": others,
        "no tasks in ": [path for path in paths if path not in ours],
        "wrong name: ": [] if expected else [best],
    }
    return best, "; ".join(what + listed(p, folder) for what, p in said.items() if p)


def listed(paths: list[Path], folder: Path) -> str:
    return ", ".join(path.relative_to(folder).as_posix() for path in paths)


def nothing_in(folder: Path) -> str:
    """What there is in place of a notebook, and why."""
    for name, why in not_read(folder):
        return f"{name} cannot be read: {why}"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return "no notebook in it"
    return f"no notebook in it, only {listed(files[:3], folder)}"


def answers(path: Path, starter: NotebookNode) -> dict[str, str] | None:
    """The answers in this file; None if it holds no task of this homework."""
    with suppress(Unreadable):
        notebook = read(path)
        found_again(notebook, starter)
        if is_ours(notebook, starter):
            return answered(notebook)
    return None


def answered(notebook: NotebookNode) -> dict[str, str]:
    """Task → source of the cell for its answer."""
    cells = (cell for cell in notebook.cells if metadata(cell).get("solution"))
    return {grade_id(cell): cell.source for cell in cells}


def is_ours(notebook: NotebookNode, starter: NotebookNode) -> bool:
    """Whether its tasks, checks or answers, are this homework's, not another's."""
    names, ours = set(tasks(notebook)), set(tasks(starter))
    return bool(names & ours) and len(names & ours) >= len(names - ours)


def tasks(notebook: NotebookNode) -> Iterator[str]:
    """The names of all checks and of all cells for answers."""
    for cell in notebook.cells:
        if metadata(cell).get("grade") or metadata(cell).get("solution"):
            yield grade_id(cell)


# What is graded of it.


def found_again(notebook: NotebookNode, starter: NotebookNode) -> list[str]:
    """Give cells that lost nbgrader's metadata it back; the names of those.

    They are known by their id, which Colab writes into the metadata; a locked cell
    also by its text.
    """
    originals = {cell.id: cell for cell in starter.cells if grade_id(cell)}
    texts = {c.source.strip(): c for c in originals.values() if metadata(c)["locked"]}
    present = {grade_id(cell) for cell in notebook.cells}
    names = []
    for cell in notebook.cells:
        known = originals.get(cell.get("id")) or originals.get(cell.metadata.get("id"))
        original = known or texts.get(cell.source.strip())
        lost = original and not grade_id(cell) and grade_id(original) not in present
        if lost and cell.cell_type == original.cell_type:
            cell.metadata["nbgrader"] = deepcopy(original.metadata.nbgrader)
            names.append(grade_id(cell))
    return names


def prepare(folder: Path, starter: NotebookNode, name: str, to: Path) -> list[str]:
    """Copy a submission to where nbgrader looks for it; what there is to know.

    Raises:
        Unreadable: it cannot be graded, and why.
    """
    if not folder.is_dir():
        raise Unreadable("nothing handed in")
    path, remark = chosen(folder, starter, name)
    try:
        notebook = read(path)
    except Unreadable as error:
        raise Unreadable(f"unreadable: {error}") from None
    again = found_again(notebook, starter)
    if not is_ours(notebook, starter):
        raise Unreadable(f"{path.name} is another notebook: no task of {name} in it")
    text = without_outputs(notebook)
    if len(text.encode()) > LARGEST:
        size = f"{LARGEST // 1_000_000} MB without its outputs"
        raise Unreadable(f"larger than {size}: pictures in its text?")
    shutil.copytree(folder, to, ignore=not_needed)
    (to / f"{name}.ipynb").write_text(text, encoding="utf-8")
    remarks = [remark, *lost(notebook, starter, again)]
    remarks += [f"{name}: {why}" for name, why in not_read(folder)]
    return [remark for remark in remarks if remark]


def without_outputs(notebook: NotebookNode) -> str:
    """The notebook as text, with nothing in it that running it makes."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    notebook.metadata.pop("widgets", None)
    return json.dumps(notebook)


def not_needed(folder: str, names: list[str]) -> list[str]:
    """What is not copied: notebooks, the one that counts apart, and notes of ours."""
    return [n for n in names if NOTEBOOK.search(n) or n.endswith(NOT_READ)]


def lost(
    notebook: NotebookNode, starter: NotebookNode, again: list[str]
) -> Iterator[str]:
    """A remark on cells that had lost their names, and one on checks that are gone."""
    if again:
        yield f"cells without metadata, found again: {', '.join(dict.fromkeys(again))}"
    there = set(tasks(notebook))
    gone = [n for n in map(grade_id, looking_over.graded(starter)) if n not in there]
    if gone:
        yield f"deleted, put back: {', '.join(gone)}"


def not_read(folder: Path) -> Iterator[tuple[str, str]]:
    """The name of each file that could not be taken, and why."""
    for note in sorted(folder.rglob(f"*{NOT_READ}")):
        yield note.name.removesuffix(NOT_READ), note.read_text("utf-8")
