"""Claims: what they print, and every way in which they must fall."""

import math

import numpy as np
import pytest
import torch

from lectures_lib import claims, training


@pytest.fixture(autouse=True)
def empty_ledger(monkeypatch):
    monkeypatch.setattr(claims, "_ledger", {})


@pytest.mark.parametrize("true", [True, np.bool_(True), torch.tensor(True)])
def test_a_claim_that_holds_prints_one_fixed_line(capsys, true):
    claims.claim("D4", "deeper is worse", true, error=0.123)
    assert capsys.readouterr().out == "✓ D4 deeper is worse\n"


@pytest.mark.parametrize("false", [False, np.bool_(False), torch.tensor([False])])
def test_a_claim_that_falls_shows_what_was_measured(false):
    with pytest.raises(
        claims.ClaimError, match=r"D4 .* deeper is worse\n.*error = 0\.123"
    ):
        claims.claim("D4", "deeper is worse", false, error=0.123)
    assert not claims.ledger()[0].holds


@pytest.mark.parametrize(
    "nan",
    [
        math.nan,
        np.array([1.0, math.nan]),
        torch.tensor(math.nan, requires_grad=True),
        torch.tensor([1.0, math.nan], dtype=torch.bfloat16),
        complex(0, math.nan),
        [1.0, ["a", math.nan]],
        {"error": math.nan},
        training.History(train_loss=[math.nan]),
    ],
)
def test_a_measured_nan_makes_a_claim_fall(nan):
    with pytest.raises(claims.ClaimError, match="nan"):
        claims.claim("D4", "deeper is worse", True, error=nan)


@pytest.mark.parametrize("fine", [1, "nan", None, [], torch.ones(2), {"a": [1.0, "b"]}])
def test_what_is_not_nan_may_be_measured(fine):
    claims.claim("D4", "deeper is worse", True, value=fine)


@pytest.mark.parametrize("margin", [0, -0.1, torch.tensor(-1.0)])
def test_a_margin_that_is_used_up_makes_a_claim_fall(margin):
    with pytest.raises(claims.ClaimError):
        claims.claim("D4", "deeper is worse", True, margin=margin)


def test_a_condition_that_is_nan_falls():
    with pytest.raises(claims.ClaimError):
        claims.claim("D4", "deeper is worse", math.nan)


@pytest.mark.parametrize(
    "condition", [(False, 1), [False], 1, 0.5, "no", None, torch.tensor([True, False])]
)
def test_what_is_not_one_truth_value_is_refused(condition):
    with pytest.raises(TypeError, match="one truth value"):
        claims.claim("D4", "deeper is worse", condition)


def test_running_a_cell_again_replaces_its_claim():
    for error in (0.2, 0.3):
        claims.claim("D4", "deeper is worse", True, error=error)
    claims.claim("D4", "another sentence", True)
    assert [c.measured for c in claims.ledger()] == [{"error": 0.3}, {}]
