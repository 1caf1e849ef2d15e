"""Run notebooks that may do anything: crash, not end, print without end, eat memory.

All that runs a notebook here goes through it: a homework before it is handed in and
when it is graded, the course's own notebooks when their outputs are written or audited.
"""

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

STOPPED = "Stopped"  # the name of an error that did not come from the notebook's code
EXIT = "calls exit or quit"
OUTPUT = 5_000_000  # characters that a cell may put out
QUIET = logging.getLogger("lectures.running")
QUIET.setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Limits:
    """Of one cell, of its kernel, and of all cells together."""

    seconds: float = 60
    megabytes: float = 2000
    total: float = 600

    def of_a_cell(self, left: float) -> tuple[float, str]:
        """The seconds it has, and what is said when it takes them."""
        if self.seconds < left:
            return self.seconds, f"took longer than {self.seconds:g} s"
        return left, f"all cells together took longer than {self.total:g} s"


@contextlib.contextmanager
def watched(pid: int, megabytes: float) -> Iterator[list[str]]:
    """Within the block, kill the process, or a child of it, that grows too large.

    At the end its children are killed too: nothing that a notebook starts goes on.
    Yields a list that gets a sentence when something was too large.
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
        for tick in itertools.count():
            # To look for children takes longer than to look at those that are known.
            for member in list(seen if tick % 5 else family()):
                with contextlib.suppress(psutil.Error):  # it has ended by itself
                    if member.memory_info().rss > megabytes * 1e6:
                        member.kill()
                        killed.append(f"took more than {megabytes:g} MB of memory")
            if ended.wait(0.1):
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()
        for member in family():
            with contextlib.suppress(psutil.Error):
                if member.pid != pid:
                    member.kill()


class Client(NotebookClient):
    """nbclient whose cells may crash, not end, or print without end."""

    def __init__(self, notebook: NotebookNode, folder: Path) -> None:
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
            log=QUIET,
        )

    def one(self, index: int, before: str, seconds: float, too_long: str) -> None:
        """Execute a cell, and unseen before it this code; what it is if it takes long.

        Raises:
            DeadKernelError, CellTimeoutError: the kernel ended, or cannot be stopped.
        """
        cell, self.said = self.nb.cells[index], 0
        self.seconds, self.too_long = seconds, too_long
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

    def executed(self, cell: NotebookNode, execute_reply: dict, **_: object) -> None:
        """Called after each cell: was it interrupted, did it ask the kernel to end?"""
        reply = execute_reply["content"]
        if reply.get("ename") == STOPPED:
            stop(cell, self.too_long)
        if any(wish.get("source") == "ask_exit" for wish in reply.get("payload", [])):
            raise DeadKernelError(EXIT)


def stop(cell: NotebookNode, why: str) -> None:
    """Put an error into the cell's outputs, after what it has printed."""
    texts = [output for output in cell.outputs if output.output_type == "stream"]
    error = new_output("error", ename=STOPPED, evalue=why, traceback=[why])
    cell.outputs = [*texts, error]


def failed(cell: NotebookNode) -> NotebookNode | None:
    """The error in a cell's outputs, if there is one."""
    errors = (o for o in cell.outputs if o.output_type == "error")
    return next(errors, None)


def never(cell: NotebookNode) -> bool:
    return False


def run(
    notebook: NotebookNode,
    folder: Path,
    limits: Limits,
    once: Callable[[NotebookNode], bool] = never,
    until: Callable[[NotebookNode], object] = never,
    before: Callable[[NotebookNode], str] = lambda cell: "",
    **options: object,
) -> None:
    """Run all cells in the folder, whatever they do; the outputs say what that was.

    When a cell kills its kernel, or cannot be interrupted, the run goes on after it in
    a new kernel, in which the cells before it are run again.

    Args:
        once: tells of a cell whether it is left out then, such as a check.
        until: tells of a cell that was run whether to end there.
        before: code that is run with a cell, and is not seen in it.
        options: of the kernel's start, such as env.
    """
    cells, end = notebook.cells, time.monotonic() + limits.total
    todo = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    for index in todo:
        cells[index].update(outputs=[], execution_count=None)
    passed: list[int] = []  # to be run again in a new kernel
    while todo and time.monotonic() < end:
        client, killed = Client(notebook, folder), []
        try:
            with (
                client.setup_kernel(**options),
                watched(client.km.provisioner.pid, limits.megabytes) as killed,
            ):
                for index in passed + todo:
                    left = end - time.monotonic()
                    if left <= 0:
                        break
                    bound, too_long = limits.of_a_cell(left)
                    client.one(index, before(cells[index]), bound, too_long)
                    if index in todo:
                        todo.remove(index)
                        passed += [] if once(cells[index]) else [index]
                    if until(cells[index]):
                        return
        except (DeadKernelError, CellTimeoutError) as error:
            stop(cells[index], killed[0] if killed else reason(error, client.too_long))
            todo, passed = ([i for i in part if i != index] for part in (todo, passed))
            if until(cells[index]):
                return
    for index in todo:
        stop(cells[index], f"not run: all cells together took {limits.total:g} s")


def reason(error: Exception, too_long: str) -> str:
    """Why a kernel is gone."""
    if isinstance(error, CellTimeoutError):
        return f"{too_long}, and had to be killed"
    return EXIT if EXIT in str(error) else "killed the kernel (a crash?)"
