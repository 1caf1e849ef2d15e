"""Graph networks: matrices of a graph, layers that mix neighbours, nets, training.

The cost of everything here grows with nodes and edges, never with nodes². That the
products are quick on the way back, too, is the work of support/sparse.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import environment, training
from .data import Graph
from .environment import require
from .support import sparse
from .support.sparse import product

KINDS = ("plain", "residual", "initial")


def adjacency(edge_index: Tensor, num_nodes: int) -> Tensor:
    """The matrix A: A[i, j] is how many edges go from node j to node i.

    Args:
        edge_index: whole numbers (2, edges), sources above targets; both directions of
            a link are two edges. An edge listed twice counts twice, as in PyTorch
            Geometric; an edge listed one way goes one way.

    Returns:
        float32 (num_nodes, num_nodes) in CSR form. A @ x sums over incoming edges.

    Raises:
        ValueError: an edge names no node, or edge_index is not of this form.
    """
    _check_edges(edge_index, num_nodes)
    source, target = edge_index.long()
    places, times = (target * num_nodes + source).unique(return_counts=True)
    counts = (places // num_nodes).bincount(minlength=num_nodes)
    return sparse.csr(counts, places % num_nodes, times.float(), (num_nodes,) * 2)


def normalize(edge_index: Tensor, num_nodes: int) -> Tensor:
    """The matrix S = D^(-1/2) (A + I) D^(-1/2) of a graph convolution.

    Each node has one self-loop afterwards: those that are there already are dropped
    first (PyTorch Geometric's add_remaining_self_loops). D is diagonal and holds the
    row sums of A + I, so an isolated node keeps its own features.

    Source: Kipf and Welling 2017, Equation 2. Arguments, result and errors are those of
    adjacency.
    """
    _check_edges(edge_index, num_nodes)
    loops = torch.arange(num_nodes, device=edge_index.device).expand(2, -1)
    links = edge_index[:, edge_index[0] != edge_index[1]]
    matrix = adjacency(torch.cat([links, loops], 1), num_nodes)
    scale = sparse.row_sums(matrix).rsqrt()
    rows, columns = sparse.entries(matrix)
    return sparse.with_values(matrix, matrix.values() * (scale[rows] * scale[columns]))


def _check_edges(edge_index: Tensor, num_nodes: int) -> None:
    pairs = edge_index.dim() == 2 and len(edge_index) == 2
    found = f"edge_index is {edge_index.dtype} {tuple(edge_index.shape)}"
    whole = pairs and not edge_index.is_floating_point()
    require(whole, f"{found}: expected whole numbers (2, edges)")
    require(num_nodes > 0, f"{num_nodes} nodes: expected at least one node")
    wrong = edge_index[:, ((edge_index < 0) | (edge_index >= num_nodes)).any(0)]
    expected = f"expected edges between nodes 0 to {num_nodes - 1}"
    first = wrong[:, :1].flatten().tolist()
    require(not first, f"edge {first} names no node: {expected}")


def mean(matrix: Tensor, x: Tensor) -> Tensor:
    """Mean over incoming edges (nodes, features), zero where there is none."""
    return product(matrix, x) / sparse.row_sums(matrix).clamp(min=1)[:, None]


def maximum(matrix: Tensor, x: Tensor) -> Tensor:
    """Largest of each feature over incoming edges, zero where there is none.

    Takes edges × features numbers of memory. Equally large ones share the gradient.
    """
    sparse.check_product(matrix, x)
    targets, sources = sparse.entries(matrix)
    places = targets[:, None].expand(-1, x.shape[1])
    out, heard = x.new_zeros(len(matrix), x.shape[1]), x.index_select(0, sources)
    return out.scatter_reduce(0, places, heard, "amax", include_self=False)


# The rules by which a node gathers: from A and dense x, (nodes, features) each.
AGGREGATE = {"sum": product, "mean": mean, "max": maximum}


def propagate(matrix: Tensor, x: Tensor, steps: int, restart: float = 0.0) -> Tensor:
    """Mix neighbours without any weights: X ← (1 − restart) S X + restart X₀, repeated.

    Args:
        x: dense (nodes, features).
        restart: 0 gives Sᵏ X, which forgets X; 0.1 keeps some of it for ever
            (Gasteiger et al. 2019, Equation 4).
    """
    start = x
    for _ in range(steps):
        x = torch.lerp(product(matrix, x), start, restart)
    return x


class GraphConvolution(nn.Module):
    """A linear map, mixed with the neighbours: S X W + b (Kipf and Welling 2017).

    layer(adjacency, x) takes S (nodes, nodes) and x (nodes, in_features), each CSR or
    dense, to (nodes, out_features). With initial, H₀, it is (0.9 S X + 0.1 H₀) W + b
    (Chen et al. 2020, GCNII, Equation 5). Weights start at Glorot's scale, b at zero.
    Raises ValueError where shapes do not fit.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.weight = _glorot(in_features, out_features)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(
        self, adjacency: Tensor, x: Tensor, initial: Tensor | None = None
    ) -> Tensor:
        _check_features(x, self.weight)
        # First the product that makes the features fewer: the order is ours to choose.
        mixed = product(adjacency, product(x, self.weight))
        if initial is not None:
            mixed = 0.9 * mixed + 0.1 * product(initial, self.weight)
        return mixed + self.bias


class SAGEConvolution(nn.Module):
    """A node and its neighbours, each with weights of their own: X W + agg(X V) + b.

    layer(adjacency, x) takes A of adjacency, without self-loops, otherwise as
    GraphConvolution. Source: Hamilton et al. 2017, Algorithm 1 and Section 3.3, without
    their scaling to unit length; rule is a name in AGGREGATE.
    """

    def __init__(self, in_features: int, out_features: int, rule: str = "mean") -> None:
        super().__init__()
        known = rule in AGGREGATE
        require(known, f"no rule {rule!r}: expected one of {list(AGGREGATE)}")
        self.rule = rule
        self.weight = _glorot(in_features, out_features)
        self.neighbours = _glorot(in_features, out_features)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, adjacency: Tensor, x: Tensor) -> Tensor:
        _check_features(x, self.weight)
        heard = AGGREGATE[self.rule](adjacency, product(x, self.neighbours))
        return product(x, self.weight) + heard + self.bias


