"""Experiments with the graph networks of notebook 06."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from lectures_lib import data, graphs
from lectures_lib.environment import seed_everything

DEPTHS = [2, 3, 4, 8, 16]
KINDS = ("plain", "residual", "initial")
RULES = ("sum", "mean", "max")


def graph_nets(seed: int) -> dict:
    """Test accuracy on debian-science: words, GCNs by depth and kind, GraphSAGE."""
    graph = data.debian_science()
    half = replace(graph, edge_index=graph.edge_index[:, ::2])
    found = {
        "words only": accuracy(without_links(graph), seed),
        "every second edge": accuracy(half, seed),
        "GCN, 32 units": accuracy(graph, seed, hidden=32),
    }
    for kind in KINDS:
        found[f"GCN, {kind}"] = [
            accuracy(graph, seed, depth=depth, kind=kind) for depth in DEPTHS
        ]
    for rule in RULES:
        found[f"SAGE, {rule}"] = accuracy(graph, seed, graphs.GraphSAGE, rule=rule)
    return found


def cora(seed: int) -> dict:
    """Test accuracy on Cora: words only, and GCNs of two and eight layers."""
    graph = data.planetoid("cora")
    found = {
        "words only": accuracy(without_links(graph), seed),
        "GCN": accuracy(graph, seed),
    }
    for kind in KINDS:
        found[f"8 layers, {kind}"] = accuracy(graph, seed, depth=8, kind=kind)
    return found


def unmixed(seed: int) -> dict:
    """Nets of two and eight layers on debian-science without links: both accuracies."""
    graph, found = without_links(data.debian_science()), {}
    for depth, kind in ((2, "plain"), *((8, kind) for kind in KINDS)):
        history = fitted(graph, seed, depth=depth, kind=kind)
        found[f"{depth} {kind}: test"] = history.test_accuracy[-1]
        found[f"{depth} {kind}: training"] = history.train_accuracy[-1]
    return found


def without_links(graph: data.Graph) -> data.Graph:
    """The same nodes, each alone: on it a GCN is a multilayer perceptron."""
    return replace(graph, edge_index=graph.edge_index[:, :0])


def fitted(
    graph: data.Graph,
    seed: int,
    net: Callable[..., nn.Module] = graphs.GCN,
    hidden: int = 16,
    **options: object,
) -> graphs.History:
    seed_everything(seed)
    sizes = graph.x.shape[1], hidden, len(graph.classes)
    return graphs.fit(net(*sizes, **options), graph, seed=seed)


def accuracy(*arguments: object, **options: object) -> float:
    return fitted(*arguments, **options).test_accuracy[-1]
