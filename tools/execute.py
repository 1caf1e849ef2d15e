"""Write the notebooks' outputs: the one way it is done, so that their diffs stay clean.

    python -m tools.execute [NN …] [--all]

Runs each notebooks/NN_*.ipynb (without a number: all) whose code, outputs, library,
data or versions have changed since its outputs were written; with --all the others too.
"""

import argparse
import ast
import math
import os
import re
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

from . import running
from .fingerprints import modules, used
from .lock import CLUSTER
from .running import STOPPED, Limits, failed
from .writing import ROOT, ToolError, digest, write

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LECTURE = "lecture.ipynb"
TIMEOUT = 300  # seconds a cell
BESIDE = ("toml", "css", "js")  # files that modules read, in their folders
BUDGETS = {"s": 60, "MB": 1000, "kB": 1500}
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def inputs_hash(notebook: NotebookNode) -> str:
    """The fingerprint of what is run: source and tags of each code cell."""
    cells = code_cells(notebook)
    return digest([[c.source, sorted(c.metadata.get("tags", []))] for c in cells])


def library_hash(notebook: NotebookNode, root: Path = ROOT) -> str:
    """The fingerprint of what it uses: modules of the library, data and versions."""
    found = modules(used(python(notebook)), root)
    folders = {(root / module).parent for module in found}
    read = [file for kind in BESIDE for f in folders for file in f.glob(f"*.{kind}")]
    read += [root / "data/SHA256SUMS", root / "requirements.txt"]
    if "lectures_lib/support/lecture.py" in found:  # it shows what the notebooks store
        read += (root / "notebooks").glob("[0-9][0-9]_*.ipynb")
    read = sorted(path for path in read if path.exists())
    # as text: line ends differ between systems
    texts = [[p.name, p.read_text("utf-8").partition(CLUSTER)[0]] for p in read]
    return digest([found, texts])


def python(notebook: NotebookNode) -> str:
    """The code of all cells that are Python."""
    sources = []
    for cell in code_cells(notebook):
        with suppress(SyntaxError):
            ast.parse(cell.source)
            sources.append(cell.source)
    return "\n".join(sources)


def outputs_hash(notebook: NotebookNode) -> str:
    """The fingerprint of what is written: it shows when another program wrote."""
    metadata = {k: v for k, v in notebook.metadata.items() if k != "lectures"}
    cells = [[c.outputs, c.execution_count] for c in code_cells(notebook)]
    return digest([metadata, cells])


def fingerprints(notebook: NotebookNode, root: Path = ROOT) -> dict[str, str]:
    """Name → fingerprint of what the stored outputs hang on."""
    return {
        "inputs": inputs_hash(notebook),
        "library": library_hash(notebook, root),
        "outputs": outputs_hash(notebook),
    }


def read(path: Path) -> NotebookNode:
    """The notebook, with an id for each cell."""
    with warnings.catch_warnings(action="ignore"):  # missing ids are created
        try:
            notebook = nbformat.read(path, as_version=4)
            notebook.nbformat_minor = max(5, notebook.nbformat_minor)
            nbformat.validate(notebook)
        except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
            reason = str(error).splitlines()[0]
            raise ToolError(f"{path.name} is not a notebook: {reason}") from None
    return notebook


def environment() -> dict[str, str]:
    """The kernel's environment: what would make stored outputs differ is left out."""
    left_out = {"LECTURES_SEED", "LECTURES_HIDDEN", "PYTHONWARNINGS", "MPLBACKEND"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"PYTHONHASHSEED": "0"}


def run(
    notebook: NotebookNode, folder: Path, timeout: float = TIMEOUT, **variables: str
) -> float:
    """Execute the notebook in place, in its folder; the memory that it took, in MB.

    Further variables are set in the kernel's environment.

    Raises:
        ToolError: a cell fails; with the cell and the error's last lines.
    """
    limits = Limits(timeout, total=math.inf, megabytes=math.inf)
    env = environment() | variables
    peak = running.run(notebook, folder, limits, until=troubled, env=env)
    for cell in filter(troubled, code_cells(notebook)):
        raise ToolError(failure(notebook, cell))
    return peak


def troubled(cell: NotebookNode) -> bool:
    """Whether the cell raised, was stopped, or wrote to stderr."""
    return bool(failed(cell) or said_on_stderr(cell))


def said_on_stderr(cell: NotebookNode) -> str:
    return "".join(o.text for o in cell.outputs if o.get("name") == "stderr")


