"""Run notebooks that may do anything: crash, not end, print without end, eat memory.

All that runs a notebook here goes through it: a homework before it is handed in and
when it is graded, the course's own notebooks when their outputs are written or audited.
"""

import contextlib
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

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


class Watch(threading.Thread):
    """Within its block, kill the process, or a child of it, that grows too large.

    At the end its children are killed too: nothing that a notebook starts goes on.

    Attributes:
        killed: a sentence, when something was too large.
        peak: the most memory that all had together, in MB.
    """

    def __init__(self, pid: int, megabytes: float) -> None:
        super().__init__(daemon=True)
        self.pid, self.megabytes = pid, megabytes
        self.killed, self.peak = "", 0.0
        self.family: set[psutil.Process] = set()
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()
        self.look_for_children()
        for member in self.family:
            with contextlib.suppress(psutil.Error):
                if member.pid != self.pid:
                    member.kill()

    def run(self) -> None:
        for tick in itertools.count():
            # It takes longer than to look at those that are known.
            if tick % 5 == 0:
                self.look_for_children()
            self.peak = max(self.peak, sum(map(self.memory, self.family)))
            if self.ended.wait(0.1):
                return

    def look_for_children(self) -> None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            self.family.update([process, *process.children(recursive=True)])

    def memory(self, member: psutil.Process) -> float:
        """What a process has, in MB; it is killed when that is too much."""
        with contextlib.suppress(psutil.Error):  # it has ended by itself
            megabytes = member.memory_info().rss / 1e6
            if megabytes > self.megabytes:
                member.kill()
                self.killed = f"took more than {self.megabytes:g} MB of memory"
            return megabytes
        return 0.0


class Client(NotebookClient):
    """nbclient whose cells may crash, not end, or print without end."""

    def __init__(self, notebook: NotebookNode, folder: Path, limits: Limits) -> None:
        super().__init__(
            notebook,
            kernel_name="python3",
            timeout_func=self.begin,
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
        self.limits, self.peak = limits, 0.0
        self.end = time.monotonic() + limits.total

    def left(self) -> float:
        """The seconds that are left to all cells together."""
        return self.end - time.monotonic()

    def begin(self, cell: NotebookNode) -> float:
        """Called before each cell: its seconds, and what is said if it is late."""
        seconds, total, left = self.limits.seconds, self.limits.total, self.left()
        self.said, self.late = 0, f"took longer than {seconds:g} s"
        if left <= seconds:
            self.late = f"all cells together took longer than {total:g} s"
        return max(0.1, min(seconds, left))  # nbclient takes 0 for no limit

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int) -> None:
        """Keep what a cell puts out, until it is too much. A result always counts."""
        self.said += len(str(msg["content"]))
        if msg["msg_type"] in ("execute_result", "error") or self.said < OUTPUT:
            super().output(outs, msg, display_id, cell_index)

    def handle_comm_msg(self, *_: object) -> None:
        """Widgets talk to a browser: here what an Output catches goes to its cell."""

    def executed(self, cell: NotebookNode, execute_reply: dict, **_: object) -> None:
        """Called after each cell: was it interrupted, did it ask the kernel to end?"""
        reply = execute_reply["content"]
        if reply.get("ename") == STOPPED:
            stop(cell, self.late)
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
    env: Mapping[str, str] = os.environ,
) -> float:
    """Run all cells in the folder, whatever they do; the outputs say what that was.

    When a cell kills its kernel, or cannot be interrupted, the run goes on after it in
    a new kernel, in which the cells before it are run again.

    Args:
        once: whether a cell is left out when others run again, as a check is.
        until: whether to stop after a cell that was run.
        env: the environment of the kernel, which gets none of the user's settings.

    Returns:
        The most memory that a kernel took with what it had started, in MB.
    """
    cells, client = notebook.cells, Client(notebook, folder, limits)
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    for index in code:
        cells[index].update(outputs=[], execution_count=None)
    todo = [index for index in code if cells[index].source.strip()]
    while todo and client.left() > 0:
        lost = in_one_kernel(client, todo, until, env)
        if lost is None or until(cells[lost]):
            break
        place = todo.index(lost)
        again = [index for index in todo[:place] if not once(cells[index])]
        todo = again + todo[place + 1 :]
    for index in todo if client.left() <= 0 else []:
        if cells[index].execution_count is None:
            stop(cells[index], f"not run: all cells together took {limits.total:g} s")
    return client.peak


@contextlib.contextmanager
def without_settings(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment, with an empty IPython profile and an empty matplotlibrc.

    What a user has set there changes what cells put out, or speaks on stderr.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = Path(folder, "matplotlibrc")
        settings.touch()
        kept = {name: env[name] for name in env if name != "PYTHONSTARTUP"}
        yield kept | {"IPYTHONDIR": folder, "MATPLOTLIBRC": str(settings)}


@contextlib.contextmanager
def kernel(client: Client, env: dict[str, str]) -> Iterator[None]:
    """A new kernel, started again if it dies at once."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(started(client, env))
        except RuntimeError:
            stack.enter_context(started(client, env))
        yield


def started(client: Client, env: dict[str, str]) -> contextlib.AbstractContextManager:
    """A new kernel, which is spoken to through files where that can be.

    Ports are chosen before the kernel takes them. Another program that is quicker is
    asked to be a kernel then, and where it does not understand we wait for ever.
    """
    name = str(Path(env["IPYTHONDIR"], "socket"))
    client.create_kernel_manager()
    if os.name == "posix" and len(os.fsencode(name)) < 100:  # the system's limit: 103
        client.km.transport, client.km.ip = "ipc", name
    return client.setup_kernel(env=env, cleanup_kc=True)


def in_one_kernel(
    client: Client,
    todo: list[int],
    until: Callable[[NotebookNode], object],
    env: Mapping[str, str],
) -> int | None:
    """Run these cells in a new kernel; the one that took the kernel with it, if any."""
    cells = client.nb.cells
    try:
        with (
            without_settings(env) as own,
            kernel(client, own),
            Watch(client.km.provisioner.pid, client.limits.megabytes) as watch,
        ):
            for index in todo:
                client.execute_cell(cells[index], index)
                client.peak = max(client.peak, watch.peak)
                if until(cells[index]) or client.left() <= 0:
                    break
        return None
    except CellTimeoutError:
        why = f"{client.late}, and had to be killed"
    except DeadKernelError as error:
        why = EXIT if EXIT in str(error) else "killed the kernel (a crash?)"
    stop(cells[index], watch.killed or why)
    return index
