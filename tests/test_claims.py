"""Claims: what they print, how far they are from falling, every way they must fall."""

import math

import numpy as np
import pytest
import torch

from lectures_lib import claims
from lectures_lib.claims import among, claim, equal, falling, less, more, rising

NAN = math.nan


@pytest.fixture(autouse=True)
def empty_ledger(monkeypatch):
    monkeypatch.setattr(claims, "_ledger", {})


# What a claim prints, keeps and refuses.


@pytest.mark.parametrize("true", [True, np.bool_(True), torch.tensor(True)])
def test_a_claim_that_holds_prints_one_fixed_line(capsys, true):
    claim("D4", "deeper is worse", true, more(0.7, than=0.2))
    assert capsys.readouterr().out == "✓ D4 deeper is worse\n"


@pytest.mark.parametrize(
    "false", [False, np.bool_(False), torch.tensor([False]), NAN, torch.tensor(NAN)]
)
def test_one_comparison_that_does_not_hold_makes_a_claim_fall(false):
    with pytest.raises(claims.ClaimError, match="D4 does not hold: deeper is worse"):
        claim("D4", "deeper is worse", more(2, than=1), false)
    assert claims.ledger()[0].holds is False


def test_a_claim_that_falls_shows_all_that_was_compared():
    compared = more({"train": 0.7, "test": 0.25}, than=0.3), less(1, than=61_706)
    with pytest.raises(claims.ClaimError) as fallen:
        claim("D4", "deeper is worse", *compared, error=0.123)
    assert str(fallen.value).splitlines()[1:] == [
        "  ✗ test: 0.25 > 0.3",
        "  ✓ 1 < 61,706",
        "  error = 0.123",
    ]


@pytest.mark.parametrize(
    "condition", [(False, 1), [False], 1, 0.5, "no", None, torch.tensor([True, False])]
)
def test_what_is_not_one_truth_value_is_refused(condition):
    with pytest.raises(TypeError, match=r"comparisons or truth values, got .* write"):
        claim("D4", "deeper is worse", condition)


def test_a_claim_without_a_comparison_is_refused():
    with pytest.raises(TypeError, match="compares nothing"):
        claim("D4", "deeper is worse", error=0.1)


def test_comparisons_joined_by_and_are_refused():
    with pytest.raises(TypeError, match="side by side"):
        claim("D4", "deeper is worse", more(1, than=2) and more(2, than=1))


def test_running_a_cell_again_replaces_its_claim():
    for error in (0.2, 0.3):
        claim("D4", "deeper is worse", more(error, than=0))
    claim("D4", "another sentence", True)
    first, second = claims.ledger()
    assert first.comparisons[0].left == 0.3 and second.sentence == "another sentence"


# Comparisons: truth, distance, scale, and the closest pair.


@pytest.mark.parametrize(
    ("found", "distance", "scale"),
    [
        (more(3, than=1), 2, "difference"),
        (more(3, than=1, by=0.5), 1.5, "difference"),
        (less(1, than=3, by=0.5), 1.5, "difference"),
        (more(6, than=1, times=2), math.log(3), "ratio"),
        (less(1, than=8, times=1 / 2), math.log(4), "ratio"),
        (more(6, than=2, scale="ratio"), math.log(3), "ratio"),
        (more(0.9, than=0.5, scale="log odds"), math.log(9), "log odds"),
        (more({"a": 5, "b": 2}, than={"b": 1, "a": 3}), 1, "difference"),
        (more({"a": [5, 2], "b": torch.ones(3)}, than=0), 1, "difference"),
        (less(np.ones((2, 3)), than=[[2], [4]]), 1, "difference"),
        (rising([1, 3, 4]), 1, "difference"),
        (falling({"a": 4, "b": 2, "c": -1}), 2, "difference"),
        (falling(np.array([2.0, 2.0]), by=-1e-9), 1e-9, "difference"),
        (among(2.0, np.array([1.0, 2.0, 3.0])), 5, "standard deviations"),
        (among({"a": 4.0}, {"a": np.array([1.0, 2, 3])}), 3, "standard deviations"),
    ],
)
def test_what_holds_knows_its_distance(found, distance, scale):
    assert found.holds is True and found.scale == scale
    assert found.distance == pytest.approx(distance, rel=1e-6)


