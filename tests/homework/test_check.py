"""homework.check and what checks.py is written with: each function, each message."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lectures_lib as ll
from lectures_lib import homework
from lectures_lib.homework import (
    Hint,
    NotDone,
    ask,
    checking,
    expect,
    integer,
    kind,
    run_in_order,
    same,
    task,
    the_line,
)
from tests.homework import tiny
from tools.homework.hidden import examine


class Equal:
    """An object that equals everything, and has any attribute."""

    shape, dtype, device = (2,), torch.float32, torch.device("cpu")

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: self

    def __call__(self, *arguments: object) -> "Equal":
        return self

    def __sub__(self, other: object) -> int:
        return 0

    __rsub__ = __sub__


class EqualTensor(torch.Tensor):
    """A tensor that every comparison finds right."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True


class EqualNumber(float):
    def __sub__(self, other: object) -> float:
        return 0.0

    __rsub__ = __sub__


def hint_of(seen: object, expected: object, **options: object) -> str:
    """The hint of `same`, or "" when the two are the same."""
    try:
        same(seen, expected, **options)
    except Hint as hint:
        return str(hint)
    return ""


ONES = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (ONES + 1e-6, ONES),
        (nn.Parameter(ONES.clone()), ONES),
        (ONES.to_sparse(), ONES),
        (ONES.t().contiguous().t(), ONES),
        (torch.tensor(float("nan")), torch.tensor(float("nan"))),
        (torch.tensor(float("inf")), torch.tensor(float("inf"))),
        (torch.tensor([1, 2]), torch.tensor([1, 2])),
        (2.0, 2),
        (2, 2.0),
        (torch.tensor(2), 2),
        (torch.tensor([2.00001]), 2.0),
        (np.float32(2), 2.0),
        (np.int64(2), 2),
        ([1, (2.0, "a")], (1, [2.0, "a"])),
        ((ONES, 3), [ONES, 3]),
        (True, True),
        ("same", "same"),
    ],
)
def test_what_is_the_same_is_found_so(seen, expected):
    assert hint_of(seen, expected) == ""


@pytest.mark.parametrize(
    ("seen", "expected", "hint"),
    [
        (None, ONES, "the result is None: is there a `return`?"),
        (torch.ones(3, 2), ONES, "expected a tensor (2, 3) of torch.float32, got a"),
        (ONES.double(), ONES, "got a tensor (2, 3) of torch.float64"),
        (
            ONES.tolist(),
            ONES,
            "expected a tensor (2, 3) of torch.float32, got a list of",
        ),
        (ONES.numpy(), ONES, "got a ndarray"),
        (torch.full((2, 3), float("nan")), ONES, "6 of 6 numbers are NaN"),
        (
            ONES.cumsum(1),
            ONES,
            "4 of 6 numbers differ; the most at [0, 2]: expected 1,",
        ),
        (torch.tensor(3.0), torch.tensor(1.0), "the most at []: expected 1, got 3"),
        (torch.tensor([1, 3]), torch.tensor([1, 2]), "1 of 2 numbers differ"),
        (ONES.to("meta"), ONES, "expected it on cpu, got it on meta"),
        (Equal(), ONES, "got an Equal"),
        (ONES.as_subclass(EqualTensor), ONES, "got an EqualTensor"),
        (3, 2, "3 is not right"),
        (2.1, 2.0, "2.1 is not right"),
        (2.0001, 2, "2.0001 is not right"),
        (float("nan"), 2.0, "nan is not right"),
        ("2", 2, "'2' is not right"),
        (True, 1, "True is not right"),
        (1, True, "1 is not right"),
        (Equal(), 2, "an Equal is not right"),
        (EqualNumber(7), 2.0, "is not right"),
        (ONES, 2.0, "a tensor (2, 3) of torch.float32 is not right"),
        (type("Text", (str,), {"__eq__": lambda *_: True})("x"), "y", "is not right"),
        ([1, 2], [1, 2, 3], "expected a list of 3, got a list of 2"),
        (Equal(), [1, 2], "expected a list of 2, got an Equal"),
        ([1, Equal()], [1, 2], "at [1]: an Equal is not right"),
        ([[5, 29], 3], [[5, 28], 3], "at [0]: at [1]: 29 is not right"),
    ],
)
def test_what_differs_is_told_in_words(seen, expected, hint):
    found = hint_of(seen, expected)
    assert found and hint in found
    assert found.startswith("the result")


