"""Break what each claim checks, in a copy, and see that claim fall.

python -m tools.sabotage [NUMBER ...]

tests/sabotage lists the edits, a file for each notebook, at least one for each claim:

    claim        its id
    sentence     how the claim's sentence begins
    cell, file   the place, one of both: the id of a code cell, or a path
    old, new     the edit: old stands exactly once in that place
    why          what is then wrong; an edit of the claim's own cell says so here

Break what is claimed (a formula, a count, a net, its training), not the comparison.
A run is on seed 0 and one thread, has the cells that the claim needs (see needed.py),
and ends with its own. Before anything is broken, they are run as they are: it holds.
"""

import argparse
import ast
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from . import audit, execute
from .needed import needed
from .parallel import side_by_side
from .writing import ROOT, ToolError

COPIED = ("lectures_lib/", "data/")
SIDE_BY_SIDE = 2  # runs; each may take 1 GB
CACHES = shutil.ignore_patterns("__pycache__")
KEYS = {"claim", "sentence", "old", "new", "why"}
CLAIM = ("claim", "ll.claims.claim")  # how a cell calls it
Claim = tuple[str, str]  # id and sentence


@dataclass(frozen=True)
class Edit:
    """What to break, where, and the claim that then falls: as the list has it."""

    notebook: str  # its number
    claim: str
    sentence: str
    old: str
    new: str
    why: str
    cell: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"{self.cell or self.file}: {self.why}"


@dataclass(frozen=True)
class Trial:
    """An edit, made: the cells that the claim needs, the text of the place.

    Without an edit it is the claim as it stands, which is to hold.
    """

    edit: Edit | None
    path: Path
    claim: Claim
    notebook: NotebookNode
    text: str


def read_edits(folder: Path, numbers: list[str]) -> list[Edit]:
    """The edits of these notebooks, or of all."""
    paths = sorted(folder.glob("[0-9][0-9].toml"))
    chosen = [path for path in paths if not numbers or path.stem in numbers]
    return [edit for path in chosen for edit in edits_of(path)]


def edits_of(path: Path) -> list[Edit]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("edit", [])
    except tomllib.TOMLDecodeError as error:
        raise ToolError(f"{path} is not TOML: {error}") from None
    for number, row in enumerate(rows, 1):
        complete = set(row) in (KEYS | {"cell"}, KEYS | {"file"})
        if not complete or not all(isinstance(value, str) for value in row.values()):
            raise ToolError(
                f"{path}: [[edit]] {number} needs {', '.join(sorted(KEYS))}, and one "
                "of cell and file, as texts in quotes, and nothing else"
            )
    return [Edit(notebook=path.stem, **row) for row in rows]


def claims(notebook: NotebookNode) -> dict[Claim, str]:
    """The claims that its code makes, examples left out: claim → id of the cell."""
    cells = [c for c in execute.code_cells(notebook) if "claim(" in c.source]
    return {claim: cell.id for cell in cells for claim in claims_in(cell)}


def claims_in(cell: NotebookNode) -> Iterator[Claim]:
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLAIM:
            words = tuple(getattr(argument, "value", 0) for argument in node.args[:2])
            if [type(word) for word in words] != [str, str]:
                raise ToolError(
                    f"cell {cell.id} makes a claim that cannot be read: write its id "
                    "and its sentence as plain text, first and second"
                )
            if audit.LECTURE.fullmatch(words[0]):
                yield words


def claim_of(edit: Edit, there: dict[Claim, str]) -> Claim:
    """The one claim that is to fall."""
    found = [c for c in there if c[0] == edit.claim and c[1].startswith(edit.sentence)]
    if len(found) != 1:
        lines = "\n".join(f"  {id} {sentence}" for id, sentence in there)
        raise ToolError(
            f"{edit}: {len(found)} claims of notebook {edit.notebook} begin with "
            f"“{edit.claim} {edit.sentence}”, expected one of these:\n{lines}"
        )
    return found[0]


