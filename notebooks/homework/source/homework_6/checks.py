"""Homework 6, graph networks: what the answers are compared with."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from lectures_lib import data, graphs
from lectures_lib.homework import (
    Hint,
    ask,
    expect,
    integer,
    kind,
    run_in_order,
    same,
    task,
    the_line,
)

SPREADING = (  # shuffled
    "unknown[known] = False",
    "    H = S @ H",
    "start = H.clone()",
    "H[known, y[known]] = 1",
    "right = (guess == y)[unknown].float().mean().item()",
    "for step in range(steps):",
    "H = torch.zeros(len(y), classes)",
    "guess = H.argmax(1)",
    "    H = 0.9 * H + 0.1 * start",
    "unknown = torch.ones(len(y), dtype=torch.bool)",
)
IN_ORDER = [7, 4, 3, 6, 2, 9, 8, 10, 1, 5]
FAULT = 4  # the line that causes the plot
NO_FAULT = {
    1: "right. By S alone all would become alike, but a tenth of the start "
    "is there to prevent it. What happens to that tenth?",
    2: "it gives each node numbers of its own: at step 0 they are far from alike",
    3: "it only says how far the curve is drawn",
    5: "it is the formula: nine tenths of what is heard, a tenth of `start`. What "
    "is in `start` when it is read for the second time?",
    6: "it measures, and changes nothing",
}
ACCURACY = 0.53  # that a net must reach: see balanced_accuracy


def links(draw: torch.Generator, nodes: int, count: int) -> Tensor:
    """A path through all nodes and some more links, both ways, sorted; no loops."""
    path = torch.randperm(nodes, generator=draw)
    more = torch.randint(nodes, (2, count), generator=draw)
    pairs = torch.cat([torch.stack([path[:-1], path[1:]]), more], 1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return torch.cat([pairs, pairs.flip(0)], 1).unique(dim=1)


@task(points=4, forbidden=["lectures_lib.graphs.normalize"])
def normalize(draw, normalize):
    nodes = integer(draw, 7, 10)
    edges = links(draw, nodes, 6)
    A = torch.zeros(nodes, nodes).index_put((edges[0], edges[1]), torch.ones(()))
    A_hat = A + torch.eye(nodes)
    right = scaled(A_hat, A_hat.sum(1))
    found = ask(normalize, edges, nodes)
    sparse = type(found) is Tensor and found.layout is not torch.strided
    expect(not sparse, "S is sparse here: a dense matrix was asked for, S.to_dense()")
    same(found, right, other_matrices(A), "S")
    yield 2, "S is D^(-1/2) (A + I) D^(-1/2)"

    looped = edges[0, :3].unique()
    edges = torch.cat([edges, looped.expand(2, -1)], 1)
    twice = A_hat.clone()
    twice[looped, looped] = 2
    hint = f"nodes {looped.tolist()} had a loop in edge_index, and now count it twice: "
    hint += "each node should have one loop"
    mistakes = {hint: scaled(twice, twice.sum(1))}
    same(ask(normalize, edges, nodes), right, mistakes, "S of a graph with loops")
    yield 1, "a loop that is there already counts once"

    alone = F.pad(right, (0, 2, 0, 2))
    alone[-2:, -2:] = torch.eye(2)
    seen = ask(normalize, edges, nodes + 2)
    bad = type(seen) is Tensor and seen.isnan().any()
    expect(not bad, "a node without links has NaN: its degree, with its loop, is 1")
    what = "S of a graph whose last two nodes have no link (each hears itself alone)"
    same(seen, alone, {}, what)
    yield 1, "a node without links keeps its own features"


def scaled(A: Tensor, degrees: Tensor) -> Tensor:
    """D^(-1/2) A D^(-1/2), where D has these degrees."""
    return A / (degrees[:, None] * degrees).sqrt()


def other_matrices(A: Tensor) -> dict[str, Tensor]:
    """Hints with what other formulas make of A, which has no loops."""
    loops = torch.eye(len(A))
    A_hat, d = A + loops, A.sum(1) + 1
    upper, twofold = A_hat.triu(), A_hat + loops
    return {
        "rows sum to 1: that is D⁻¹(A + I); the symmetric form was asked for": A_hat
        / d[:, None],
        "columns sum to 1: that is (A + I)D⁻¹; the symmetric form was asked for. "
        "(`degrees * degrees` is a row, dⱼ²; you need dᵢdⱼ, a matrix)": A_hat / d,
        "D^(-1/2) is on one side only: each row is divided by a root": A_hat
        / d.sqrt()[:, None],
        "D^(-1/2) is on one side only: each column is divided by a root": A_hat
        / d.sqrt(),
        "the diagonal is zero: no node hears itself. Self-loops are missing": (
            scaled(A, d - 1)
        ),
        "the loops are in the matrix, but not in the degrees: D has the row sums of "
        "A + I": scaled(A_hat, d - 1),
        "the degrees count the loops, but the matrix has none": scaled(A, d),
        "you multiply by the roots of the degrees: D^(-1/2) divides": (
            scaled(A_hat, 1 / d)
        ),
        "you divide by the degrees: D^(-1/2) has their roots": scaled(A_hat, d**2),
        "each link is there in one direction only: edge_index lists both, and S is "
        "symmetric": scaled(upper, upper.sum(1)),
        "the degrees are added under the root: their product belongs there": A_hat
        / (d[:, None] + d).sqrt(),
        "each loop counts 2": scaled(twofold, d + 1),
        "all is NaN: off its diagonal a diagonal matrix is zero, and 0^(-1/2) is "
        "infinite. First the power, then the diagonal": torch.full_like(A, torch.nan),
        "that is A + I: the degrees are still to come": A_hat,
        "that is I minus the matrix asked for (a Laplacian)": loops - scaled(A_hat, d),
    }


@task(
    points=5,
    forbidden=["lectures_lib.graphs.GraphConvolution", "lectures_lib.graphs.GCN"],
)
def graph_convolution(draw, GraphConvolution):
    nodes, ins, outs = integer(draw, 6, 8), integer(draw, 4, 5), 3
    layer, twin = (built(draw, GraphConvolution, ins, outs) for _ in range(2))
    check_parameters(layer, ins, outs)
    check_start(layer, twin)
    yield 1, "weight and bias are parameters, and begin as they should"

    S = torch.rand(nodes, nodes, generator=draw)  # not symmetric: an order shows
    H = torch.randn(nodes, ins, generator=draw)
    W, b = torch.randn(ins, outs, generator=draw), 1 + torch.rand(outs, generator=draw)
    with torch.no_grad():
        layer.weight.copy_(W)
        layer.bias.copy_(b)
    same(ask(layer, S, H), S @ H @ W + b, other_layers(S, H, W, b), "S H W + b")
    yield 2, "the layer gives S H W + b"

    S, H = torch.rand(40, 40, generator=draw), torch.rand(40, ins, generator=draw)
    sparse = S * (S > 0.9)
    made = Largest(layer)
    seen = ask(made, sparse.to_sparse_csr(), H)
    expect(
        made.numbers < 1600,
        "S becomes dense, (40, 40): of a large graph that does not fit into memory. "
        "`@` takes a sparse matrix at its left",
    )
    same(seen, sparse @ H @ W + b, {}, "S H W + b for a sparse S (CSR)")
    yield 1, "S may be sparse"

    seen.square().sum().backward()
    for name in ("weight", "bias"):
        gradient = getattr(layer, name).grad
        expect(gradient is not None and gradient.any(), f"no gradient reaches {name}")
    yield 1, "gradients reach weight and bias"


def check_parameters(layer: nn.Module, ins: int, outs: int) -> None:
    """Hint unless weight and bias are parameters of the right shapes."""
    parameters = (
        ("weight", (ins, outs), "so that H @ W is (nodes, out_features)"),
        ("bias", (outs,), "one number for each output"),
    )
    for name, shape, reason in parameters:
        found = getattr(layer, name, None)
        expect(
            found is not None, f"there is no self.{name}: expected a parameter {shape}"
        )
        plain = type(found) is Tensor
        why = ", else training does not know it" if plain else ". Write it yourself"
        expect(
            isinstance(found, nn.Parameter),
            f"self.{name} is {kind(found)}: expected an nn.Parameter {shape}{why}",
        )
        expect(
            found.shape == shape,
            f"self.{name} is {tuple(found.shape)}: expected {shape}, {reason}",
        )


def check_start(layer: nn.Module, twin: nn.Module) -> None:
    """Hint unless the weights begin at random, and the bias at zero.

    Args:
        twin: another such layer, whose weights should be different.
    """
    expect(
        not layer.weight.isnan().any(),
        "the weights begin at what happened to be in memory: torch.empty is not filled",
    )
    expect(layer.weight.std() > 0, "all weights begin equal, and would stay equal")
    scale, least = layer.weight.std().item(), layer.weight.min().item()
    expect(
        scale < 2 and least < 0,
        f"the weights begin at {least:.2g} and above, with deviation {scale:.2g}: draw "
        "around zero, with about one over the root of in_features",
    )
    expect(
        not torch.equal(layer.weight, twin.weight),
        "two layers begin with the same weights: is a seed fixed in your code?",
    )
    expect((layer.bias == 0).all(), "the bias should begin at zero")


def other_layers(S: Tensor, H: Tensor, W: Tensor, b: Tensor) -> dict[str, Tensor]:
    """Hints with what other layers give."""
    right = S @ H @ W + b
    rows = S.sum(1, keepdim=True)
    return {
        "the bias is mixed with the neighbours, too: S (H W + b). It is added after "
        "the mixing": S @ (H @ W + b),
        "a ReLU is inside the layer. The last layer's logits need their negative "
        "numbers: it belongs between the layers": right.relu(),
        "S is transposed: row i of S says whom node i hears": S.T @ H @ W + b,
        "nothing is mixed: S is not used": H @ W + b,
        "the bias is missing": S @ H @ W,
        "the result is divided by the row sums of S: S is normalized already": (
            S @ H @ W / rows + b
        ),
        "it is mixed twice": S @ S @ H @ W + b,
    }


def built(draw: torch.Generator, model: object, *sizes: int) -> nn.Module:
    """The student's module, its weights drawn from the generator."""
    mode = torch.get_deterministic_debug_mode()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(integer(draw, 0, 10**6))
        torch.set_deterministic_debug_mode("warn")  # fills torch.empty with NaN
        try:
            module = ask(model, *sizes)
        finally:
            torch.set_deterministic_debug_mode(mode)
    expect(isinstance(module, nn.Module), f"expected an nn.Module, got {kind(module)}")
    return module


