"""Graph networks: nets of the layers in graph_layers, and their training."""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import counting, environment, training
from .graph_layers import (
    AGGREGATE,
    GraphConvolution,
    SAGEConvolution,
    adjacency,
    compact,
    dropout,
    normalize,
    product,
    propagate,
    scale_rows,
)

if TYPE_CHECKING:
    from .data import Graph

__all__ = [
    "AGGREGATE",
    "GCN",
    "GraphConvolution",
    "GraphNet",
    "GraphSAGE",
    "History",
    "SAGEConvolution",
    "adjacency",
    "fit",
    "gradient_norms",
    "logits",
    "normalize",
    "product",
    "propagate",
    "scale_rows",
]

KINDS = ("plain", "residual", "initial")
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of Adam, as its authors propose


class GraphNet(nn.Module):
    """Graph layers with ReLU between them and dropout before each.

    net(adjacency, x) takes features (nodes, in_features) to logits (nodes, classes).
    """

    matrix = staticmethod(normalize)  # what fit makes of a graph's edges for this net

    def __init__(self, layers: list[nn.Module], dropout: float, kind: str) -> None:
        super().__init__()
        if kind not in KINDS or not 0 <= dropout < 1 or not layers:
            raise ValueError(
                f"kind {kind!r}, dropout {dropout}, {len(layers)} layers: expected one "
                f"of {', '.join(KINDS)}, from 0 to below 1, at least 1"
            )
        self.layers, self.dropout, self.kind = nn.ModuleList(layers), dropout, kind

    def states(self, adjacency: Tensor, x: Tensor) -> list[Tensor]:
        """What each layer gives, (nodes, hidden) each; the logits come last."""
        found: list[Tensor] = []
        for layer in self.layers:
            before, heard = x, dropout(x, self.dropout) if self.training else x
            first = found[:1] if self.kind == "initial" else []
            x = layer(adjacency, heard, *first)
            if layer is not self.layers[-1]:
                x = F.relu(x)
                if self.kind == "residual" and found:
                    x = x + before
            found.append(x)
        return found

    def forward(self, adjacency: Tensor, x: Tensor) -> Tensor:
        return self.states(adjacency, x)[-1]