def test_the_mistake_that_fits_gives_its_hint():
    mistakes = {"rows, not columns": ONES * 2, "the mean, not the sum": ONES * 3}
    assert hint_of(ONES * 3, ONES, mistakes=mistakes) == "the mean, not the sum"
    assert hint_of(ONES, ONES, mistakes={"never": ONES}) == ""
    assert hint_of(ONES * 4, ONES, mistakes=mistakes, what="y").startswith("y: 6 of 6")
    assert hint_of(ONES + 0.1, ONES, tolerance=0.2) == ""


def test_expect_raises_the_hint_unless_it_holds():
    expect(True, "never")
    with pytest.raises(Hint, match="said"):
        expect([], "said")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ONES, "a tensor (2, 3) of torch.float32"),
        ([1, 2], "a list of 2"),
        ((1,), "a tuple of 1"),
        (1.5, "1.5"),
        ("a", "'a'"),
        (True, "True"),
        ({}, "a dict"),
        (Equal(), "an Equal"),
        (nn.ReLU(), "a ReLU"),
    ],
)
def test_kind_says_what_a_value_is(value, said):
    assert kind(value) == said


# ask


def asked(function: object, *arguments: object, forbidden=()) -> str:
    """The hint for a function, or "" when it gives its result."""
    with checking._forbidding(forbidden):
        try:
            ask(function, *arguments)
        except Hint as hint:
            return str(hint)
    return ""


def changing(x):
    x += 1
    return x


def reshaping(x):
    return x.unsqueeze_(0)


def failing(x):
    return x @ torch.ones(7)


class Failing(nn.Module):
    def __init__(self) -> None:
        raise ValueError("no width")


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        (3, "expected a function or class, got 3"),
        (None, "expected a function or class, got a NoneType"),
        (lambda x: None, "it returns None: is there a `return`?"),
        (changing, "it changes its argument number 1 in place (`x`): whoever"),
        (reshaping, "it changes its argument number 1 in place"),
        (failing, "it raises RuntimeError: "),
        (lambda: 1, "it raises TypeError: "),
        (lambda x: Failing(), "it raises ValueError: no width"),
    ],
)
def test_ask_tells_what_is_wrong_with_a_function(function, hint):
    assert asked(function, torch.ones(2)).startswith(hint)


def test_ask_gives_what_the_function_gives():
    assert ask(lambda x, y=1: x + y, 2, y=3) == 5
    assert isinstance(ask(nn.Linear, 2, 3), nn.Linear)
    assert ask(Equal(), 1) is not None


def test_how_to_write_into_a_parameter_is_told():
    layer = nn.Linear(1, 1)
    for fill in (lambda: layer.bias.fill_(1), lambda: setattr(layer, "bias", 1.0)):
        assert asked(fill).endswith(f". {checking.UNDER}")


def test_the_line_that_raises_is_shown():
    names: dict = {}
    source = "def f(x):\n    y = 3\n    return x / (y - 3)\n"
    exec(compile(source, "<cell 3>", "exec"), names)
    assert asked(names["f"], 1).startswith("it raises ZeroDivisionError: ")


def warning(x):
    warnings.warn("odd", stacklevel=1)
    return x


def test_a_warning_costs_nothing(recwarn):
    assert ask(warning, 1) == 1 and not recwarn.list


@pytest.mark.parametrize(
    "blank",
    [
        ...,
        lambda x: ...,
        lambda x: x + ...,
        lambda x: torch.relu(...),
        lambda x: len(...),
        lambda x: x @ ...,
        type("Net", (), {"__init__": lambda self, x: ...}),
    ],
)
def test_what_is_blank_is_not_done(blank):
    with pytest.raises(NotDone):
        ask(blank, torch.ones(2))


def not_implemented(x):
    raise NotImplementedError


def test_not_implemented_is_not_done():
    with pytest.raises(NotDone):
        ask(not_implemented, 1)


def test_a_module_without_forward_is_no_blank():
    with pytest.raises(Hint, match=r"Module \[ModuleList\] is missing"):
        ask(torch.nn.ModuleList(), 1)


# What a task forbids.

renamed = torch.cumsum


def by_method(x):
    return x.cumsum(0)


def nested(x):
    return torch.stack([by_other_name(part) for part in (x, x)])


def by_other_name(x):
    return renamed(x, 0)


def through_getattr(x):
    return getattr(torch, "cum" + "sum")(x, 0)


@pytest.mark.parametrize("function", [by_other_name, nested, through_getattr])
def test_a_forbidden_function_is_seen_under_any_name(function):
    said = asked(function, torch.ones(2), forbidden=["torch.cumsum"])
    assert said == "it calls cumsum: write that yourself"


def test_a_forbidden_method_and_several_names_are_seen():
    both = ["torch.cumsum", "torch.Tensor.cumsum"]
    assert "cumsum" in asked(by_method, torch.ones(2), forbidden=both)
    assert asked(lambda x: torch.relu(x), ONES, forbidden=both) == ""


