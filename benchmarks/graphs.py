"""How fast graph networks train: ours against PyTorch Geometric, and how it grows.

On a graph of Cora's size (Cora itself, where LECTURES_DATA names a folder with its
files) both train the same net by the same rule, as in PyTorch Geometric's own example,
by turns. Its GCNConv takes sparse features too, but no dropout of torch does: there the
stored values are dropped by hand. Memory is measured in a fresh process for each. Then
one layer on random graphs of ten edges a node, against the memory's own speed.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import torch
from torch import Tensor, nn
from torch.nn import functional as F

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its compiled parts, which are not needed
    from torch_geometric.io import read_planetoid_data
    from torch_geometric.nn import GCNConv

from lectures_lib import environment, graphs
from lectures_lib.recorded import ROOT

from .rows import Row, by_turns

CLASSES, HIDDEN, DROPOUT, LEARNING_RATE, WEIGHT_DECAY = 7, 16, 0.5, 0.01, 5e-4
WIDTH = 16  # features of the single layer: a row of them is 64 bytes
MIB = 2**20


def cora(folder: Path) -> SimpleNamespace:
    """Cora with features that sum to one in each node, as PyTorch Geometric has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = read_planetoid_data(str(folder), "cora")
    sets = [read[f"{name}_mask"].nonzero()[:, 0] for name in ("train", "val", "test")]
    return _graph(F.normalize(read.x, p=1, dim=1), read.y, read.edge_index, sets)


