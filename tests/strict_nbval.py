"""Make nbval 0.11 strict: what it lets pass in silence fails, in a plain sentence.

Loaded by `-p tests.strict_nbval`. tests/broken holds a notebook for each fault. Code
cells are counted from 1. Nothing of a notebook is run that is faulty as it is stored.
"""

import ast
import io
import os
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from itertools import pairwise
from queue import Empty
from time import monotonic

import matplotlib.font_manager  # noqa: F401 - no kernel has to build it, and say so
import nbformat
import pytest
from nbval import plugin

from tools import running

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
ALLOWED_TAGS = {"nbval-ignore-output", "raises-exception"}
OUTPUTS = {"stream", "display_data", "execute_result", "error"}
REDO = "If the new output is right, run `make execute`."
NO_UPDATES = "cannot be compared: use a slider and an explorer."


def is_plain_python(source: str) -> bool:
    """Whether Python itself reads the cell; it does not read %, ! and ?."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings(action="ignore"):  # the kernel shows them itself
            return bool(compile(source, "cell", "exec", flags))
    except SyntaxError:
        return False


def has_trailing_semicolon(source: str) -> bool:
    """Whether a line of the cell ends with `;`, perhaps before a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    tokens = [token for token in tokens if token.type != tokenize.COMMENT]
    ends = (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER)
    return any(a.string == ";" and b.type in ends for a, b in pairwise(tokens))


def text_faults(name: str, text: str) -> Iterator[str]:
    """What is wrong with printed text, stored or new."""
    if name == "stderr" and text.strip():
        first = text.strip().splitlines()[0]
        yield f"wrote to stderr ({first}). Mend the cause: no tag excuses it."
    if "\r" in text:
        yield "prints carriage returns, which hide text. Print whole lines."


def stored_faults(cell: dict, expected_count: int) -> Iterator[str]:
    """What is wrong with a cell as it is stored."""
    tags, count = set(cell.metadata.get("tags", [])), cell.execution_count
    forbidden = tags & set(plugin.metadata_tags) - ALLOWED_TAGS
    if count is None:
        yield "has no execution count: it would not be compared. Run `make execute`."
    elif count != expected_count:
        yield f"has execution count {count}, not {expected_count}. Run `make execute`."
    if not is_plain_python(cell.source):
        yield "is not plain Python: %magics, !commands and help? can fail unseen."
    elif has_trailing_semicolon(cell.source):
        yield "ends a line with `;`, which hides a result. Name the result."
    if any(plugin.find_comment_markers(cell.source)):
        yield "has an NBVAL comment. Only the tag `nbval-ignore-output` is allowed."
    if forbidden:
        yield f"has the tag `{min(forbidden)}`. Only `nbval-ignore-output` is allowed."
    for output in cell.outputs:
        if output.output_type == "stream":
            yield from text_faults(output.name, output.text)
        if output.output_type == "error" and "raises-exception" not in tags:
            yield "has a stored error. Mend the cell and run `make execute`."


def message_faults(messages: list[tuple], may_raise: bool) -> Iterator[str]:
    """What is wrong in a run that nbval does not look at."""
    reply = next(m for stream, m in reversed(messages) if stream == "shell")
    kinds = [kind for kind, _, _ in published(messages)]
    for kind, content, request in published(messages):
        if kind in OUTPUTS and request != reply["parent_header"]["msg_id"]:
            yield "got output of an earlier cell's task. Await it in that cell."
        if kind == "stream":
            yield from text_faults(content["name"], content["text"])
        if kind == "clear_output":
            yield f"calls clear_output, and cleared output {NO_UPDATES}"
        if "update" in kind or content.get("transient", {}).get("display_id"):
            yield f"uses a display_id, and updates {NO_UPDATES}"
        state = content.get("data", {}).get("state", {})
        if state.get("_model_name") == "OutputModel":
            yield f"makes an Output widget (as interact does), which {NO_UPDATES}"
    if reply["content"].get("payload"):
        yield "asks for what only works by hand (exit, help). Remove it."
    if reply["content"]["status"] != "ok" and "error" not in kinds:
        yield "stopped before its end without showing an error. Run it by hand."
    if may_raise and "error" not in kinds:
        yield "is tagged `raises-exception`, but raised nothing. Remove the tag."


def published(messages: list[tuple]) -> Iterator[tuple[str, dict, str]]:
    """(kind, content, id of the request) of what the kernel sent to be shown."""
    for stream, message in messages:
        if stream == "iopub":
            request = message["parent_header"].get("msg_id")
            yield message["msg_type"], message["content"], request