class Largest(TorchDispatchMode):
    """Calls a function; numbers are those of the largest dense tensor that it makes."""

    def __init__(self, function: Callable):
        super().__init__()
        self.function, self.numbers = function, 0

    def __call__(self, *arguments: object) -> object:
        with self:
            return self.function(*arguments)

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        out = function(*arguments, **options or {})
        dense = type(out) is Tensor and out.layout is torch.strided
        self.numbers = max(self.numbers, out.numel() if dense else 0)
        return out


def asked(why: str, function: Callable, *arguments: object) -> object:
    """What `ask` gives; an error is followed by what this instance has of its own."""
    try:
        return ask(function, *arguments)
    except Hint as hint:
        raised = str(hint).startswith("it raises")
        raise Hint(f"{hint}. {why}" if raised else str(hint)) from None


@task(points=4, forbidden=["lectures_lib.graphs.mean"])
def mean_of_neighbours(draw, mean_of_neighbours):
    nodes, features = integer(draw, 7, 9), integer(draw, 3, 5)
    x = torch.randn(nodes, features, generator=draw)
    edges = one_way(draw, nodes)
    right = total(x, edges) / incoming(edges, nodes)
    found = ask(mean_of_neighbours, x, edges)
    same(found, right, other_means(x, edges), "the means")
    yield 2, "each node has the mean of the nodes that send it an edge"

    x = torch.cat([x, torch.ones(2, features)])  # two more, that hear nobody
    edges = torch.cat([edges, torch.tensor([[nodes], [0]])], 1)
    why = "The last nodes hear nobody: does your count have a place for each of them, "
    why += "too? See `minlength`"
    seen = asked(why, mean_of_neighbours, x, edges)
    rows = type(seen) is Tensor and seen.shape == x.shape
    expect(rows, f"expected {tuple(x.shape)}, also where the last nodes hear nobody; "
           f"got {kind(seen)}")  # fmt: skip
    expect(
        not seen[nodes:].isnan().any(),
        "a node that hears nobody has NaN, 0 / 0: expected zeros",
    )
    same(seen[nodes:], torch.zeros(2, features), {}, "the nodes that hear nobody")
    yield 1, "a node that hears nobody has zeros"

    x, edges = x.double(), torch.cat([edges, edges[:, :4]], 1)
    once = edges.unique(dim=1)
    right, counted = (
        total(x, listed) / incoming(listed, len(x)).clamp(min=1)
        for listed in (edges, once)
    )
    why = "x is float64 here: make new tensors of its type, such as torch.zeros_like(x)"
    seen = asked(why, mean_of_neighbours, x.clone().requires_grad_(), edges)
    hint = "an edge that is listed twice counts once: every edge has a voice"
    same(seen, right, {hint: counted}, "the means in float64")
    expect(
        seen.requires_grad, "no gradient flows through: it was cut off (detach, data?)"
    )
    check_memory(draw, mean_of_neighbours)
    yield 1, "no n × n matrix; float64 stays, double edges count twice, gradients flow"