def edited(edit: Edit, text: str | None) -> str:
    """The text of the place with the edit in it; None: there is no such place."""
    if text is None:
        raise ToolError(
            f"{edit}: there is no such place, expected a code cell not after the "
            f"claim's, or a file in {' or '.join(COPIED)}"
        )
    if text.count(edit.old) != 1 or edit.old == edit.new:
        raise ToolError(
            f"{edit}: old is there {text.count(edit.old)} times, expected once, with "
            f"something else as new: {edit.old!r}"
        )
    return text.replace(edit.old, edit.new)


def prepare(edit: Edit, root: Path) -> Trial:
    (path,) = execute.chosen(root / "notebooks", [edit.notebook])
    notebook = execute.read(path)
    claim = claim_of(edit, there := claims(notebook))
    until(there[claim], notebook)
    cells = {cell.id: cell for cell in notebook.cells}
    if edit.cell:
        text = edited(edit, cells[edit.cell].source if edit.cell in cells else None)
        cells[edit.cell].source = text
    else:
        place = root / edit.file
        copied = edit.file.startswith(COPIED) and place.is_file()
        text = edited(edit, place.read_text("utf-8") if copied else None)
    notebook.cells = needed(notebook.cells, edit.cell)
    return Trial(edit, path, claim, notebook, text)


def until(cell: str, notebook: NotebookNode) -> None:
    """Keep the code cells up to that one."""
    code = execute.code_cells(notebook)
    notebook.cells = code[: [c.id for c in code].index(cell) + 1]


def unbroken(path: Path, claim: Claim, cell: str) -> Trial:
    """The claim as it stands."""
    notebook = execute.read(path)
    until(cell, notebook)
    notebook.cells = needed(notebook.cells)
    return Trial(None, path, claim, notebook, "")


def sabotage(trial: Trial, root: Path) -> str:
    """What becomes of the claim in a broken copy; it should be "fell"."""
    with TemporaryDirectory() as copy:
        for folder in COPIED:
            shutil.copytree(root / folder, Path(copy, folder), ignore=CACHES)
        if trial.edit and trial.edit.file:
            Path(copy, trial.edit.file).write_text(trial.text, encoding="utf-8")
        path = Path(copy, "notebooks", trial.path.name)
        path.parent.mkdir()
        nbformat.write(trial.notebook, path)
        record = audit.run(path, 0, 1, PYTHONPATH=copy)
    if record["errors"]:  # then it may have fallen for another reason
        return f"error ({record['errors'][0]})"
    held = {(claim["id"], claim["sentence"]): claim for claim in record["claims"]}
    if trial.claim not in held:
        return "not reached"
    outcomes = {True: "survived", False: "fell", None: "not checked"}
    return outcomes[held[trial.claim]["holds"]]


def report(trial: Trial, outcome: str) -> bool:
    """Print what became of a claim; whether that is as it should be."""
    good = outcome == ("fell" if trial.edit else "survived")
    if trial.edit or not good:
        mark, what = "✓" if good else "✗", trial.edit or "as it stands"
        print(f"{mark} {' '.join(trial.claim)}\n     {what} → {outcome}", flush=True)
    return good


def main(arguments: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="of notebooks; all without")
    numbers = parser.parse_args(arguments).numbers
    try:
        paths = execute.chosen(root / "notebooks", numbers)
        edits = read_edits(root / "tests" / "sabotage", numbers)
        trials = [prepare(edit, root) for edit in edits]
        there = [(p, *row) for p in paths for row in claims(execute.read(p)).items()]
    except ToolError as error:
        print(error)
        return 1
    as_they_stand = [unbroken(*row) for row in there]
    todo = as_they_stand + trials
    items, good = [(trial, root) for trial in todo], [False] * len(todo)
    for place, what in side_by_side(sabotage, items, SIDE_BY_SIDE):
        good[place] = report(todo[place], what)
    tried = {(trial.path, trial.claim) for trial in trials}
    for trial in as_they_stand:
        if (trial.path, trial.claim) not in tried:
            print(f"✗ {' '.join(trial.claim)}\n     tests/sabotage → no edit")
            good.append(False)
    hold, fell = sum(good[: len(there)]), sum(good[len(there) : len(todo)])
    print(f"{hold} of {len(there)} claims hold unbroken; ", end="")
    print(f"{fell} of {len(trials)} edits fell")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