def _glorot(in_features: int, out_features: int) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(in_features, out_features)))


def _check_features(x: Tensor, weight: Tensor) -> None:
    fits = x.dim() == 2 and x.shape[1] == len(weight)
    require(fits, f"x is {tuple(x.shape)}: expected (nodes, {len(weight)})")


class GraphNet(nn.Module):
    """Graph layers with ReLU between them and dropout before each.

    net(adjacency, x) takes features (nodes, in_features) to logits (nodes, classes).

    Args:
        layer: makes a layer from its numbers of input and output features.
        in_features, hidden, num_classes: of the input, between layers, of the logits.
        dropout: probability that an input of a layer is zero while training.
        depth: number of layers.
        kind: plain; residual: H ← H + ReLU(S H W + b) in all layers but the first and
            the last (Kipf and Welling 2017, Equation 14); initial: each layer after the
            first mixes in a tenth of what the first one gave, see GraphConvolution.

    Raises:
        ValueError: no such kind, a dropout outside [0, 1), or a size below one.
    """

    matrix = staticmethod(normalize)  # what fit makes of a graph's edges for this net

    def __init__(
        self,
        layer: Callable[[int, int], nn.Module],
        in_features: int,
        hidden: int,
        num_classes: int,
        dropout: float = 0.5,
        depth: int = 2,
        kind: str = "plain",
    ) -> None:
        super().__init__()
        require(kind in KINDS, f"kind {kind!r}: expected one of {', '.join(KINDS)}")
        require(0 <= dropout < 1, f"dropout {dropout}: expected from 0 to below 1")
        sizes = [in_features, *[hidden] * (depth - 1), num_classes]
        least = min(*sizes, hidden, depth)
        require(least >= 1, "a size or the depth is below one: expected at least 1")
        self.layers = nn.ModuleList(layer(*pair) for pair in pairwise(sizes))
        self.dropout, self.kind = dropout, kind

    def states(self, adjacency: Tensor, x: Tensor) -> list[Tensor]:
        """What each layer gives, (nodes, hidden) each; the logits come last."""
        found: list[Tensor] = []
        for layer in self.layers:
            heard = sparse.dropout(x, self.dropout) if self.training else x
            initial = found[:1] if self.kind == "initial" else []
            out = layer(adjacency, heard, *initial)
            if layer is not self.layers[-1]:
                out = F.relu(out)
                if self.kind == "residual" and found:
                    out = out + x
            found.append(out)
            x = out
        return found

    def forward(self, adjacency: Tensor, x: Tensor) -> Tensor:
        return self.states(adjacency, x)[-1]


class GCN(GraphNet):
    """A graph convolutional network (Kipf and Welling 2017), of two layers as there."""

    def __init__(
        self,
        in_features: int,
        hidden: int,
        num_classes: int,
        dropout: float = 0.5,
        depth: int = 2,
        kind: str = "plain",
    ) -> None:
        sizes = in_features, hidden, num_classes
        super().__init__(GraphConvolution, *sizes, dropout, depth, kind)