def one_way(draw: torch.Generator, nodes: int) -> Tensor:
    """Some edges that go one way, in any order; every node hears another."""
    places = torch.randperm(nodes, generator=draw)
    ring = torch.stack([places, places.roll(1)])
    pairs = torch.randint(nodes, (2, 2 * nodes), generator=draw)
    edges = torch.cat([ring, pairs[:, pairs[0] != pairs[1]]], 1).unique(dim=1)
    return edges[:, torch.randperm(edges.shape[1], generator=draw)]


def total(x: Tensor, edges: Tensor) -> Tensor:
    """For each node the sum over the nodes that send it an edge."""
    return torch.zeros_like(x).index_add(0, edges[1], x[edges[0]])


def incoming(edges: Tensor, nodes: int) -> Tensor:
    """How many edges each node gets, (nodes, 1)."""
    return edges[1].bincount(minlength=nodes)[:, None]


def other_means(x: Tensor, edges: Tensor) -> dict[str, Tensor]:
    """Hints with what other sums and other divisors give."""
    back = edges.flip(0)
    heard, sent = total(x, edges), total(x, back)
    degree, outgoing = incoming(edges, len(x)), incoming(back, len(x))
    last = torch.zeros_like(x)
    for s, t in edges.T.tolist():
        last[t] = x[s]
    return {
        "the direction is turned round: an edge goes from edge_index[0] to "
        "edge_index[1], and the target hears": sent / outgoing,
        "the sources hear, but are divided by what the targets hear: an edge goes from "
        "edge_index[0] to edge_index[1]": sent / degree,
        "each node hears itself: a row of x[target] is the target's own": x,
        "divided by the number of all edges": heard / edges.shape[1],
        "that is the sum: divide by the number of incoming edges": heard,
        "one is added to the number of neighbours: a node is not its own neighbour "
        "here": heard / (degree + 1),
        "each node hears itself, too: only its neighbours were asked for": (heard + x)
        / (degree + 1),
        "divided by the number of all nodes: only neighbours count": heard / len(x),
        "divided by the number of outgoing edges, not of incoming ones": heard
        / outgoing,
        "each node heard one neighbour only: in `out[target] = …` and `out[target] += …"
        "` one edge of several to a node wins. index_add adds all": last,
        "the sum has one neighbour only, but is divided by all: in `out[target] += …` "
        "one edge of several to a node wins. index_add adds all": last / degree,
    }


