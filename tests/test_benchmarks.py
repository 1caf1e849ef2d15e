"""The benchmarks run, and what they compare is the same; no speed is asserted."""

import mmap
import re
import runpy
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lectures_lib import data

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def script(name: str) -> dict:
    """The names that a benchmark defines (no .pyc is left after)."""
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


GRAPHS_OF_CORAS_SIZE, BUT_SMALL = {"nodes": 100, "features": 35}, ["--epochs", "2"]
BUT_SMALL += ["--repetitions", "1", "--largest", "10000", "--megabytes", "1"]


def sizes(chosen: dict[str, int]) -> list[str]:
    return [word for name, size in chosen.items() for word in (f"--{name}", str(size))]


def test_graphs_prints_its_tables(capsys, monkeypatch):
    main = script("graphs")["main"]
    # Each memory takes a process of its own; one of them is tried below.
    monkeypatch.setitem(main.__globals__, "peak_of_training", lambda *_: 7.0)
    monkeypatch.delenv("LECTURES_DATA", raising=False)
    main([*sizes(GRAPHS_OF_CORAS_SIZE), *BUT_SMALL])
    said = capsys.readouterr().out
    assert "Made like Cora: 100 nodes" in said
    number = r"[\d.]+ \([\d.]+ to [\d.]+\)"
    for row in ("ours, sparse x", "ours, dense x", "GCNConv, sparse x"):
        assert re.search(rf"^{row} +{number} +{number} +{number} +7$", said, re.M)
    for row in ("1,000", "10,000"):
        numbers = r"[\d.]+ +[\d.]+ +[\d.]+ +\d+ % +\d+ % +\d+"
        assert re.search(rf"^ +{row} +{numbers}$", said, re.M)
    assert re.search(r"^ +slope +-?[\d.]+ +-?[\d.]+$", said, re.M)
    assert re.search(r"^memory: copied in order, [\d.]+ GB/s; rows at", said, re.M)


def test_memory_of_graph_training_is_measured_in_a_fresh_process():
    names = script("graphs")
    chosen = SimpleNamespace(**GRAPHS_OF_CORAS_SIZE)
    assert 0 < names["peak_of_training"]("ours, sparse x", chosen) < 200


def test_peak_memory_sees_what_is_freed_again():
    def work() -> None:
        with mmap.mmap(-1, 2**26) as held:  # 64 MiB, never from what torch has freed
            held[:: mmap.PAGESIZE] = bytes(2**26 // mmap.PAGESIZE)
            time.sleep(0.3)

    assert 60 < script("graphs")["peak_memory"](work) < 100


def test_all_ways_learn_on_graphs():
    names = script("graphs")
    graph = names["like_cora"](400, 140)
    for train, sparse in names["WAYS"].values():
        accuracy = train(names["in_layout"](graph, sparse), 100, 0)
        assert accuracy > 0.3  # one in seven by chance


def test_the_slope_of_a_straight_line_is_found():
    line = [{"edges": 10**k, "forward": 3e-9 * 10**k} for k in range(3, 8)]
    assert script("graphs")["slope"](line, "forward") == pytest.approx(1)


def test_the_median_stands_before_the_range():
    assert script("training")["spread"]([3, 1, 2], ".1f", " %") == "2.0 % (1.0 to 3.0)"


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        script("training")["main"](["--images", "many"])
    assert "invalid int value: 'many'" in capsys.readouterr().err
