"""A hundred submissions in all shapes at once: the list, and what is then graded."""

import pytest

from tests.homework import hundred, tiny
from tests.homework.test_submissions import STARTER, answered
from tools.homework import submissions
from tools.homework.collecting import collect

NAME = tiny.NAME
ANSWERS = {
    "right": answered("order = 'right'"),
    "wrong": answered("order = 'wrong'"),
    "blank": STARTER,
}


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The course's folder, and the lists of both collections."""
    course = tmp_path_factory.mktemp("course")
    zips = hundred.write(course, NAME, hundred.contents(**ANSWERS))
    return course, [collect(place, NAME, course) for place in zips]


def test_there_are_a_hundred():
    assert sum(map(len, hundred.rows(NAME))) == 100


@pytest.mark.parametrize("number", [0, 1])
def test_each_is_listed_as_what_it_is(collected, number):
    course, lists = collected
    assert sorted(lists[number]) == sorted(hundred.listed(course, NAME)[number])


@pytest.mark.parametrize("student", hundred.counting(NAME))
def test_the_right_notebook_of_each_is_graded(collected, tmp_path, student):
    row = hundred.counting(NAME)[student]
    folder = collected[0] / "submitted" / student / NAME
    try:
        remarks = submissions.prepare(folder, STARTER, NAME, tmp_path / "graded")
        found = submissions.read(tmp_path / "graded" / f"{NAME}.ipynb")
    except submissions.Unreadable as error:
        assert row.mark == "none" and str(error).startswith(row.said)
    else:
        due = "" if row.said == "blank" else row.said  # grading says that
        assert "; ".join(remarks).startswith(due) and bool(remarks) == bool(due)
        answers = submissions.answered(ANSWERS[row.mark])
        assert submissions.answered(found) == answers