def failure(notebook: NotebookNode, cell: NotebookNode) -> str:
    """What happened in this cell, with the last lines of the text, for the terminal."""
    what, text = "wrote to stderr", said_on_stderr(cell)
    if error := failed(cell):
        stopped = error.ename == STOPPED
        what = error.evalue if stopped else "failed"
        text = "" if stopped else "\n".join(error.traceback)
    number = code_cells(notebook).index(cell) + 1
    first = cell.source.strip().splitlines()[0]
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).strip().splitlines()[-6:]
    return "\n    ".join([f"code cell {number} {what}: {first}", *lines])


def descriptions(cell: NotebookNode) -> list[str]:
    """The alt texts of the pictures that a cell has put out."""
    metadata = [output.get("metadata", {}) for output in cell.get("outputs", [])]
    found = [known.get("image/png", {}).get("alt") for known in metadata]
    return [alt for alt in found if alt]


def tidy(cell: NotebookNode) -> None:
    """Drop what needs a kernel, and hand the pictures' alt text on to the site."""
    # how printed text is cut up is chance
    CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, 0)
    cell.metadata.pop("execution", None)
    for output in cell.outputs:
        output.get("data", {}).pop(WIDGET_VIEW, None)
    alt = " ".join(descriptions(cell))
    mystnb = cell.metadata.pop("mystnb", {})
    image = {k: v for k, v in mystnb.pop("image", {}).items() if k != "alt"}
    image |= {"alt": alt} if alt else {}
    mystnb |= {"image": image} if image else {}
    cell.metadata.update({"mystnb": mystnb} if mystnb else {})


def tidy_notebook(notebook: NotebookNode, root: Path) -> None:
    """Leave in an executed notebook what is the same on each machine."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.update(kernelspec=dict(KERNELSPEC), language_info=dict(LANGUAGE))
    for cell in code_cells(notebook):
        tidy(cell)
    notebook.metadata["lectures"] = fingerprints(notebook, root)


def replace(path: Path, notebook: NotebookNode) -> None:
    """Write the notebook; ToolError when it cannot be, the file is as it was."""
    try:
        write(path, nbformat.writes(notebook) + "\n")
    except OSError as error:
        reason = f"cannot be written ({error.strerror}): not changed"
        raise ToolError(reason) from None


def execute(path: Path, root: Path = ROOT, always: bool = False) -> str:
    """Execute one notebook if it needs it; returns a line for the terminal.

    Raises:
        ToolError: a cell fails, or the file cannot be written; it is as it was.
    """
    notebook = read(path)
    if not always and notebook.metadata.get("lectures") == fingerprints(notebook, root):
        return f"{path.name}: up to date"
    if not os.access(path.parent, os.W_OK):
        raise ToolError(f"{path.parent} is read-only, outputs cannot be stored there")
    start = time.perf_counter()
    megabytes = run(notebook, path.parent)
    seconds = time.perf_counter() - start
    tidy_notebook(notebook, root)
    replace(path, notebook)
    found = {"s": seconds, "MB": megabytes, "kB": path.stat().st_size / 1000}
    over = [
        f"over the budget of {BUDGETS[u]} {u}" for u in BUDGETS if found[u] > BUDGETS[u]
    ]
    sizes = [f"{found[unit]:.0f} {unit}" for unit in BUDGETS]
    return f"{path.name}: " + ", ".join([*sizes, *over])


def chosen(folder: Path, numbers: list[str], lecture: bool = False) -> list[Path]:
    """The notebooks with these numbers, or all; ToolError if a number has none.

    Args:
        lecture: whether the lecture, whose number is "lecture", is one of them.
    """
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    paths += folder.glob(LECTURE) if lecture else []  # last: it shows what they store
    names = {path.stem.partition("_")[0]: path for path in paths}
    missing = sorted(set(numbers) - set(names))
    if missing:
        raise ToolError(f"there is no notebook {missing[0]} in {folder}")
    return [path for name, path in names.items() if not numbers or name in numbers]


def attempt(path: Path, root: Path, always: bool) -> bool:
    """Execute a notebook and say what came of it; whether it went well."""
    try:
        print(execute(path, root, always), flush=True)
    except ToolError as error:
        print(f"{path.name}: {error}", flush=True)
        return False
    return True


def main(arguments: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="NN", help="00, 01, …")
    parser.add_argument("--all", action="store_true", help="also what did not change")
    options = parser.parse_args(arguments)
    try:
        paths = chosen(root / "notebooks", options.numbers, lecture=True)
        went_well = [attempt(path, root, options.all) for path in paths]
    except ToolError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("stopped: the notebook that was running is as it was before")
        return 130
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
