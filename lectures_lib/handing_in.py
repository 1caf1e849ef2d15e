"""Look a homework over before it is handed in: run it within limits, list its points.

`python -m lectures_lib.homework HW.ipynb` comes here. It also mends the ids of cells
that were copied, which would confuse the grading. The grading runs notebooks with `run`
as well, so that what is seen here is what happens there.
"""

import argparse
import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

STOPPED = "Stopped"  # the name of an error that did not come from the notebook's code
EXIT = "calls exit or quit"
OUTPUT = 5_000_000  # characters that a cell may put out


class Unreadable(Exception):
    """A file that is no notebook; the text says what is wrong."""


@dataclass(frozen=True)
class Limits:
    """Of one cell, of its kernel, and of all cells together."""

    seconds: float = 60
    megabytes: float = 2000
    total: float = 600


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
        reason = f"{type(error).__name__}: {str(error).splitlines()[0][:100]}"
        raise Unreadable(f"{path} cannot be read as a notebook ({reason})") from None


def mend_ids(notebook: NotebookNode) -> int:
    """Give copied cells an identity of their own; how many there were.

    The last cell of an id keeps it, as in the grading. The others are not graded.
    """
    seen, mended = set(), 0
    for cell in reversed(notebook.cells):
        own = {cell.get("id"), grade_id(cell)}
        if seen & (own - {None}):
            cell.id = nbformat.v4.new_code_cell().id
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


# Running what may do anything.


@contextlib.contextmanager
def watched(pid: int, megabytes: float) -> Iterator[list[str]]:
    """Within the block, kill the process, or a child of it, that grows too large.

    At the end its children are killed too: nothing that a notebook starts goes on.

    Yields:
        A list that gets a sentence when that happens.
    """
    killed: list[str] = []
    ended = threading.Event()
    seen: set[psutil.Process] = set()

    def family() -> set[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            seen.update([process, *process.children(recursive=True)])
        return seen

    def watch() -> None:
        while not ended.wait(0.1):
            for member in list(family()):
                with contextlib.suppress(psutil.Error):  # it has ended by itself
                    if member.memory_info().rss > megabytes * 1e6:
                        member.kill()
                        killed.append(f"took more than {megabytes:g} MB of memory")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()
        for member in family():
            if member.pid != pid:
                with contextlib.suppress(psutil.Error):
                    member.kill()


class Client(NotebookClient):
    """Executes cells that may crash, not end, or print without end."""

    def __init__(self, notebook: NotebookNode, folder: Path, limits: Limits) -> None:
        quiet = logging.getLogger("lectures.handing_in")
        quiet.setLevel(logging.CRITICAL)
        self.limits, self.seconds = limits, limits.seconds
        super().__init__(
            notebook,
            kernel_name="python3",
            timeout_func=lambda cell: self.seconds,
            startup_timeout=120,
            iopub_timeout=5,  # for a cell to stop after it was interrupted
            raise_on_iopub_timeout=True,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            interrupt_on_timeout=True,
            error_on_timeout={"ename": STOPPED, "evalue": "", "traceback": []},
            allow_errors=True,
            record_timing=False,
            store_widget_state=False,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(folder)}},
            on_cell_executed=self.executed,
            log=quiet,
        )

    @contextlib.contextmanager
    def watched_kernel(self, options: dict[str, object]) -> Iterator[list[str]]:
        with (
            self.setup_kernel(**options),
            watched(self.km.provisioner.pid, self.limits.megabytes) as killed,
        ):
            yield killed

    def one(self, index: int, before: str, seconds: float) -> None:
        """Execute a cell, and unseen before it this code."""
        cell, self.seconds, self.said = self.nb.cells[index], seconds, 0
        source = cell.source
        cell.source = before + source
        try:
            self.execute_cell(cell, index)
        finally:
            cell.source = source

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> None:
        """Keep what a cell puts out, until it is too much. A result always counts."""
        self.said += len(str(msg["content"]))
        if msg["msg_type"] in ("execute_result", "error") or self.said < OUTPUT:
            super().output(outs, msg, display_id, cell_index)

    def too_long(self) -> str:
        if self.seconds < self.limits.seconds:
            return f"all cells together took longer than {self.limits.total:g} s"
        return f"took longer than {self.seconds:g} s"

    def executed(self, cell: NotebookNode, execute_reply: dict, **_: object) -> None:
        """Called after each cell: was it interrupted, did it ask the kernel to end?"""
        reply = execute_reply["content"]
        if reply.get("ename") == STOPPED:
            stop(cell, self.too_long())
        if any(wish.get("source") == "ask_exit" for wish in reply.get("payload", [])):
            raise DeadKernelError(EXIT)