def like_cora(nodes: int, features: int) -> SimpleNamespace:
    """Links mostly within a class, 18 words a node of which a few are of the class."""
    draw = environment.generator(0)
    y = torch.randint(CLASSES, (nodes,), generator=draw)
    of_class = torch.randint(features // CLASSES, (nodes, 18), generator=draw)
    of_class = of_class * CLASSES + y[:, None]
    any_word = torch.randint(features, (nodes, 18), generator=draw)
    is_any = torch.rand(nodes, 18, generator=draw) < 0.75
    x = torch.zeros(nodes, features)
    x.scatter_(1, torch.where(is_any, any_word, of_class), 1.0)
    pairs = torch.randint(nodes, (2, 40 * nodes), generator=draw)
    apart = y[pairs[0]] != y[pairs[1]]
    rare = torch.rand(40 * nodes, generator=draw) < 0.04  # one link in five
    links = pairs[:, ~apart | rare][:, : round(1.949 * nodes)]
    edge_index = torch.cat([links, links.flip(0)], 1)
    order = torch.randperm(nodes, generator=draw)
    sets = order[: nodes // 19], order[nodes // 19 : nodes // 4], order[-nodes // 3 :]
    return _graph(F.normalize(x, p=1, dim=1), y, edge_index, sets)


def _graph(x: Tensor, y: Tensor, edge_index: Tensor, sets) -> SimpleNamespace:
    parts = dict(zip(("train", "validation", "test"), sets))
    names = [str(number) for number in range(CLASSES)]
    return SimpleNamespace(x=x, y=y, edge_index=edge_index, classes=names, **parts)


def ours(graph: SimpleNamespace, epochs: int, seed: int) -> float:
    """Train the course's net: its test accuracy at the end."""
    environment.seed_everything(seed)
    model = graphs.GCN(graph.x.shape[1], HIDDEN, CLASSES, DROPOUT)
    rule = {"learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY}
    return graphs.fit(model, graph, epochs, **rule, seed=seed).test_accuracy[-1]


class Theirs(nn.Module):
    """The net of PyTorch Geometric's example gcn.py."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.conv1 = GCNConv(in_features, HIDDEN, cached=True)
        self.conv2 = GCNConv(HIDDEN, CLASSES, cached=True)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = self.conv1(self.drop(x), edge_index).relu()
        return self.conv2(F.dropout(x, DROPOUT, self.training), edge_index)

    def drop(self, x: Tensor) -> Tensor:
        if x.layout == torch.strided:
            return F.dropout(x, DROPOUT, self.training)
        values = F.dropout(x.values(), DROPOUT, self.training)
        places = x.crow_indices(), x.col_indices()
        return torch.sparse_csr_tensor(*places, values, x.shape, check_invariants=False)


def theirs(graph: SimpleNamespace, epochs: int, seed: int) -> float:
    """The loop of PyTorch Geometric's example gcn.py."""
    environment.seed_everything(seed)
    model = Theirs(graph.x.shape[1])
    groups = [dict(params=model.conv1.parameters(), weight_decay=WEIGHT_DECAY)]
    groups += [dict(params=model.conv2.parameters(), weight_decay=0)]
    optimizer = torch.optim.Adam(groups, lr=LEARNING_RATE)
    for _ in range(epochs):
        model.train()
        optimizer.zero_grad()
        out = model(graph.x, graph.edge_index)
        F.cross_entropy(out[graph.train], graph.y[graph.train]).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            right = model(graph.x, graph.edge_index).argmax(1) == graph.y
        sets = graph.train, graph.validation, graph.test
        accuracies = [right[nodes].float().mean().item() for nodes in sets]
    return accuracies[-1]


# Each way to train, and whether it gets sparse features.
WAYS: dict[str, tuple[Callable, bool]] = {
    "ours, sparse x": (ours, True),
    "ours, dense x": (ours, False),
    "GCNConv, sparse x": (theirs, True),
    "GCNConv, dense x": (theirs, False),
}


def in_layout(graph: SimpleNamespace, sparse: bool) -> SimpleNamespace:
    x = graph.x.to_sparse_csr() if sparse else graph.x
    return SimpleNamespace(**{**vars(graph), "x": x})


def turns(graph: SimpleNamespace, epochs: int, repetitions: int) -> tuple[dict, dict]:
    """Seconds and test accuracies of each way, in each repetition."""
    accuracies: dict[str, list[float]] = {way: [] for way in WAYS}

    def timed(way: str) -> Callable[[], float]:
        train, sparse = WAYS[way]
        given = in_layout(graph, sparse)
        train(given, 2, 0)  # warms up

        def once() -> float:
            start = time.perf_counter()
            found = train(given, epochs, len(accuracies[way]))
            took = time.perf_counter() - start
            accuracies[way].append(found)
            return took

        return once

    times = by_turns([timed(way) for way in WAYS], repetitions)
    return dict(zip(WAYS, times)), accuracies


def peak_memory(work: Callable[[], object]) -> float:
    """MiB of resident memory that work takes on top of what is held, at its most.

    Looked at every millisecond: what is held for less may be missed.
    """
    process, done = psutil.Process(), threading.Event()
    before = most = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not done.wait(0.001):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return (max(most, process.memory_info().rss) - before) / MIB


def peak_of_training(way: str, **size: int) -> float:
    """MiB that a training of a few epochs takes, in a process that has done nothing."""
    program = f"from benchmarks import graphs; graphs.print_peak({way!r}, **{size})"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def print_peak(way: str, **size: int) -> None:
    """In that process."""
    torch.set_num_threads(1)
    train, sparse = WAYS[way]
    given = in_layout(the_graph(**size), sparse)
    print(peak_memory(lambda: train(given, 5, 0)))


def the_graph(nodes: int = 2708, features: int = 1433) -> SimpleNamespace:
    """Cora, where it is and of that size; else one that is made like it."""
    folder = Path(os.environ.get("LECTURES_DATA", "/nowhere"))
    real = (folder / "ind.cora.x").exists() and nodes == 2708
    return cora(folder) if real else like_cora(nodes, features)


def layer_on(edges: int) -> dict[str, float]:
    """One layer on a random graph: times in seconds, bytes moved, memory in MiB."""
    nodes, draw = max(edges // 10, 2), environment.generator(edges)
    layer = graphs.GraphConvolution(WIDTH, WIDTH)
    x = torch.rand(nodes, WIDTH, generator=draw)
    edge_index = torch.randint(nodes, (2, edges), generator=draw)
    matrix = graphs.normalize(edge_index, nodes)

    def forward() -> None:
        with torch.no_grad():
            layer(matrix, x)

    def step() -> None:
        layer(matrix, x).sum().backward()

    stored, row = matrix.values().numel(), 4 * WIDTH
    # For each entry its column, its value and a row of X W; X and XW, out, out + b.
    moved = stored * (8 + row) + nodes * (4 + 5 * row)
    return {
        "edges": edges,
        "memory": peak_memory(step),  # and the transpose is there from now on
        "forward": seconds(forward),
        "step": seconds(step),
        "moved": moved,
    }


def seconds(work: Callable[[], object], at_least: float = 0.2) -> float:
    """The median time of work, repeated for this long and three times at least."""
    times: list[float] = []
    work()
    while len(times) < 3 or sum(times) < at_least:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def bandwidth(megabytes: int) -> dict[str, float]:
    """Bytes per second: copied in order, and read as rows of 64 bytes at random."""
    source = torch.rand(megabytes * MIB // 4 // WIDTH, WIDTH)
    target, order = torch.empty_like(source), torch.randperm(len(source))
    size = 4 * source.numel()
    rows = seconds(lambda: torch.index_select(source, 0, order, out=target))
    return {
        "copied in order": 2 * size / seconds(lambda: target.copy_(source)),
        "rows at random": 2 * size / rows,
    }


def slope(found: list[dict[str, float]], name: str) -> float:
    """Of the straight line through the times in the double logarithm."""
    pairs = [
        (torch.tensor(f["edges"]).log(), torch.tensor(f[name]).log()) for f in found
    ]
    across, up = zip(*((a.item(), b.item()) for a, b in pairs))
    return statistics.linear_regression(across, up).slope


def training_rows(size: dict[str, int], epochs: int, repetitions: int) -> list[Row]:
    """Our net against PyTorch Geometric's: time, memory and test accuracy."""
    ours, *others = WAYS
    # Before this process has much memory: it is measured in fresh ones.
    memory = {way: [peak_of_training(way, **size)] for way in WAYS}
    graph = the_graph(**size)
    times, accuracies = turns(graph, epochs, repetitions)
    what = f"GCN on {len(graph.x):,} nodes, {ours}"
    kinds = {"s": times, "MiB": memory, "accuracy": accuracies}
    return [
        Row(what, unit, found[ours], way, found[way])
        for unit, found in kinds.items()
        for way in others
    ]


def layer_rows(largest: int, megabytes: int) -> list[Row]:
    """One layer, the bytes that it moves in a second against what the memory can."""
    found = [layer_on(10**power) for power in range(3, 10) if 10**power <= largest]
    speeds = {name: rate / 1e9 for name, rate in bandwidth(megabytes).items()}
    rows = []
    for of in found:
        rate, what = of["moved"] / of["forward"] / 1e9, f"layer, {of['edges']:,} edges"
        for name, speed in speeds.items():
            rows.append(Row(what, "GB/s", [rate], f"memory, {name}", [speed]))
        back = [1e3 * of["step"]]
        rows.append(
            Row(f"{what}, and back", "ms", back, "forward", [1e3 * of["forward"]])
        )
    steep = [slope(found, "step")]
    return [*rows, Row("layer, growth with edges", "", steep, "in proportion", [1.0])]


def measure(small: bool) -> list[Row]:
    """A whole training, and a single layer from a thousand edges to ten million."""
    size = {"nodes": 100, "features": 35} if small else {}
    epochs, repetitions = (2, 2) if small else (200, 3)
    rows = training_rows(size, epochs, repetitions)
    return rows + layer_rows(*(10**4, 1) if small else (10**7, 256))
