"""The numbers that a student answers with are those which the checks speak of."""

import re

import nbformat
import pytest

from tests.homework.test_tables import COURSE, homework


@pytest.fixture(params=["homework_1", "homework_2"])
def assignment(request):
    folder = COURSE / "source" / request.param
    notebook = nbformat.read(folder / f"{request.param}.ipynb", as_version=4)
    return homework.load(folder / "checks.py"), notebook


def test_the_shuffled_lines_stand_in_the_notebook(assignment):
    checks, notebook = assignment
    shown = "\n".join(f"{n}  {line}" for n, line in enumerate(checks.LINES, 1))
    assert any(f"```\n{shown}\n```" in cell.source for cell in notebook.cells)


def test_each_line_of_the_faulty_program_has_a_hint_or_is_the_answer(assignment):
    checks, notebook = assignment
    (program,) = (c.source for c in notebook.cells if c.id == "which-line-program")
    numbers = [int(n) for n in re.findall(r"  # (\d+)$", program, re.M)]
    answer = next(c for c in notebook.cells if c.id == "which-line-answer").source
    (line,) = re.findall(r"^line = (\d+)", answer)
    assert numbers == list(range(1, max(numbers) + 1))
    assert {int(line), *checks.LINE_HINTS} == set(numbers)