@pytest.mark.parametrize(
    "found",
    [
        more(1, than=1),
        more(0, than=1, scale="ratio"),
        more([3, 2, 1], than=[2, 1, 1]),
        less({"a": 0, "b": 9}, than=1),
        rising([1, 2, 2]),
        falling({"a": 1, "b": 2}),
        more(NAN, than=0),
        more(1, than=[0, NAN]),
        more(torch.tensor([1.0, NAN], dtype=torch.bfloat16), than=0),
        more(math.inf, than=math.inf),
        less(-1, than=1, scale="ratio"),
        among(9.0, np.array([1.0, 2.0, 3.0])),
        among(NAN, np.array([1.0, 2.0, 3.0])),
        among(0.5, np.array([0.0, 0.5, 0.6]), scale="log odds"),
        equal(1, to=2),
        equal(NAN, to=NAN),
        equal([1, 2], to=[1, 2, 3]),
        equal({"a": [0, 0.1]}, to=0),
        equal(np.ones(2), to=[1, 2]),
        equal({"a": 1}, to={"b": 1}),
        equal(torch.ones(2), to=torch.tensor([1.0, NAN])),
        equal(np.array([1, 2.1]), to=[1, 2], within=0.01),
        equal(NAN, to=1, within=9),
    ],
)
def test_what_does_not_hold(found):
    assert found.holds is False


@pytest.mark.parametrize(
    "found",
    [
        equal(3, to=3.0),
        equal([(1, 2), "a"], to=((1, 2), "a")),
        equal([1, 2], to=np.array([1.0, 2.0])),
        equal({"a": torch.ones(2)}, to={"a": np.ones(2)}),
        equal({"a": [0, 0.0], "b": torch.zeros(2)}, to=0),
        equal(torch.ones(2, 2), to=1 + 1e-6, within=1e-5),
        equal({"a": 1.0}, to={"a": 1.001}, within=0.01),
    ],
)
def test_what_is_equal_is_exact(found):
    assert found.holds is True
    assert found.distance is None and found.scale == "exact"


def test_what_was_compared_is_kept_as_it_is():
    found = equal(61_706, to=61_706)
    assert (found.left, found.relation, found.right) == (61_706, "=", 61_706)
    assert found.text == "61,706 = 61,706"


def test_where_two_values_part_is_told():
    found = equal({"a": [1, (2, 3)], "b": 1}, to={"a": [1, (2, 4)], "b": 2})
    assert found.holds is False and found.text == "a: [1]: [1]: 3 = 4"


@pytest.mark.parametrize(
    "compare",
    [
        lambda: more([], than=0),
        lambda: less({}, than=0),
        lambda: more({"a": 1}, than={"b": 1}),
        lambda: rising([1]),
    ],
)
def test_nothing_to_compare_is_refused(compare):
    with pytest.raises(ValueError, match=r"nothing to compare|other keys"):
        compare()


def test_standard_errors_are_those_of_paired_runs():
    one = np.array([[3.0, 1.0], [4.0, 1.0], [5.0, 4.0]])
    other = np.array([[1.0, 2.0], [1.0, 0.0], [1.0, 1.0]])
    expected = [3 / (1 / 3**0.5), 1 / (2 / 3**0.5)]
    assert claims.standard_errors(one, other) == pytest.approx(expected)


# What is missing.

GONE = claims.Missing("the file is not there")


@pytest.mark.parametrize(
    "value",
    [
        GONE,
        GONE[:, -1].mean(0),
        np.log(GONE) - np.ones(3),
        np.ones(3) / abs(GONE),
        np.minimum(np.ones(2), GONE),
        np.hstack([GONE, np.ones(2)]).std(0, ddof=1),
        {"a": 1, "b": GONE},
        [1, [2, GONE]],
        claims.standard_errors(GONE, np.ones(3)),
        claims.standard_errors(np.ones(3), GONE),
    ],
)
def test_what_rests_on_something_missing_is_not_checked(capsys, value):
    claim("D4", "deeper is worse", more(1, than=0), more(value, than=0))
    claim("D4", "so it is", less(0, than=value), equal(value, to=1))
    claim("D4", "and so", equal(value, to=1, within=0.1))
    line = "– D4 not checked: the file is not there\n"
    assert capsys.readouterr().out == 3 * line
    assert [c.holds for c in claims.ledger()] == [None, None, None]


def test_a_missing_run_is_among_nothing_and_no_truth_value(capsys):
    claim("D4", "deeper is worse", among({"a": 1.0}, {"a": GONE}), GONE > 3)
    assert "not checked" in capsys.readouterr().out


def test_a_claim_falls_even_where_something_else_is_missing():
    with pytest.raises(claims.ClaimError, match="the file is not there"):
        claim("D4", "deeper is worse", more(GONE, than=0), more(0, than=1))


def test_in_pictures_and_tables_what_is_missing_shows_nothing():
    assert list(GONE) == [] and len(GONE) == 0 and f"{GONE:5.1f}" == "–"
