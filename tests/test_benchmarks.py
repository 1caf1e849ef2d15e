"""The benchmarks run, and what they compare is the same; no speed is asserted."""

import re
import runpy
from pathlib import Path

import pytest
import torch
from torch import nn

from lectures_lib import data

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def script(name: str) -> dict:
    """The names that a benchmark defines (no .pyc is left behind)."""
    return runpy.run_path(str(BENCHMARKS / f"{name}.py"))


def test_training_prints_its_table(capsys):
    small = ["--images", "64", "--epochs", "1", "--repetitions", "1"]
    script("training")["main"](small)
    said = capsys.readouterr().out
    number = r"[\d.]+( %)? \([\d.]+ to [\d.]+\)"
    for row in ("training.fit", "textbook loop"):
        assert re.search(rf"^{row} +{number} +{number} +0\.\d+$", said, re.M)
    for row in ("ratio", "peak, GFLOP/s"):
        assert re.search(rf"^{row} +{number}$", said, re.M)
    assert f"torch {torch.__version__}" in said and " threads" in said


def test_both_loops_train_alike():
    names = script("training")
    images = data.digits("train", 128)  # one batch: the order does not matter
    weights = []
    for loop in names["LOOPS"].values():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        loop(model, images, epochs=5, seed=0)
        weights.append(model[1].weight)
    torch.manual_seed(0)
    start = nn.Linear(64, 10).weight
    assert (weights[0] - start).abs().max() > 0.01  # and not because neither trains
    torch.testing.assert_close(*weights)


def test_augmentation_prints_its_table(capsys):
    script("augmentation")["main"](["--images", "4", "--repetitions", "1"])
    said = capsys.readouterr().out
    for row in ("shift x", "cutout", "black", "whole pool"):
        assert re.search(
            rf"^{row} +[\d,]+ +[\d,]+ +\d+ \(\d+ to \d+\) +[\d,]+$", said, re.M
        )


def test_the_median_stands_before_the_range():
    assert script("training")["spread"]([3, 1, 2], ".1f", " %") == "2.0 % (1.0 to 3.0)"


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        script("training")["main"](["--images", "many"])
    assert "invalid int value: 'many'" in capsys.readouterr().err