def test_a_forbidden_class_is_seen_when_it_is_made():
    layer = "torch.nn.BatchNorm2d"
    assert "BatchNorm2d" in asked(lambda: nn.BatchNorm2d(3), forbidden=[layer])

    class Mine(nn.BatchNorm2d):
        pass

    assert "BatchNorm2d" in asked(lambda: Mine(3), forbidden=[layer])
    assert asked(lambda: nn.BatchNorm1d(3), forbidden=["torch.nn.Linear"]) == ""


def test_the_librarys_own_answer_is_seen():
    library = "lectures_lib.environment.generator"
    assert "generator" in asked(ll.environment.generator, 1, forbidden=[library])


def test_nothing_stays_forbidden():
    assert "cumsum" in asked(by_other_name, torch.ones(2), forbidden=["torch.cumsum"])
    assert asked(by_other_name, torch.ones(2)) == ""


# integer, the_line


def test_integers_reach_both_ends():
    draw = torch.Generator().manual_seed(0)
    assert {integer(draw, 3, 5) for _ in range(100)} == {3, 4, 5}


def test_the_line_asked_for_is_taken_and_each_other_told_why_not():
    why = {1: "an empty list", 3: "it only prints"}
    the_line(2, 2, why)
    with pytest.raises(Hint, match="line 3: it only prints"):
        the_line(3, 2, why)


@pytest.mark.parametrize("line", [0, 4, 2.0, True, "2", None, [2], Equal()])
def test_what_is_no_number_of_a_line_is_refused(line):
    with pytest.raises(Hint, match="expected the number of a line, from 1 to 3, got "):
        the_line(line, 2, {1: "an empty list", 3: "it only prints"})


# run_in_order

LINES = ["a = b", "b = 1"]


def run(lines, order):
    return run_in_order(lines, order, {}, "no {name}", "line {line}: {why}")


def test_lines_are_run_in_order():
    assert run(LINES, [2, 1])["a"] == run(LINES, (2, 1))["a"] == 1


@pytest.mark.parametrize(
    ("lines", "order", "hint"),
    [
        (LINES, [1, 2], "no b"),
        (["if True:", "    a = 1"], [2, 1], "line 2: unexpected indent"),
        (["a = 1", "if True:"], [1, 2], "line 2: expected an indented block"),
    ],
)
def test_an_order_that_cannot_run_gets_its_hint(lines, order, hint):
    with pytest.raises(Hint, match=hint):
        run(lines, order)


@pytest.mark.parametrize(
    "order",
    [[1], [1, 1], [0, 1], [1, 2, 3], [1.0, 2.0], [True, 2], "21", None, Equal()],
)
def test_an_order_that_is_none_is_told(order):
    with pytest.raises(Hint, match="expected a list with each of 1 to 2 once, such as"):
        run(LINES, order)


# grade


def half(draw, answer):
    same(answer, 1, {"that is one less": 0})
    yield 1, "the first"
    expect(draw.initial_seed() < 2, "not for this seed")
    yield 2, "the second"


def grades(test: checking.Task, answer: object, seed: int = 0) -> tuple[float, list]:
    said: list[str] = []
    return checking.grade(test, (answer,), seed, said.append), said


def test_points_are_summed_until_the_first_mistake():
    test = task(3)(half)
    assert grades(test, 1) == (3, ["✓ the first", "✓ the second"])
    assert grades(test, 1, seed=2) == (1, ["✓ the first", "✗ not for this seed"])
    assert grades(test, 0) == (0, ["✗ that is one less"])
    assert grades(test, ...) == (0, ["… not done yet"])


def test_an_answer_that_the_check_did_not_expect_is_told():
    def clumsy(draw, answer):
        yield len(answer), "never"

    points, (said,) = grades(task(1)(clumsy), 5)
    assert points == 0 and said.startswith(
        "✗ it raises TypeError: object of type 'int'"
    )


def test_the_instance_is_the_seeds():
    def drawn(draw, answer):
        answer.append(torch.rand(1, generator=draw).item())
        yield 1, "drawn"

    seen: list[float] = []
    for seed in (0, 0, 1):
        grades(task(1)(drawn), seen, seed)
    assert seen[0] == seen[1] != seen[2]


