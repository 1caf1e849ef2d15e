"""What the course does in its own way within nbgrader; nbgrader_config.py names it."""

import ast
import os
import re
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import ClearSolutions as NbgradersClearSolutions
from nbgrader.preprocessors import Execute as NbgradersExecute
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, List, Unicode

import lectures_lib
from lectures_lib.homework.looking_over import grade_id, graded, is_graded

from . import running

STUB = "return ...  # your code, in place of this line"
BLANK = re.compile(r"^([^\S\n]*)(.*?)  # BLANK$", re.M)
WITH_VALUE = (ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign)
# Two kernels share two cores: no more threads each, and none that waits by spinning.
THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# Run with each cell that checks: whatever the notebook has made of `check` and of the
# library until then, both are read anew from the teacher's files.
BIND = """\
def check():
    import functools, importlib.util, os, pathlib, sys
    for name in [name for name in sys.modules if name.split(".")[0] == "lectures_lib"]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location("lectures_lib", {library!r})
    module = sys.modules["lectures_lib"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    from lectures_lib.homework import HIDDEN, check
    os.environ[HIDDEN] = {hidden!r}
    return functools.partial(check, folder=pathlib.Path({folder!r}))
check = check()
"""


def in_place(steps: List, *own: type) -> list[type]:
    """nbgrader's steps, each replaced by the one of ours that is derived from it."""
    ours = {step.__base__: step for step in own}
    return [ours.get(step, step) for step in steps.default()]


class ClearSolutions(NbgradersClearSolutions):
    """Leave `...` where the student's code belongs, so that a starter runs as it is.

    A solution region becomes `return ...`; of a line that ends in `# BLANK` the part
    after `=` or `return` becomes `...`. A check says "not done yet" to either.
    """

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        self.code_stub = {language: STUB}
        if re.search(r"^### BEGIN SOLUTION", cell.source, re.M):
            raise RuntimeError(f"a region outside of a function: {cell.source}")
        region = super()._replace_solution_region(cell, language)
        blanks = BLANK.search(cell.source)
        lines = cell.source.split("\n")
        cell.source = "\n".join(cleared_blank(line) for line in lines)
        solution = cell.metadata.get("nbgrader", {}).get("solution")
        if solution and not (region or blanks):
            raise RuntimeError(f"a solution cell with nothing in it: {cell.source}")
        return bool(region or blanks)


def cleared_blank(line: str) -> str:
    """The line of a starter; another line than one with a blank stays.

    Raises RuntimeError when it is neither an assignment nor a return.
    """
    found = BLANK.fullmatch(line)
    if not found:
        return line
    indent, code = found.groups()
    try:
        statement = ast.parse(f"def f():\n {code}").body[0].body[0]
    except SyntaxError:
        statement = None
    if not isinstance(statement, WITH_VALUE) or statement.value is None:
        raise RuntimeError(f"no blank can be made of: {line}")
    place = len(f" {code}".encode()[: statement.value.col_offset].decode()) - 1
    return f"{indent}{code[:place]}...  # blank"


class RestoreCells(NbGraderPreprocessor):
    """Make a submission's locked cells and all metadata those of the starter again.

    It takes the place of nbgrader's steps with this purpose, which stop at a cell that
    the starter does not have, at a changed type, and at two neighbours deleted.
    """

    course = Unicode(help="the folder that has release/").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple:
        names = resources["nbgrader"]
        folder = Path(self.course) / "release" / names["assignment"]
        starter = nbformat.read(folder / f"{names['notebook']}.ipynb", as_version=4)
        restore(nb, starter)
        return nb, resources


def restore(notebook: NotebookNode, starter: NotebookNode) -> None:
    """Give the cells that nbgrader knows back what is not the student's.

    Of cells with the same name the last one counts. A locked cell that is missing is
    put behind those that come before it in the starter.
    """
    originals = {grade_id(cell): cell for cell in starter.cells if grade_id(cell)}
    missing, restored = dict(originals), []
    for cell in reversed(notebook.cells):
        original = missing.pop(grade_id(cell), None)
        restored.insert(0, own(cell) if original is None else merged(original, cell))
    order = list(originals)
    for name, original in missing.items():
        if original.metadata.nbgrader.locked:
            before = order[: order.index(name)]
            places = [i for i, c in enumerate(restored) if grade_id(c) in before]
            restored.insert(max(places, default=-1) + 1, merged(original, original))
    notebook.cells, notebook.nbformat_minor = restored, starter.nbformat_minor
    notebook.metadata["kernelspec"] = deepcopy(starter.metadata.kernelspec)


def own(cell: NotebookNode) -> NotebookNode:
    """The student's own cell: nothing to nbgrader, and with an id of its own."""
    cell.id = new_code_cell().id
    cell.metadata.pop("nbgrader", None)
    return cell


def merged(original: NotebookNode, cell: NotebookNode) -> NotebookNode:
    """The starter's cell, with what the student has written where that is allowed."""
    new = deepcopy(original)
    if not original.metadata.nbgrader.locked:
        new.source = cell.source
    if new.cell_type == "code":
        new.update(outputs=[], execution_count=None)
    return new


class Execute(NbgradersExecute):
    """Run a submission so that only what `check` says can earn points."""

    course = Unicode(help="the folder that has source/").tag(config=True)
    hidden = Unicode(help="the folder of the hidden tests").tag(config=True)
    total = Float(300, help="seconds for all cells together").tag(config=True)
    megabytes = Float(2000, help="memory of a notebook").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple:
        folder = Path(resources["metadata"]["path"]).resolve()
        source = Path(self.course) / "source" / resources["nbgrader"]["assignment"]
        library = lectures_lib.__file__
        bind = BIND.format(library=library, folder=str(source), hidden=self.hidden)
        running.run(
            nb,
            folder,
            running.Limits(self.timeout, self.megabytes, self.total),
            once=is_graded,
            before=lambda cell: bind if is_graded(cell) else "",
            env=os.environ | THREADS,
        )
        for cell in graded(nb):
            judge(cell)
        return nb, resources


def judge(cell: NotebookNode) -> None:
    """Leave outputs in a graded cell that nbgrader cannot misread.

    nbgrader gives all points for silence and for a text, none for anything on stderr,
    and stops at more points than there are. Kept are what was printed, now on stdout,
    and either one number from 0 to the cell's points or an error.
    """
    texts, errors, results = [], [], []
    for output in cell.outputs:
        kinds = {"stream": texts, "error": errors, "execute_result": results}
        kinds.get(output.output_type, []).append(output)
    for text in texts:
        text.name = "stdout"
    if errors:
        # without the traceback, in which a hidden test may stand
        name, what = errors[0].ename, errors[0].evalue
        line = what if name == running.STOPPED else f"{name}: {what}"
        results = [new_output("error", ename=name, evalue=what, traceback=[line])]
    elif not is_grade(results, cell.metadata.nbgrader.points):
        what = "the check of this cell did not end with a number of points"
        stopped = {"ename": running.STOPPED, "evalue": what, "traceback": [what]}
        results = [new_output("error", **stopped)]
    cell.outputs = texts + results


def is_grade(results: list[NotebookNode], points: float) -> bool:
    """Whether there is one result, a number from 0 to these points."""
    try:
        (result,) = results
        return 0 <= float(result.data["text/plain"]) <= points
    except (KeyError, TypeError, ValueError):
        return False