class GraphSAGE(GraphNet):
    """A net of SAGEConvolution layers (Hamilton et al. 2017); rule as there."""

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
        layer = partial(SAGEConvolution, rule=rule)
        super().__init__(layer, in_features, hidden, num_classes, dropout, depth)


@dataclass
class History(training.History):
    """What happened in each epoch; the training loss is that with dropout."""

    validation_accuracy: list[float] = field(default_factory=list)


def fit(
    model: nn.Module,
    graph: Graph,
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
        graph: a data.Graph, or anything that has x, y, edge_index, train, validation
            and test as one has. Without edges a GCN is a multilayer perceptron. An
            empty validation or test set has accuracy NaN; labels outside of the sets
            play no part.
        weight_decay: times each weight of the first layer is added to its gradient.
        seed: of the dropout, shifted by LECTURES_SEED.

    Raises:
        ValueError: the parts do not belong together, nothing to train on, or x has NaN.
    """
    matrix, x, y = _prepared(model, graph)
    train = graph.train.to(y.device)
    optimizer = _adam(model, learning_rate, weight_decay)
    history = History()
    with torch.random.fork_rng([y.device] if y.is_cuda else []):
        torch.manual_seed(seed + environment.seed_offset())
        for _ in range(epochs):
            model.train()
            optimizer.zero_grad()
            loss = F.cross_entropy(model(matrix, x)[train], y[train])
            loss.backward()
            optimizer.step()
            scores = _evaluate(model, matrix, x)
            finite = loss.item() < training.EXPLODED and bool(scores.isfinite().all())
            right = (scores.argmax(1) == y).float().cpu()
            history.add(
                finite,
                train_loss=loss.item(),
                train_accuracy=right[graph.train].mean().item(),
                validation_accuracy=right[graph.validation].mean().item(),
                test_accuracy=right[graph.test].mean().item(),
            )
            if not finite:
                break
    model.eval()
    return history


def logits(model: nn.Module, graph: Graph) -> Tensor:
    """Logits (nodes, classes) in evaluation mode; arguments and errors as in fit."""
    matrix, x, _ = _prepared(model, graph)
    return _evaluate(model, matrix, x)


def _adam(model: nn.Module, rate: float, weight_decay: float) -> torch.optim.Adam:
    """Adam (Kingma and Ba 2015), with weight decay in the first layer alone."""
    first = next(m for m in model.modules() if list(m.parameters(recurse=False)))
    decayed = set(first.parameters())
    rest = [weight for weight in model.parameters() if weight not in decayed]
    groups = [{"params": list(first.parameters()), "weight_decay": weight_decay}]
    return torch.optim.Adam([*groups, {"params": rest}], lr=rate)


@torch.no_grad()
def _evaluate(model: nn.Module, matrix: Tensor, x: Tensor) -> Tensor:
    with environment.evaluating(model):
        return model(matrix, x)


def _prepared(model: nn.Module, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    """The matrix that the model takes, x and y, on its device, after checks."""
    sets = _check_graph(graph)
    device = next(model.parameters()).device
    edge_index, x, y = (t.to(device) for t in (graph.edge_index, graph.x, graph.y))
    matrix = getattr(model, "matrix", normalize)(edge_index, len(y))
    classes = _evaluate(model, matrix, x).shape[1]
    training.check_labels(y[sets.to(device)], classes)
    return matrix, x, y


def _check_graph(graph: Graph) -> Tensor:
    """The nodes of all three sets, after checks."""
    x, y, nodes = graph.x, graph.y, len(graph.y)
    sparse.check_layout(x)
    values = x if x.layout == torch.strided else x.values()
    sets = torch.cat([graph.train, graph.validation, graph.test])
    shapes = f"x is {tuple(x.shape)} and y {tuple(y.shape)}"
    numbers = "numbers of nodes, int64, such as mask.nonzero()[:, 0]"
    require(
        x.dim() == 2 and y.shape == x.shape[:1],
        f"{shapes}: expected (nodes, features) and (nodes,)",
    )
    require(y.dtype == torch.int64, f"y is {y.dtype}: expected torch.int64")
    require(values.isfinite().all(), "x has NaN or infinite numbers")
    for part in (graph.train, graph.validation, graph.test):
        require(part.dtype == torch.int64, f"a set is {part.dtype}: expected {numbers}")
    require(len(graph.train) > 0, "no training nodes: graph.train is empty")
    outside = ((sets < 0) | (sets >= nodes)).any()
    require(not outside, f"a set names a node outside 0 to {nodes - 1}")
    return sets