# check, in the folder of a homework


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The folder of the tiny homework, and Python works in it."""
    home = tmp_path / tiny.NAME
    home.mkdir()
    (home / "checks.py").write_text(tiny.CHECKS, encoding="utf-8")
    monkeypatch.chdir(home)
    monkeypatch.delenv(homework.HIDDEN, raising=False)
    return home


def running(x):
    print("SEEN", x.tolist())
    return torch.stack([x[: number + 1].sum() for number in range(len(x))])


def only_up_to_six(x):
    return running(x) if len(x) < 7 else x


def test_check_prints_and_returns_the_points(folder, capsys):
    assert homework.check("running", lambda x: running(x)) == 3.0
    said = capsys.readouterr().out
    assert "✓ one number is its own sum" in said and said.endswith("\n3 of 3 points\n")
    assert homework.check("order", [1, 2]) == 0.0
    assert capsys.readouterr().out.splitlines() == [
        *("✗ line 1 uses what line 2 makes", "0 of 1 points")
    ]
    assert homework.check("order", ...) == 0.0
    assert capsys.readouterr().out == "… not done yet\n0 of 1 points\n"


@pytest.mark.parametrize("answer", [Equal(), Equal, lambda x: Equal(), EqualNumber(3)])
def test_an_object_that_equals_everything_gets_no_points(folder, capsys, answer):
    for name in ("running", "order"):
        assert homework.check(name, answer) == 0.0
    assert capsys.readouterr().out.count("✗ ") == 2


def test_checks_are_read_anew(folder, capsys):
    assert homework.check("order", [2, 1]) == 1.0
    path = folder / "checks.py"
    path.write_text(tiny.CHECKS.replace("works", "runs"), encoding="utf-8")
    homework.check("order", [2, 1])
    assert "an order that runs" in capsys.readouterr().out


def test_the_wrong_folder_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(homework.HomeworkError, match=r"no checks\.py in .*own folder"):
        homework.check("order", [2, 1])
    assert homework.check("order", [2, 1], folder=folder) == 1.0


def test_an_unknown_task_is_told(folder):
    with pytest.raises(
        homework.HomeworkError, match="'orders': expected one of running, o"
    ):
        homework.check("orders", [2, 1])


def test_hidden_tests_take_points_and_say_nothing(
    folder, tmp_path, capsys, monkeypatch
):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / f"{tiny.NAME}.py").write_text(tiny.HIDDEN, encoding="utf-8")
    monkeypatch.setenv(homework.HIDDEN, os.fspath(hidden))
    assert homework.check("running", running) == 3.0
    assert capsys.readouterr().out.count("SEEN") == 2  # not of the hidden instances
    assert homework.check("running", only_up_to_six) == 1.0
    said = capsys.readouterr().out
    assert "✗ A hidden test has a case that fails." in said and "SECRET" not in said
    assert said.count("SEEN") == 2 and said.endswith("1 of 3 points\n")
    assert homework.check("order", [2, 1]) == 1.0  # no hidden test of its own
    (hidden / f"{tiny.NAME}.py").unlink()
    with pytest.raises(homework.HomeworkError, match=r"no homework_1\.py in"):
        homework.check("order", [2, 1])


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "(11, 12)",
            "(271)",
            "SEEDS is 271; expected whole numbers from 0 on, such as",
        ),
        ("(11, 12)", "()", r"SEEDS is \(\);"),
        ("(11, 12)", "(1.0, 2.0)", r"SEEDS is \(1.0, 2.0\);"),
        ("(11, 12)", "(True, -1)", r"SEEDS is \(True, -1\);"),
        ("SEEDS =", "SEED =", "SEEDS is None;"),
        ("(11, 12)", "(11, 12", "homework_1.py: SyntaxError: '\\(' was never closed"),
        ("import torch\n", "import torsh\n", "ModuleNotFoundError: No module named"),
        ("@task(points=3)\n", "", "points of running differ: none, for want of @task"),
        ("points=3", "points=2", "running differ: 2 here, 3 in checks.py"),
        (
            "def running",
            "def runing",
            "runing differ: 3 here, no such task in checks.py",
        ),
    ],
)
def test_a_mistake_in_the_hidden_file_is_named(tmp_path, old, new, what):
    hidden, checks = tmp_path / f"{tiny.NAME}.py", tmp_path / "checks.py"
    checks.write_text(tiny.CHECKS, encoding="utf-8")
    hidden.write_text(tiny.HIDDEN, encoding="utf-8")
    examine(hidden, checks)
    hidden.write_text(tiny.HIDDEN.replace(old, new) + "# longer", encoding="utf-8")
    with pytest.raises(homework.HomeworkError, match=what) as error:
        examine(hidden, checks)
    assert str(error.value).startswith(f"{hidden}: ") and "\n" not in str(error.value)


def test_an_answer_that_asks_is_told_that_nobody_answers():
    def running(x):
        raise RuntimeError("raw_input was called, but … support input requests.")

    with pytest.raises(Hint, match=r"Nobody answers `input\(\)` here: write the value"):
        ask(running, 1)
