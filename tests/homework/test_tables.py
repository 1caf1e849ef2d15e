"""The checks against answers that students give, assignment by assignment.

answers_N.py lists for each task wrong answers, each with words of the hint meant for
it, and right ones that are written differently. A tuple is an answer of several parts.
"""

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from pydoc import locate
from types import ModuleType

import pytest

from lectures_lib.homework import checking

HERE = Path(__file__).parent
COURSE = HERE.parents[1] / "notebooks" / "homework"
INSTANCES = 50  # that a right answer is tried on, unless answers_N.SEEDS says fewer


def modules() -> Iterator[tuple[ModuleType, ModuleType, ModuleType]]:
    """The answers, the checks and the hidden tests of each assignment."""
    for path in sorted(HERE.glob("answers_[1-6].py")):
        name = f"homework_{path.stem[-1]}"
        answers = importlib.import_module(f"tests.homework.{path.stem}")
        checks = checking.load(COURSE / "source" / name / "checks.py")
        yield answers, checks, checking.load(COURSE / "hidden" / f"{name}.py")


MODULES = list(modules())


def cases(table: str) -> list:
    """(check, answer, words of the hint, or number of instances) for each row."""
    found = []
    for answers, checks, _ in MODULES:
        for name, rows in getattr(answers, table).items():
            instances = getattr(answers, "SEEDS", {}).get(name, INSTANCES)
            for number, row in enumerate(rows, 1):
                row = row if table == "WRONG" else (row, instances)
                label = f"{answers.__name__[-1]}-{name}-{number}"
                found.append(pytest.param(checking.find(checks, name), *row, id=label))
    return found


def graded(test: checking.Task, answer: object, seed: int = 0) -> tuple[float, str]:
    """The points, and all that is said. A warning, which costs points, is an error."""
    said: list[str] = []
    answer = answer if isinstance(answer, tuple) else (answer,)
    with warnings.catch_warnings(action="error"):
        points = checking.grade(test, answer, seed, said.append)
    return points, "\n".join(said)


@pytest.mark.parametrize(("test", "answer", "hint"), cases("WRONG"))
def test_a_wrong_answer_loses_points_and_gets_its_hint(test, answer, hint):
    points, said = graded(test, answer)
    assert points < test.points
    assert hint in said


@pytest.mark.parametrize(("test", "answer", "instances"), cases("RIGHT"))
def test_a_right_answer_gets_all_points_on_every_instance(test, answer, instances):
    for seed in range(instances):
        points, said = graded(test, answer, seed)
        assert points == test.points, f"instance {seed}: {said}"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m[0].__name__[-9:])
def test_each_task_has_its_tables(module):
    answers, checks, hidden = module
    tasks = checking.tasks_of(checks)
    assert list(tasks) == list(answers.WRONG) == list(answers.RIGHT)
    for name, test in tasks.items():
        assert len(answers.WRONG[name]) >= 4, f"{name}: four wrong answers are needed"
        chosen = all(type(a) in (int, list, str) for a in answers.RIGHT[name])
        assert chosen or len(answers.RIGHT[name]) >= 3, f"{name}: three right ones"
        assert not [n for n in test.forbidden if locate(n) is None]
    assert set(checking.tasks_of(hidden)) <= set(tasks)
    assert len(hidden.SEEDS) >= 2


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m[0].__name__[-9:])
def test_right_answers_pass_the_hidden_tests(module):
    answers, _, hidden = module
    for name, test in checking.tasks_of(hidden).items():
        for answer in answers.RIGHT[name]:
            points, said = graded(test, answer)
            assert points == test.points, f"{name}: {said}"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m[0].__name__[-9:])
@pytest.mark.parametrize(
    "answer", [..., None, 3, "text", print, lambda *_: ..., object]
)
def test_what_is_no_answer_gets_no_points_and_a_sentence(module, answer):
    _, checks, _ = module
    for test in checking.tasks_of(checks).values():
        points, said = graded(test, (answer,))
        assert points == 0 and said