def check_memory(draw: torch.Generator, mean_of_neighbours: Callable) -> None:
    """Hint at a tensor that grows with the square of the nodes."""
    ring = torch.stack([torch.arange(60), torch.arange(60).roll(1)])
    made = Largest(mean_of_neighbours)
    ask(made, torch.rand(60, 3, generator=draw), ring)
    expect(
        made.numbers < 3600,
        f"for 60 nodes and 60 edges you make a dense tensor of {made.numbers} numbers: "
        "of a large graph that does not fit into memory. index_add needs none",
    )


def outcome(order: list, known: dict) -> list:
    """The final representations, what is guessed, and the share that is right."""
    undefined = "`{name}` is used before a line gives it a value"
    unreadable = "Python cannot read line {line} where you put it: {why}. Which two "
    unreadable += "lines belong inside the loop?"
    names = {"torch": torch, **known}
    run_in_order(SPREADING, order, names, undefined, unreadable)
    return [names["H"], names["guess"].tolist(), names["right"]]


@task(points=2)
def spread_labels(draw, order):
    club, classes = data.karate_club(), 3
    y = torch.randint(classes, (34,), generator=draw)
    known = torch.randperm(34, generator=draw)[: integer(draw, 6, 8)]
    S = graphs.normalize(club.edge_index, 34).to_dense()
    names = {"S": S, "y": y, "known": known, "classes": classes}
    names["steps"] = integer(draw, 3, 5)
    right, told = (outcome(o, dict(names)) for o in (IN_ORDER, order))
    mistakes = {
        "`start` is taken while all labels are still zero: in each step a tenth of "
        "nothing is added": [7, 3, 4, 6, 2, 9, 8, 10, 1, 5],
        "the start is added before the mixing, and is mixed as well: so the last step "
        "blurs the known labels": [7, 4, 3, 6, 9, 2, 8, 10, 1, 5],
        "the known labels are counted as found: `right` is read while nobody has been "
        "taken out of `unknown`": [7, 4, 3, 6, 2, 9, 8, 10, 5, 1],
        "no label is known: the ones are written when all is over": [
            *(7, 3, 6, 2, 9, 4, 8, 10, 1, 5)
        ],
        "you guess before anything has spread: all unknown nodes still have zeros": [
            *(7, 4, 3, 8, 6, 2, 9, 10, 1, 5)
        ],
    }
    fits = torch.allclose(told[0], right[0], atol=1e-6) and told[1:] == right[1:]
    for hint, wrong in mistakes.items():
        H, *counted = outcome(wrong, dict(names))
        expect(fits or not torch.equal(told[0], H) or told[1:] != counted, hint)
    expect(fits, "these lines run, but spread other numbers, or count them otherwise")
    yield 2, "the labels spread along the links, and only the unknown ones are counted"


