"""The benchmarks run, and what they compare is the same; no speed is asserted."""

import json
import math
import mmap
import time
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks import graphs, rows, training
from benchmarks.__main__ import NAMES, main
from lectures_lib import data

SMALL = {"nodes": 100, "features": 35}


@pytest.mark.parametrize("name", ["training", "augmentation", "graphs", "imports"])
def test_a_benchmark_sets_every_figure_against_one_of_the_same_run(
    name, tmp_path, monkeypatch, capsys
):
    # Each memory takes a process of its own; one of them is tried below.
    monkeypatch.setattr(graphs, "peak_of_training", lambda *_, **__: 7.0)
    monkeypatch.delenv("LECTURES_DATA", raising=False)
    threads = torch.get_num_threads()
    try:
        main([name, "--small"], tmp_path)
    finally:
        torch.set_num_threads(threads)
    kept = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
    assert kept["command"] == f"python -m benchmarks {name} --small"
    assert kept["versions"]["torch"] == version("torch") and kept["cores"] >= 1
    found = kept["rows"][name]
    for row in found:
        numbers = [*row["ours"], *row["theirs"], *row["ratio"]]
        assert numbers and all(map(math.isfinite, numbers)) and row["against"]
        assert row["ratio"][0] == row["ours"][0] / row["theirs"][0]
    text, said = (tmp_path / f"{name}.md").read_text("utf-8"), capsys.readouterr().out
    lines = text.strip().splitlines()[2:]
    assert len(lines) == len(found) + 2 and all(line in said for line in lines)
    assert f"torch {version('torch')}" in text


def test_a_benchmark_that_fails_does_not_lose_the_figures_of_the_others(
    tmp_path, monkeypatch, capsys
):
    row = rows.Row("a figure", "s", [2.0], "limit", [1.0])
    monkeypatch.setattr("benchmarks.imports.measure", lambda small: [row])
    monkeypatch.setattr("benchmarks.start.measure", lambda small: 1 / 0)
    threads = torch.get_num_threads()
    try:
        assert main(["imports", "start"], tmp_path)
    finally:
        torch.set_num_threads(threads)
    kept = json.loads((tmp_path / "imports-start.json").read_text("utf-8"))["rows"]
    assert kept["imports"][0]["ours"] == [2.0] and kept["start"] == []
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_both_loops_train_alike():
    images = data.digits("train", 128)  # one batch: the order does not matter
    weights = []
    for loop in training.LOOPS.values():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        loop(model, images, epochs=5, seed=0)
        weights.append(model[1].weight)
    torch.manual_seed(0)
    start = nn.Linear(64, 10).weight
    assert (weights[0] - start).abs().max() > 0.01  # and not because neither trains
    torch.testing.assert_close(*weights)


def test_memory_of_graph_training_is_measured_in_a_fresh_process():
    assert 0 < graphs.peak_of_training("ours, sparse x", **SMALL) < 200


def test_peak_memory_sees_what_is_freed_again():
    def work() -> None:
        with mmap.mmap(-1, 2**26) as held:  # 64 MiB, never from what torch has freed
            held[:: mmap.PAGESIZE] = bytes(2**26 // mmap.PAGESIZE)
            time.sleep(0.3)

    assert 60 < graphs.peak_memory(work) < 100


def test_all_ways_learn_on_graphs():
    graph = graphs.like_cora(400, 140)
    for train, sparse in graphs.WAYS.values():
        accuracy = train(graphs.in_layout(graph, sparse), 100, 0)
        assert accuracy > 0.3  # one in seven by chance


def test_the_slope_of_a_straight_line_is_found():
    line = [{"edges": 10**k, "forward": 3e-9 * 10**k} for k in range(3, 8)]
    assert graphs.slope(line, "forward") == pytest.approx(1)


def test_a_row_has_medians_ranges_and_the_ratio_of_each_repetition():
    row = rows.Row("fast", "s", [3, 1, 2], "slow", [6, 4, 1])
    assert row.ratios() == [0.5, 0.25, 2]
    last = "| fast | 2 (1 to 3) s | slow | 4 (1 to 6) s | 0.5 (0.25 to 2) |"
    assert rows.table([row]).splitlines()[-1] == last
    one = rows.table([rows.Row("of a limit", "MB", [1000, 3000], "limit", [2000])])
    assert "| 2,000 (1,000 to 3,000) MB | limit | 2,000 MB | 1 (0.5 to 1.5) |" in one


def test_by_turns_each_way_is_the_first_in_its_turn():
    calls = []
    ways = [lambda name=name: calls.append(name) or len(calls) for name in "ab"]
    assert rows.by_turns(ways, 3) == [[1, 4, 5], [2, 3, 6]]
    assert "".join(calls) == "abbaab"


def test_an_unknown_benchmark_or_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no benchmark speed: expected of training, " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--threads", "many"])
    assert "invalid int value: 'many'" in capsys.readouterr().err


def test_every_benchmark_is_listed():
    files = {file.stem for file in Path(rows.__file__).parent.glob("[a-z]*.py")}
    assert files - {"rows"} == set(NAMES)
