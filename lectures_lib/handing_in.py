"""Look a homework over before it is handed in: run it within limits, list its points.

`python -m lectures_lib.homework HW.ipynb` comes here. It also mends the ids of cells
that were copied, which would stop the grading.
"""

import argparse
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

SECONDS, MEGABYTES = 60, 2000  # for a cell, for the kernel
TIMEOUT = {"ename": "CellTimeoutError", "evalue": "took too long", "traceback": []}


class Unreadable(Exception):
    """A file that is no notebook; the text says what is wrong."""


def read(path: Path) -> NotebookNode:
    """The notebook in this file. Unreadable when there is none."""
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError:
        raise Unreadable(f"there is no {path}: expected a notebook's path") from None
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0][:100]}"
        raise Unreadable(f"{path} cannot be read as a notebook ({reason})") from None


def mend_ids(notebook: NotebookNode) -> int:
    """Give copied cells an identity of their own; how many there were.

    The first cell of an id keeps it. A copy of a cell that is graded is not graded.
    """
    seen, mended = set(), 0
    for cell in notebook.cells:
        own = {cell.get("id"), cell.metadata.get("nbgrader", {}).get("grade_id")}
        if seen & (own - {None}):
            cell.id = nbformat.v4.new_code_cell().id
            cell.metadata.pop("nbgrader", None)
            mended += 1
        seen |= own
    return mended


def graded(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells that check a task."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            yield cell


def watch_memory(megabytes: float) -> list[str]:
    """From now on kill each child of this process that grows larger.

    Returns:
        A list that gets a sentence when that happens.
    """
    killed: list[str] = []

    def watch() -> None:
        while True:
            for child in psutil.Process().children(recursive=True):
                try:
                    if child.memory_info().rss > megabytes * 1e6:
                        child.kill()
                        killed.append(f"stopped: it took more than {megabytes:g} MB")
                except psutil.Error:
                    pass  # it has ended by itself
            time.sleep(0.1)

    threading.Thread(target=watch, daemon=True).start()
    return killed


def run(notebook: NotebookNode, folder: Path, seconds: float, megabytes: float) -> str:
    """Run all cells, whatever they raise; an empty text, or why it could not end."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=seconds,
        interrupt_on_timeout=True,
        error_on_timeout=TIMEOUT,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    killed = watch_memory(megabytes)
    try:
        client.execute()
    except DeadKernelError:
        return killed[0] if killed else "stopped: the kernel died (a crash, or exit)"
    return ""


def state(cell: NotebookNode) -> str:
    """What came of a graded cell, in a few words."""
    if any(output.output_type == "error" for output in cell.outputs):
        error = next(o for o in cell.outputs if o.output_type == "error")
        return f"raises {error.ename}: {error.evalue}"[:100]
    text = "".join(output.get("text", "") for output in cell.outputs)
    found = re.findall(r"^[\d.]+ of [\d.]+ points$", text, re.M)
    if not found:
        return "was not reached"
    return "not done yet" if "… not done yet" in text else found[-1]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lectures_lib.homework", description=__doc__.splitlines()[0]
    )
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for a cell")
    parser.add_argument("--megabytes", type=float, default=MEGABYTES)
    options = parser.parse_args(arguments)
    path = options.notebook
    try:
        notebook = read(path)
    except Unreadable as error:
        print(error)
        return 2
    mended = mend_ids(notebook)
    if mended:
        nbformat.write(notebook, path)
        print(f"{mended} copied cells got an id of their own; the file is mended.")
    trouble = run(notebook, path.resolve().parent, options.seconds, options.megabytes)
    rows = {c.metadata.nbgrader.grade_id: state(c) for c in graded(notebook)}
    for name, what in rows.items():
        print(f"  {name:32} {what}")
    reached = [float(w.split()[0]) for w in rows.values() if w.endswith("points")]
    possible = sum(cell.metadata.nbgrader.points for cell in graded(notebook))
    print(f"{path.name}: {sum(reached):g} of {possible:g} points. {trouble}".rstrip())
    return 0 if rows and not trouble else 1