class GCN(GraphNet):
    """A graph convolutional network (Kipf and Welling 2017), of two layers as there.

    Args:
        in_features, hidden, num_classes: of the input, between layers, of the logits.
        dropout: probability that an input of a layer is zero while training.
        depth: number of layers.
        kind: plain; residual: H ← H + ReLU(S H W + b) in all layers but the first and
            the last (their Equation 14); initial: each layer behind the first mixes in
            a tenth of what the first one gave, see GraphConvolution.

    Raises:
        ValueError: no such kind, a dropout outside [0, 1), or a size below one.
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        num_classes: int,
        dropout: float = 0.5,
        depth: int = 2,
        kind: str = "plain",
    ) -> None:
        sizes = _sizes(in_features, hidden, num_classes, depth)
        super().__init__([GraphConvolution(*s) for s in sizes], dropout, kind)


class GraphSAGE(GraphNet):
    """A net of SAGEConvolution layers (Hamilton et al. 2017); arguments as of GCN.

    Args:
        rule: how a layer gathers, a name in AGGREGATE.
    """

    matrix = staticmethod(adjacency)

    def __init__(
        self,
        in_features: int,
        hidden: int,
        num_classes: int,
        dropout: float = 0.5,
        depth: int = 2,
        rule: str = "mean",
    ) -> None:
        sizes = _sizes(in_features, hidden, num_classes, depth)
        layers = [SAGEConvolution(*size, rule) for size in sizes]
        super().__init__(layers, dropout, "plain")


def _sizes(
    in_features: int, hidden: int, num_classes: int, depth: int
) -> list[tuple[int, int]]:
    if min(in_features, hidden, num_classes, depth) < 1:
        raise ValueError("a size or the depth is below one: expected at least 1")
    widths = [in_features, *[hidden] * (depth - 1), num_classes]
    return list(itertools.pairwise(widths))


@dataclass
class History(training.History):
    """What happened in each epoch; the training loss is that with dropout."""

    validation_accuracy: list[float] = field(default_factory=list)


def fit(
    model: nn.Module,
    graph: "Graph",
    epochs: int = 200,
    learning_rate: float = 0.01,
    weight_decay: float = 5e-4,
    seed: int = 0,
) -> History:
    """Train a graph net in place, on all training nodes in every step, with Adam.

    After each step one evaluation gives the accuracy on the three sets. Nothing is
    chosen by them: the net ends with the last epoch's weights, whose accuracy is
    test_accuracy[-1], and in evaluation mode. A run that diverges ends there. Settings:
    Kipf and Welling 2017, Section 5.2, but all epochs run.

    Args:
        model: takes (S, x) to logits (nodes, classes). S is normalize(edge_index), or
            what its attribute matrix makes of edge_index and the number of nodes.
        graph: has x (nodes, features), float, CSR or dense; y (nodes,), int64;
            edge_index (2, edges); train, validation, test: numbers of nodes. Without
            edges a GCN is a multilayer perceptron. An empty validation or test set has
            accuracy NaN.
        weight_decay: times each weight of the first layer is added to its gradient.
        seed: of the dropout, shifted by LECTURES_SEED.

    Raises:
        ValueError: the parts do not belong together, nothing to train on, or x has NaN.
    """
    matrix, x, y = _prepared(model, graph)
    sets = [nodes.to(y.device) for nodes in (graph.train, graph.validation, graph.test)]
    step = _adam(model, learning_rate, weight_decay)
    history, start = History(), time.perf_counter()
    curves = [history.train_accuracy, history.validation_accuracy]
    curves.append(history.test_accuracy)
    with torch.random.fork_rng([y.device] if y.is_cuda else []):
        torch.manual_seed(seed + environment.seed_offset())
        for _ in range(epochs):
            loss = _loss(model.train(), matrix, x, y, sets[0])
            value = loss.item()
            step(loss)
            scores = _evaluate(model, matrix, x)
            finite = value < training.EXPLODED and bool(scores.isfinite().all())
            history.train_loss.append(value if finite else math.nan)
            right = (scores.argmax(1) == y).float()
            for curve, nodes in zip(curves, sets):
                curve.append(right[nodes].mean().item() if finite else math.nan)
            history.diverged = not finite
            if not finite:
                break
    model.eval()
    history.seconds = time.perf_counter() - start
    return history


def logits(model: nn.Module, graph: "Graph") -> Tensor:
    """Logits (nodes, classes) in evaluation mode; arguments and errors as in fit."""
    return _evaluate(model, *_prepared(model, graph)[:2])


def gradient_norms(model: nn.Module, graph: "Graph") -> dict[str, float]:
    """Norm of the loss's gradient at each layer's weights, before a step is taken.

    In evaluation mode, without dropout; arguments and errors as in fit.

    Returns:
        name of each weight matrix to the Euclidean norm, in the order of the layers.
    """
    prepared = _prepared(model, graph)
    weights = {n: w for n, w in model.named_parameters() if w.dim() == 2}
    with counting.evaluating(model):
        loss = _loss(model, *prepared, graph.train.to(prepared[2].device))
    gradients = torch.autograd.grad(loss, list(weights.values()))
    return {name: g.norm().item() for name, g in zip(weights, gradients)}


def _loss(
    model: nn.Module, matrix: Tensor, x: Tensor, y: Tensor, nodes: Tensor
) -> Tensor:
    return F.cross_entropy(model(matrix, x).index_select(0, nodes), y[nodes])


@torch.no_grad()
def _evaluate(model: nn.Module, matrix: Tensor, x: Tensor) -> Tensor:
    with counting.evaluating(model):
        return model(matrix, x)


def _adam(
    model: nn.Module, rate: float, weight_decay: float
) -> Callable[[Tensor], None]:
    """A function that takes one step of Adam down a loss (Kingma and Ba 2015).

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², then in step t
    w ← w − rate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε); in the first layer
    weight_decay · w is part of g, as in torch.optim.Adam.
    """
    trained = [(n, w) for n, w in model.named_parameters() if w.requires_grad]
    names, weights = zip(*trained)
    layer = names[0].rpartition(".")[0]  # of the first weight; its others stand beside
    decayed = sum(name.rpartition(".")[0] == layer for name in names)
    mean, square = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    steps = itertools.count(1)

    @torch.no_grad()
    def step(loss: Tensor) -> None:
        g, t = torch.autograd.grad(loss, weights, materialize_grads=True), next(steps)
        torch._foreach_add_(g[:decayed], weights[:decayed], alpha=weight_decay)
        torch._foreach_lerp_(mean, g, 1 - BETA_1)
        torch._foreach_mul_(square, BETA_2)
        torch._foreach_addcmul_(square, g, g, 1 - BETA_2)
        below = torch._foreach_sqrt(square)
        torch._foreach_div_(below, math.sqrt(1 - BETA_2**t))
        torch._foreach_add_(below, EPSILON)
        torch._foreach_addcdiv_(weights, mean, below, -rate / (1 - BETA_1**t))

    return step


def _prepared(model: nn.Module, graph: "Graph") -> tuple[Tensor, Tensor, Tensor]:
    """The matrix that the model takes, x and y, on its device, after checks."""
    x, y, nodes = compact(graph.x), graph.y, len(graph.y)
    sets = torch.cat([graph.train, graph.validation, graph.test])
    values = x.values() if x.layout == torch.sparse_csr else x
    outside = (sets < 0) | (sets >= nodes)
    apart = x.dim() != 2 or y.shape != x.shape[:1]
    shapes = f"x is {tuple(x.shape)} and y {tuple(y.shape)}"
    numbers = "numbers of nodes, int64, such as mask.nonzero()[:, 0]"
    for wrong, problem in (
        (apart, f"{shapes}: expected (nodes, features) and (nodes,)"),
        (y.dtype != torch.int64, f"y is {y.dtype}: expected torch.int64"),
        (not values.isfinite().all(), "x has NaN or infinite numbers"),
        (sets.dtype != torch.int64, f"a set is {sets.dtype}: expected {numbers}"),
        (not len(graph.train), "no training nodes: graph.train is empty"),
        (outside.any(), f"a set names a node outside 0 to {nodes - 1}"),
    ):
        if wrong:
            raise ValueError(problem)
    place = next(model.parameters()).device
    matrix = getattr(model, "matrix", normalize)(graph.edge_index.to(place), nodes)
    x, y = x.to(place), y.to(place)
    classes = _evaluate(model, matrix, x).shape[1]
    if not 0 <= y.min() <= y.max() < classes:
        raise ValueError(f"y has a class outside 0 to {classes - 1}, the net's logits")
    return matrix, x, y
