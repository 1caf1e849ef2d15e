"""Run notebooks that may do anything: crash, not end, print without end, eat memory.

Homework is run with it before it is handed in, and again when it is graded.
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


@dataclass(frozen=True)
class Limits:
    """Of one cell, of its kernel, and of all cells together."""

    seconds: float = 60
    megabytes: float = 2000
    total: float = 600


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
            if member.pid != pid:
                with contextlib.suppress(psutil.Error):
                    member.kill()


class Client(NotebookClient):
    """Executes cells that may crash, not end, or print without end."""

    def __init__(self, notebook: NotebookNode, folder: Path, limits: Limits) -> None:
        quiet = logging.getLogger("lectures.running")
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
    once: Callable[[NotebookNode], bool] = lambda cell: False,
    before: Callable[[NotebookNode], str] = lambda cell: "",
    **options: object,
) -> None:
    """Run all cells in the folder, whatever they do; the outputs say what that was.

    When a cell kills its kernel, or cannot be interrupted, the run goes on after it in
    a new kernel, in which the cells before it are run again.

    Args:
        once: tells of a cell whether it is left out then, such as a check.
        before: code that is run with a cell, and is not seen in it.
        options: of the kernel's start, such as env.
    """
    cells, left = notebook.cells, limits.total
    todo = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    for index in todo:
        cells[index].update(outputs=[], execution_count=None)
    passed: list[int] = []  # to be run again in a new kernel
    while todo and left > 0:
        client, killed = Client(notebook, folder, limits), []
        try:
            with client.watched_kernel(options) as killed:
                for index in passed + todo:
                    if left <= 0:
                        break
                    start = time.monotonic()
                    try:
                        bound = min(limits.seconds, left)
                        client.one(index, before(cells[index]), bound)
                    finally:
                        left -= time.monotonic() - start
                    if index in todo:
                        todo.remove(index)
                        passed += [] if once(cells[index]) else [index]
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
