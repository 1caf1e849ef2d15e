"""Marks: what was given by hand stays, and a spreadsheet shows what is meant."""

import csv
import os
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_output
from nbgrader.api import Gradebook, MissingEntry

from tests.homework import tiny
from tools.homework import marks

# nbgrader's, while it adds a submission
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")
NAME = tiny.NAME
POSSIBLE = {"running": 3.0, "order": 1.0}


@pytest.fixture
def database(tmp_path, monkeypatch) -> str:
    """A gradebook in which two students have 1 point in each task."""
    programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(programs))  # alembic
    url = f"sqlite:///{(tmp_path / 'gradebook.db').as_posix()}"
    with Gradebook(url, "course") as gradebook:
        gradebook.add_assignment(NAME)
        gradebook.add_notebook(NAME, NAME)
        for task, points in POSSIBLE.items():
            options = {"max_score": points, "cell_type": "code"}
            gradebook.add_grade_cell(f"check_{task}", NAME, NAME, **options)
        for student in ("ada", "bob"):
            gradebook.add_student(student)
            gradebook.add_submission(NAME, student)
            for task in POSSIBLE:
                grade = gradebook.find_grade(f"check_{task}", NAME, NAME, student)
                grade.auto_score = 1
        gradebook.find_grade("check_running", NAME, NAME, "ada").manual_score = 2.5
        gradebook.db.commit()
    return url


def test_a_mark_given_by_hand_is_found(database):
    given = marks.by_hand(database, NAME)
    assert given == {"ada": {"running": (2.5, 0.0)}}
    assert marks.final({"running": 1, "order": 1}, given["ada"]) == {
        "running": 2.5,
        "order": 1,
    }
    assert marks.final(None, given["ada"]) == {"running": 2.5}
    assert marks.final(None, {}) is None


def test_only_what_grading_found_is_taken_back(database):
    for student in ("ada", "bob", "nobody"):
        marks.take_back(database, NAME, student)
    with Gradebook(database) as gradebook:
        assert gradebook.find_submission(NAME, "ada").score == 2.5
        with pytest.raises(MissingEntry):
            gradebook.find_submission(NAME, "bob")


def table(path: Path, records: dict, owners: dict) -> list[dict[str, str]]:
    marks.table(path, POSSIBLE, records, {}, owners)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_is_made_for_a_spreadsheet(tmp_path):
    record = {"points": {"running": 0.0, "order": 0.0}, "problems": ["-1; blank"]}
    owners = {"=1+1": {"student": "+Ada, Öberg", "number": "7"}}
    path = tmp_path / "marks.csv"
    (row,) = table(path, {"=1+1": record}, owners)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert row == {
        "student": "'=1+1",
        "name": "'+Ada, Öberg",
        "number": "7",
        "points": "0.0",
        "of": "4.0",
        "running": "0.0",
        "order": "0.0",
        "problems": "'-1; blank",
    }


def failing(name: str, grade_id: str, error: str, why: str) -> str:
    notebook = tiny.source()
    cell = next(cell for cell in notebook.cells if cell.id == name)
    assert cell.metadata.nbgrader.grade_id == grade_id
    cell.outputs = [new_output("error", ename=error, evalue=why, traceback=[])]
    return marks.not_checked(notebook)


@pytest.mark.parametrize("name", sorted(marks.GRADERS))
def test_an_error_of_the_checks_themselves_is_no_mark(name):
    assert failing("check-order", "check_order", name, "why") == (
        f"order: raises {name}: why"
    )
    assert failing("check-order", "check_order", "NameError", "the student's") == ""
    assert failing("order", "order", name, "the student's") == ""


def test_the_courses_own_cell_that_was_stopped_is_no_mark():
    late = "took longer than 60 s"
    assert failing("setup", "setup", "Stopped", late) == (
        f"the cell setup, not the student's: {late}"
    )
    assert failing("check-order", "check_order", "Stopped", late) == ""
    assert failing("setup", "setup", "Stopped", f"all cells together {late}") == ""
