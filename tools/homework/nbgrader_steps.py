"""What the course does in its own way within nbgrader; nbgrader_config.py names it."""

import ast
import os
import re
from copy import deepcopy
from pathlib import Path

import nbformat
import nbgrader.api
from alembic.script import ScriptDirectory
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader import converters, coursedir, dbutil
from nbgrader.preprocessors import ClearSolutions as NbgradersClearSolutions
from nbgrader.preprocessors import Execute as NbgradersExecute
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, List, Unicode

import lectures_lib
from lectures_lib.homework.looking_over import grade_id, graded, is_graded

from .. import running

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


def alembic_version() -> str:
    """The version of a new gradebook, asked of alembic where it is.

    nbgrader starts the program, by a file of settings in which % means something.
    """
    return ScriptDirectory(dbutil.ALEMBIC_DIR).get_current_head()


nbgrader.api.get_alembic_version = alembic_version


class CourseDirectory(coursedir.CourseDirectory):
    """A course in any folder: in nbgrader's patterns its [ ] ( ) + stand for itself."""

    def format_path(
        self, step: str, student: str, assignment: str, escape: bool = False
    ) -> str:
        step = re.escape(step) if escape else step
        return super().format_path(step, student, assignment, escape)


class OfOne:
    """Comes before a converter of nbgrader's: the one notebook is not searched for."""

    def init_notebooks(self) -> None:
        name = self.coursedir.assignment_id
        folder = self._format_source(name, self.coursedir.student_id)
        self.assignments = {folder: [os.path.join(folder, f"{name}.ipynb")]}
        self.notebooks = []


class GenerateAssignment(OfOne, converters.GenerateAssignment):
    pass


class Autograde(OfOne, converters.Autograde):
    pass


class GenerateFeedback(OfOne, converters.GenerateFeedback):
    pass


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
        cell.source, blanks = BLANK.subn(cleared, cell.source)
        solution = cell.metadata.get("nbgrader", {}).get("solution")
        if solution and not (region or blanks):
            raise RuntimeError(f"a solution cell with nothing in it: {cell.source}")
        return bool(region or blanks)


def cleared(line: re.Match) -> str:
    """The line of a starter in place of one that BLANK has found.

    Raises:
        RuntimeError: it is neither an assignment nor a return.
    """
    indent, code = line.groups()
    try:
        statement = ast.parse(f"def f():\n {code}").body[0].body[0]
    except SyntaxError:
        statement = None
    if not isinstance(statement, WITH_VALUE) or statement.value is None:
        raise RuntimeError(f"no blank can be made of: {line[0]}")
    statement.value = ast.Constant(...)
    return f"{indent}{ast.unparse(statement)}  # blank"


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

    Of cells with the same name the last one counts. A locked cell that is missing
    follows those that come before it in the starter.
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
        limits = running.Limits(self.timeout, self.megabytes, self.total)
        for cell in graded(nb):
            cell.source = bind + cell.source
        running.run(nb, folder, limits, once=is_graded, env=os.environ | THREADS)
        for cell in graded(nb):
            cell.source = cell.source.removeprefix(bind)
            judge(cell)
        return nb, resources


def judge(cell: NotebookNode) -> None:
    """Leave outputs in a graded cell that nbgrader cannot misread.

    nbgrader gives all points for silence and for a text, none for anything on stderr,
    and stops at more points than there are. Kept are what was printed, now on stdout,
    and either one number from 0 to the cell's points or an error.
    """
    texts = [output for output in cell.outputs if output.output_type == "stream"]
    results = [o for o in cell.outputs if o.output_type == "execute_result"]
    for text in texts:
        text.name = "stdout"
    if error := running.failed(cell):
        stopped = error.ename == running.STOPPED
        # without the traceback, in which a hidden test may stand
        error.traceback = [
            error.evalue if stopped else f"{error.ename}: {error.evalue}"
        ]
        cell.outputs = [*texts, error]
    elif is_grade(results, cell.metadata.nbgrader.points):
        cell.outputs = texts + results
    else:
        running.stop(cell, "the check of this cell did not end with a number of points")


def is_grade(results: list[NotebookNode], points: float) -> bool:
    """Whether there is one result, a number from 0 to these points."""
    try:
        (result,) = results
        return 0 <= float(result.data["text/plain"]) <= points
    except (KeyError, TypeError, ValueError):
        return False
