"""What the course does in its own way within nbgrader; nbgrader_config.py names it."""

import ast
import re

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions as NbgradersClearSolutions
from traitlets import List

STUB = "return ...  # your code, in place of this line"
BLANK = re.compile(r"^([^\S\n]*)(.*?)  # BLANK$", re.M)
WITH_VALUE = (ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign)


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