@task(points=2)
def all_alike(draw, line):
    the_line(line, FAULT, NO_FAULT)
    yield 2, "the start must be kept from the beginning: here it is renewed each time"


def another_split(draw: torch.Generator) -> data.Graph:
    """debian-science with 20 training nodes of each class, drawn anew; all others test.

    x is dense: so a student's net needs no sparse dropout.
    """
    graph, train, test = data.debian_science(), [], []
    for label in range(len(graph.classes)):
        mine = (graph.y == label).nonzero()[:, 0]
        mine = mine[torch.randperm(len(mine), generator=draw)]
        train.append(mine[:20])
        test.append(mine[20:])
    sets = {"train": torch.cat(train).sort().values, "validation": graph.train[:0]}
    sets["test"] = torch.cat(test).sort().values
    return replace(graph, x=graph.x.to_dense(), **sets)


def balanced_accuracy(net: nn.Module, graph: data.Graph) -> float:
    """The share of each class's test nodes that are right, averaged over the classes.

    Over 20 splits it varies half as much as the share of all.
    """
    right = (graphs.logits(net, graph).argmax(1) == graph.y)[graph.test].float()
    labels = graph.y[graph.test]
    return sum(right[labels == k].mean().item() for k in labels.unique()) / 9


@torch.no_grad()
def hops(draw: torch.Generator, net: nn.Module, features: int) -> int:
    """How far along a path of nodes a change of features is heard."""
    path = torch.stack([torch.arange(19), torch.arange(1, 20)])
    S = graphs.normalize(torch.cat([path, path.flip(0)], 1), 20)
    x = torch.rand(20, features, generator=draw)
    before, far = net(S, x)[0], 0
    for node in range(1, 20):
        changed = x.clone()
        changed[node] += 10 * torch.randn(features, generator=draw)
        far = far if torch.equal(net(S, changed)[0], before) else node
    return far