def stop(cell: NotebookNode, why: str) -> None:
    """Put an error into the cell's outputs, after what it has printed."""
    texts = [output for output in cell.outputs if output.output_type == "stream"]
    error = new_output("error", ename=STOPPED, evalue=why, traceback=[why])
    cell.outputs = [*texts, error]


def run(
    notebook: NotebookNode,
    folder: Path,
    limits: Limits,
    before: Callable[[NotebookNode], str] = lambda cell: "",
    **options: object,
) -> None:
    """Run all cells in the folder, whatever they do; the outputs say what that was.

    When a cell kills its kernel, or cannot be interrupted, the run goes on after it in
    a new kernel, in which the cells before it are run again: not those that are graded.

    Args:
        before: code that is run with a cell, and is not seen in it.
        options: of the kernel's start, such as env.
    """
    cells, end = notebook.cells, time.monotonic() + limits.total
    todo = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    for index in todo:
        cells[index].update(outputs=[], execution_count=None)
    passed: list[int] = []  # to be run again in a new kernel
    while todo and time.monotonic() < end:
        client, killed = Client(notebook, folder, limits), []
        try:
            with client.watched_kernel(options) as killed:
                for index in passed + todo:
                    left = end - time.monotonic()
                    if left <= 0:
                        break
                    client.one(index, before(cells[index]), min(limits.seconds, left))
                    if index in todo:
                        todo.remove(index)
                        passed += [] if is_graded(cells[index]) else [index]
        except (DeadKernelError, CellTimeoutError) as error:
            if killed:
                why = killed[0]
            elif isinstance(error, CellTimeoutError):
                why = f"{client.too_long()}, and had to be killed"
            else:
                why = EXIT if EXIT in str(error) else "killed the kernel (a crash?)"
            stop(cells[index], why)
            todo, passed = ([i for i in part if i != index] for part in (todo, passed))
    for index in todo:
        stop(cells[index], f"not run: all cells together took {limits.total:g} s")


# What is said at the end.


def state(cell: NotebookNode) -> str:
    """What came of a graded cell, in a few words."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        name, what = errors[0].ename, errors[0].evalue.partition("\n")[0]
        return (what if name == STOPPED else f"raises {name}: {what}")[:90]
    text = "".join(output.get("text", "") for output in cell.outputs)
    found = re.findall(r"^[\d.]+ of [\d.]+ points$", text, re.M)
    if not found:
        return "was not checked"
    return "not done yet" if "… not done yet" in text else found[-1]


def stopped(notebook: NotebookNode) -> Iterator[str]:
    """A sentence for each cell outside of the checks that had to be stopped."""
    for cell in notebook.cells:
        errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        if errors and errors[0].ename == STOPPED and not is_graded(cell):
            first = cell.source.strip().splitlines()[0]
            yield f"The cell that begins with `{first[:60]}`: {errors[0].evalue}."


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lectures_lib.homework", description=__doc__.splitlines()[0]
    )
    limits = Limits()
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--seconds", type=float, default=limits.seconds, help="a cell")
    parser.add_argument("--megabytes", type=float, default=limits.megabytes)
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
    try:
        limits = Limits(options.seconds, options.megabytes)
        run(notebook, path.resolve().parent, limits)
    except KeyboardInterrupt:
        print("stopped: nothing was checked, the file is as it was")
        return 130
    rows = {grade_id(cell): state(cell) for cell in graded(notebook)}
    for name, what in rows.items():
        print(f"  {name:32} {what}")
    troubles = list(stopped(notebook))
    for sentence in troubles:
        print(sentence)
    reached = [float(w.split()[0]) for w in rows.values() if w.endswith("points")]
    possible = sum(cell.metadata.nbgrader.points for cell in graded(notebook))
    print(f"{path.name}: {sum(reached):g} of {possible:g} points.")
    return 0 if rows and not troubles else 1