def shape(outputs: Iterable[tuple[str, dict]]) -> str:
    """The kinds of output in their order, of which nbval compares neither."""
    names = []
    for kind, content in outputs:
        types = sorted(set(content.get("data", {})) - {WIDGET_VIEW})
        name = content["name"] if kind == "stream" else " ".join([kind, *types])
        if kind != "stream" or names[-1:] != [name]:  # text comes in pieces
            names.append(name)
    return ", ".join(names) or "none"


class Kernel(plugin.RunningKernel):
    """A kernel that keeps its messages, and whose death is noticed at once."""

    def __init__(self, *args, **kwargs):
        self.messages = []
        super().__init__(*args, **kwargs)

    def get_message(self, stream, timeout=None):
        end = monotonic() + (timeout or float("inf"))
        while True:
            try:
                message = super().get_message(stream, timeout=0.5)
            except Empty:
                if not self.is_alive():
                    raise RuntimeError("the kernel died") from None
                if monotonic() > end:
                    raise
            else:
                self.messages.append((stream, message))
                return message


class Cell(plugin.IPyNbCell):
    """A code cell. When one has failed, the others of its notebook are skipped."""

    fault = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.colors = plugin.nocolors
        self.output_timeout = 60  # nbval's 5 s are short on a busy machine
        self.ignored = not self.options["check"]
        self.options["check"] = True  # compare_outputs shall see every cell

    def setup(self):
        if self.parent.failed and not self.fault:
            pytest.skip(f"not run because cell {self.parent.failed} failed")

    def runtest(self):
        if self.fault:
            self.raise_cell_error(self.fault)
        self.parent.kernel.messages.clear()
        try:
            super().runtest()
        except RuntimeError:  # from Kernel, or from nbval when it was dead before
            self.raise_cell_error("the kernel died. Look for exit, a crash, memory.")

    def raise_cell_error(self, message, *args, **kwargs):
        self.parent.failed = self.cell_num
        if message == "Cell execution caused an exception":
            error = self.test_outputs[-1]
            message = f"raised {error.ename}: {error.evalue}"
        super().raise_cell_error(message, *args, **kwargs)

    def repr_failure(self, excinfo):
        error = excinfo.value
        if not isinstance(error, plugin.NbCellError):
            return super().repr_failure(excinfo)
        parts = [f"cell {self.cell_num}: {error}", error.source, error.inner_traceback]
        return "\n\n".join(filter(None, parts))

    def compare_outputs(self, test, ref, skip_compare=None):
        sent = self.parent.kernel.messages
        for fault in message_faults(sent, self.options["check_exception"]):
            self.raise_cell_error(fault)
        new = shape(
            (kind, content) for kind, content, _ in published(sent) if kind in OUTPUTS
        )
        stored = shape((output.output_type, output) for output in self.cell.outputs)
        if new != stored:
            self.raise_cell_error(f"gave {new}, but stored is {stored}. {REDO}")
        if self.ignored:
            return True
        if [o.get("metadata") for o in test] != [o.get("metadata") for o in ref]:
            self.raise_cell_error(f"gave another alt text than is stored. {REDO}")
        if not super().compare_outputs(test, ref, skip_compare):
            difference = "\n".join(self.comparison_traceback)
            self.raise_cell_error(
                f"gave another output than is stored. {REDO}", difference
            )
        return True


class Notebook(plugin.IPyNbFile):
    """A notebook whose cells are Cells."""

    failed = None

    def collect(self):
        try:
            cells = [self.strict(cell) for cell in super().collect()]
            nbformat.validate(self.nb)
        except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
            reason = str(error).splitlines()[0]
            raise self.CollectError(
                f"{self.name} is not a notebook: {reason}"
            ) from None
        filled = [cell for cell in cells if cell.cell.source.strip()]
        if not filled:
            raise self.CollectError(f"{self.name} has no code cell: nothing is tested.")
        for count, cell in enumerate(filled, start=1):
            cell.fault = next(stored_faults(cell.cell, count), None)
        self.failed = next((cell.cell_num for cell in filled if cell.fault), None)
        return cells

    def strict(self, cell):
        number = cell.cell_num + 1
        new = {"cell_num": number, "cell": cell.cell, "options": cell.options}
        return Cell.from_parent(self, name=f"Cell {number}", **new)

    def setup(self):
        if not self.failed:
            super().setup()


def pytest_configure(config):
    """Every notebook runs in this environment's Python, in a kernel that is watched."""
    config.option.nbval_current_env = True
    settings = running.without_settings(os.environ)
    os.environ.update(settings.__enter__())
    os.environ.pop("PYTHONSTARTUP", None)
    config.add_cleanup(lambda: settings.__exit__(None, None, None))
    plugin.RunningKernel = Kernel


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Put a Notebook wherever nbval puts its own class."""
    nodes = yield
    return [
        Notebook.from_parent(parent, path=file_path)
        if isinstance(node, plugin.IPyNbFile)
        else node
        for node in nodes
    ]