@task(
    points=5,
    forbidden=[
        *("lectures_lib.graphs.GCN", "lectures_lib.graphs.GraphSAGE"),
        *("lectures_lib.graphs.GraphNet", "lectures_lib.graphs.GraphConvolution"),
    ],
)
def graph_net(draw, Net):
    graph = another_split(draw)
    features, classes = graph.x.shape[1], len(graph.classes)
    net = built(draw, Net, features, classes).eval()
    check_logits(net, graph)
    yield 1, "logits for each node and class, the same each time in evaluation"

    far = hops(draw, net, features)
    expect(far > 0, "no node hears any other: your net does not use S")
    yield 1, "nodes hear along the links"

    history = graphs.fit(net, graph, epochs=100, seed=integer(draw, 0, 10**6))
    learned, reached = history.train_accuracy[-1], balanced_accuracy(net, graph)
    wanted = f"{reached:.0%} of the test programs are right (mean over the fields), "
    wanted += f"{ACCURACY:.0%} are needed; "
    expect(reached >= ACCURACY, wanted + why_so_few(learned, far))
    yield 3, f"{reached:.0%} of the test programs are right ({ACCURACY:.0%} needed)"


def check_logits(net: nn.Module, graph: data.Graph) -> None:
    """Hint unless it has parameters, and gives logits for each node and class."""
    expect(
        list(net.parameters()),
        "your net has no parameters: a plain list hides its layers. Make each one an "
        "attribute, or use nn.ModuleList",
    )
    shape = (len(graph.y), len(graph.classes))
    S = graphs.normalize(graph.edge_index, len(graph.y))
    first = ask(net, S, graph.x)
    expect(
        type(first) is Tensor and first.shape == shape,
        f"expected logits {shape}, got {kind(first)}",
    )
    expect(
        (first != first[0]).any() and not first.isnan().all(),
        f"all nodes have the same logits, {first[0, 0]:.3g} and so on: do the weights "
        "of your layer begin at random? See task 2",
    )
    expect(
        torch.equal(first, ask(net, S, graph.x)),
        "in evaluation mode your net gives two answers to one question: dropout is "
        "still on. F.dropout needs training=self.training",
    )
    sums = first.exp().sum(1) if (first <= 0).all() else first.sum(1)
    expect(
        (first < 0).any() or not torch.allclose(sums, torch.ones(()), atol=1e-3),
        "each row sums to 1: a softmax. The loss wants logits, and takes their softmax "
        "itself",
    )
    behind = "no logit is negative: is a ReLU after the last layer, or a sigmoid?"
    expect((first < 0).any(), behind)


def why_so_few(learned: float, far: int) -> str:
    """What may keep a net from generalising, in words for the student.

    Args:
        learned: the share of the training nodes that are right.
        far: how many links far it hears.
    """
    if far > 4:
        return (
            f"your net hears {far} links far. So many layers are hard to train, and "
            "mix much: two or three are best"
        )
    if far == 1:
        return "your net hears one link far. Two layers hear two"
    if learned < 0.8:
        return (
            f"even of the training programs only {learned:.0%} are: less dropout, "
            "more units, or a way for the gradient to all layers"
        )
    return (
        f"of the training programs {learned:.0%} are, so it learns. Is there dropout?"
    )
