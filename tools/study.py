"""Make the workbook: python -m tools.study

The folder mine/ has a working copy of every notebook and starter, without any output,
laid out as notebooks/ is, so that links lead from copy to copy. A copy that is there is
somebody's work and is never touched; one whose original has changed is named.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .writing import write

ROOT = Path(__file__).resolve().parents[1]
WORKBOOK = "mine"
HOMEWORK = "homework/release"


def originals(root: Path) -> list[Path]:
    """The notebooks and starters that are copied."""
    notebooks = root / "notebooks"
    return sorted(
        [*notebooks.glob("0*.ipynb"), *notebooks.glob(f"{HOMEWORK}/*/*.ipynb")]
    )


def text_of(notebook: NotebookNode) -> str:
    """The fingerprint of what the notebook says, whatever it has put out."""
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def blank_copy(path: Path, root: Path) -> NotebookNode:
    """The notebook without outputs, with a line that leads back to the original."""
    notebook = nbformat.read(path, as_version=4)
    made_from = text_of(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    up = "../" * len(path.relative_to(root / "notebooks").parts)
    original = f"{up}{path.relative_to(root).as_posix()}"
    note = f"*Your working copy. The original, with its outputs: [here]({original}).*"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(note, id="your-copy"))
    notebook.metadata["lectures"] = {"copy_of": made_from}
    return notebook


def copies(root: Path) -> dict[str, NotebookNode]:
    """Path in the workbook → the copy that belongs there."""
    return {
        path.relative_to(root / "notebooks").as_posix(): blank_copy(path, root)
        for path in originals(root)
    }


def checks(root: Path) -> dict[str, Path]:
    """Path in the workbook → the checks.py that belongs there; once, in a handout."""
    found = (root / "notebooks/homework").glob("*/homework_*/checks.py")
    return {f"{HOMEWORK}/{path.parent.name}/{path.name}": path for path in found}


def beside(root: Path) -> dict[str, Path]:
    """Path in the workbook → what the copies read or show: the checks, the drawings."""
    drawings = (root / "notebooks/images").glob("*.svg")
    return checks(root) | {f"images/{path.name}": path for path in drawings}


def update(root: Path) -> tuple[list[str], list[str]]:
    """Make the copies that are missing: the names of these, and of older ones."""
    made, older = [], []
    for name, copy in copies(root).items():
        target = root / WORKBOOK / name
        if not target.exists():
            write(target, nbformat.writes(copy) + "\n")
            made.append(name)
        elif copied_from(target) != copy.metadata["lectures"]["copy_of"]:
            older.append(name)
    for name, path in beside(root).items():
        (root / WORKBOOK / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, root / WORKBOOK / name)  # nobody's work
    return made, older


def copied_from(copy: Path) -> str | None:
    """The fingerprint of the original that a copy was made from; None: unknown."""
    try:
        notebook = json.loads(copy.read_text(encoding="utf-8"))
        return notebook["metadata"]["lectures"]["copy_of"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def main() -> int:
    try:
        made, older = update(ROOT)
    except OSError as error:
        print(f"{WORKBOOK}/ cannot be written: {error}", file=sys.stderr)
        return 1
    if made:
        print(f"{WORKBOOK}/ has {len(made)} new working copies.")
    for name in older:
        print(
            f"{WORKBOOK}/{name} is older than notebooks/{name}, and was left as it is: "
            "rename it to get a new copy beside it."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
