"""Graph networks: against PyTorch Geometric, dense formulas, and published numbers."""

import math
import os
import statistics
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lectures_lib import environment, graphs
from lectures_lib.support import sparse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its compiled parts, which are not needed
    from torch_geometric import nn as pyg
    from torch_geometric.io import read_planetoid_data
    from torch_geometric.nn.conv.gcn_conv import gcn_norm

KINDS = ("plain", "residual", "initial")
RULES = ("sum", "mean", "max")
# Node 3 is alone, node 4 has a loop (listed twice), 0 → 1 stands twice, 2 → 0 one way.
ODD = torch.tensor([[0, 0, 1, 2, 4, 4, 4, 5], [1, 1, 0, 0, 4, 4, 5, 4]])


@st.composite
def edges(draw):
    """Any edges at all: loops, repeated, one way, none; and the number of nodes."""
    num_nodes = draw(st.integers(1, 8))
    node = st.integers(0, num_nodes - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=20))
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T, num_nodes


def dense_adjacency(edge_index, num_nodes):
    """A, entry by entry."""
    matrix = torch.zeros(num_nodes, num_nodes)
    for source, target in edge_index.T.tolist():
        matrix[target, source] += 1
    return matrix


def dense_normalize(edge_index, num_nodes):
    """D^(-1/2) (A + I) D^(-1/2), as it stands in the paper."""
    matrix = dense_adjacency(edge_index, num_nodes)
    matrix = matrix - matrix.diag().diag() + torch.eye(num_nodes)
    scale = matrix.sum(1).pow(-0.5).diag()
    return scale @ matrix @ scale


def some_graph(num_nodes=40, features=12, classes=3, seed=0, sparse=True):
    """Nodes of a class share words, and are linked more often."""
    draw = torch.Generator().manual_seed(seed)
    y = torch.arange(num_nodes) % classes
    x = (torch.rand(num_nodes, features, generator=draw) < 0.2).float()
    x[torch.arange(num_nodes), y] = 1
    pairs = torch.randint(num_nodes, (2, 6 * num_nodes), generator=draw)
    linked = pairs[:, (y[pairs[0]] == y[pairs[1]]) & (pairs[0] < pairs[1])]
    train, validation, test = torch.arange(num_nodes).split(num_nodes // 3 + 1)
    return SimpleNamespace(
        x=x.to_sparse_csr() if sparse else x,
        y=y,
        edge_index=torch.cat([linked, linked.flip(0)], 1),
        train=train,
        validation=validation,
        test=test,
        classes=[str(number) for number in range(classes)],
    )


def changed(graph, **parts):
    return SimpleNamespace(**{**vars(graph), **parts})


def net(graph, make=graphs.GCN, hidden=8, seed=0, **options):
    torch.manual_seed(seed)
    return make(graph.x.shape[1], hidden, len(graph.classes), **options)


# Matrices


@settings(deadline=None)
@given(edges())
def test_matrices_are_the_formulas(found):
    assert torch.equal(graphs.adjacency(*found).to_dense(), dense_adjacency(*found))
    matrix = graphs.normalize(*found)
    assert matrix.layout == torch.sparse_csr and matrix.dtype == torch.float32
    torch.testing.assert_close(matrix.to_dense(), dense_normalize(*found))


@settings(deadline=None)
@given(edges())
def test_normalize_is_that_of_pytorch_geometric(found):
    (source, target), weights = gcn_norm(found[0], num_nodes=found[1])
    theirs = torch.zeros(found[1], found[1])
    theirs.index_put_((target, source), weights, accumulate=True)
    torch.testing.assert_close(graphs.normalize(*found).to_dense(), theirs)


def test_what_becomes_of_odd_edges():
    loops_and_twice = graphs.normalize(ODD, 6).to_dense()
    assert loops_and_twice[3].tolist() == [0, 0, 0, 1, 0, 0]  # alone: keeps its own
    assert loops_and_twice[4, 4] == pytest.approx(1 / 2)  # one loop, and one neighbour
    assert loops_and_twice[1, 0] == pytest.approx(2 / 3)  # 2 / √(3 · 3): counts twice
    assert loops_and_twice[0, 2] > 0 and loops_and_twice[2, 0] == 0  # one way
    nothing = torch.zeros(2, 0, dtype=torch.int64)
    assert torch.equal(graphs.normalize(nothing, 3).to_dense(), torch.eye(3))
    assert torch.equal(graphs.adjacency(nothing, 3).to_dense(), torch.zeros(3, 3))


def test_both_directions_give_a_symmetric_matrix_to_the_last_bit():
    matrix = graphs.normalize(some_graph().edge_index, 40).to_dense()
    assert torch.equal(matrix, matrix.T)


@pytest.mark.parametrize(
    ("edge_index", "num_nodes", "said"),
    [
        (torch.tensor([[0, 5], [1, 2]]), 5, r"edge \[5, 2\] .* nodes 0 to 4"),
        (torch.tensor([[0], [-1]]), 5, r"edge \[0, -1\] .* nodes 0 to 4"),
        (torch.zeros(2, 0).long(), 0, "at least one node"),
        (torch.zeros(2, 3), 5, r"float32 \(2, 3\): expected whole numbers"),
        (torch.zeros(3, 2).long(), 5, r"\(3, 2\): expected whole numbers \(2, edges\)"),
        (torch.zeros(2).long(), 5, r"\(2,\): expected whole numbers"),
    ],
)
@pytest.mark.parametrize("make", [graphs.normalize, graphs.adjacency])
def test_edges_that_name_no_node_are_refused(make, edge_index, num_nodes, said):
    with pytest.raises(ValueError, match=said):
        make(edge_index, num_nodes)


def test_a_process_hears_no_warning_about_sparse_matrices():
    program = (
        "import torch, lectures_lib.graphs as g; e = torch.tensor([[0, 1], [1, 0]])"
    )
    program += "; g.GCN(3, 2, 2)(g.normalize(e, 2), torch.eye(2, 3).to_sparse_csr())"
    run = [sys.executable, "-W", "error::UserWarning", "-c", program]
    assert not subprocess.run(run, check=True, capture_output=True).stderr


# Products, and what comes back through them


@settings(deadline=None, max_examples=50)
@given(edges(), st.integers(1, 4), st.integers(0, 99))
def test_products_and_their_gradients_are_the_dense_ones(found, features, seed):
    matrix, dense = graphs.normalize(*found).double(), dense_normalize(*found).double()
    draw = torch.Generator().manual_seed(seed)
    x, weights = torch.randn(2, found[1], features, generator=draw).double()
    results = []
    for left in (matrix, dense):
        leaf = x.clone().requires_grad_()
        out = sparse.product(left, leaf)
        (gradient,) = torch.autograd.grad((out * weights).sum(), leaf)
        results.append((out, gradient))
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-6)


def test_a_product_is_differentiable_twice():
    matrix = graphs.normalize(ODD, 6).double()
    x = torch.randn(6, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: sparse.product(matrix, x), x)
    assert torch.autograd.gradgradcheck(lambda x: sparse.product(matrix, x).pow(3), x)


def test_a_matrix_is_transposed_once(monkeypatch):
    sorts, argsort = [], torch.Tensor.argsort
    monkeypatch.setattr(
        torch.Tensor, "argsort", lambda *a, **k: sorts.append(1) or argsort(*a, **k)
    )
    graph = some_graph()
    graphs.fit(net(graph), graph, epochs=5)
    assert len(sorts) == 2  # the graph's matrix, and its features


@pytest.mark.parametrize("in_csr", [True, False])
def test_dropout_zeroes_and_rescales(in_csr):
    torch.manual_seed(0)
    x = torch.ones(200, 50).tril()
    dropped = sparse.dropout(x.to_sparse_csr() if in_csr else x, 0.25)
    assert (dropped.layout == torch.sparse_csr) is in_csr
    values = dropped.values() if in_csr else dropped[x > 0]
    kept = values != 0
    torch.testing.assert_close(values[kept], torch.full_like(values[kept], 4 / 3))
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.02)


def test_dropped_features_send_back_their_own_gradient():
    torch.manual_seed(0)
    x, weight = torch.rand(9, 5).round(decimals=0), torch.randn(5, 3).requires_grad_()
    dropped = sparse.dropout(x.to_sparse_csr(), 0.5)
    pull = torch.randn(9, 3)
    ours = torch.autograd.grad((sparse.product(dropped, weight) * pull).sum(), weight)
    torch.testing.assert_close(ours[0], dropped.to_dense().T @ pull)


@pytest.mark.parametrize(
    ("matrix", "x", "said"),
    [
        (torch.eye(3).to_sparse_csr(), torch.ones(4, 2), r"\(3, 3\) and \(4, 2\)"),
        (torch.eye(3), torch.ones(3), r"\(3, 3\) and \(3,\)"),
        (
            torch.eye(3).to_sparse_coo(),
            torch.ones(3, 2),
            "sparse_coo: expected dense or",
        ),
        (torch.eye(3), torch.eye(3).to_sparse_csr(), "right side is sparse"),
    ],
)
@pytest.mark.parametrize("operation", graphs.AGGREGATE.values())
def test_products_that_do_not_exist_are_refused(operation, matrix, x, said):
    with pytest.raises(ValueError, match=said):
        operation(matrix, x)


# Rules


@pytest.mark.parametrize("rule", RULES)
@settings(deadline=None, max_examples=50)
@given(found=edges(), seed=st.integers(0, 99))
def test_a_rule_gathers_node_by_node(rule, found, seed):
    reduce = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[rule]
    x = torch.randn(found[1], 3, generator=torch.Generator().manual_seed(seed))
    expected = torch.zeros(found[1], 3)
    for node in range(found[1]):
        heard = x[found[0][0, found[0][1] == node]]
        if len(heard):
            expected[node] = reduce(heard, 0)
    ours = graphs.AGGREGATE[rule](graphs.adjacency(*found), x)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_and_its_gradient_are_those_of_pytorch_geometric(rule):
    x, pull = torch.randn(2, 6, 4)
    x[0] = x[1]  # equally large ones, for max
    results = []
    matrix = graphs.adjacency(ODD, 6)
    for way in (
        lambda x: graphs.AGGREGATE[rule](matrix, x),
        lambda x: pyg.SimpleConv(aggr=rule)(x, ODD),
    ):
        leaf = x.clone().requires_grad_()
        out = way(leaf)
        results.append((out, *torch.autograd.grad((out * pull).sum(), leaf)))
    # A repeated edge is one voice to our max, two to theirs: it shares otherwise.
    last = 1 if rule == "max" else 2
    torch.testing.assert_close(results[0][:last], results[1][:last])


def test_the_gradient_of_max_goes_to_the_largest():
    matrix = graphs.adjacency(torch.tensor([[1, 2, 3], [0, 0, 0]]), 4)
    x = torch.tensor([[9.0], [2.0], [5.0], [5.0]]).requires_grad_()
    graphs.AGGREGATE["max"](matrix, x).sum().backward()
    assert x.grad[:, 0].tolist() == [0, 0, 0.5, 0.5]


def test_propagation_forgets_all_but_the_degrees():
    ring = torch.arange(9)
    edge_index = torch.stack([ring, (ring + 1) % 9])
    edge_index = torch.cat([edge_index, torch.tensor([[0], [4]])], 1)
    edge_index = torch.cat([edge_index, edge_index.flip(0)], 1)
    matrix, x = graphs.normalize(edge_index, 9), torch.rand(9, 3)
    torch.testing.assert_close(
        graphs.propagate(matrix, x, 3), matrix.to_dense().matrix_power(3) @ x
    )
    assert torch.equal(graphs.propagate(matrix, x, 0), x)
    limit = (torch.bincount(edge_index[0]) + 1.0).sqrt()
    far = graphs.propagate(matrix, x, 300)
    cosines = F.cosine_similarity(far, limit[:, None], dim=0)
    torch.testing.assert_close(cosines, torch.ones(3))
    # With a restart there is another limit, in closed form: 0.1 (I − 0.9 S)⁻¹ X.
    closed = 0.1 * torch.linalg.solve(torch.eye(9) - 0.9 * matrix.to_dense(), x)
    torch.testing.assert_close(graphs.propagate(matrix, x, 300, restart=0.1), closed)


# Layers


@pytest.mark.parametrize("sparse", [True, False])
def test_a_graph_convolution_is_gcnconv(sparse):
    ours, theirs = graphs.GraphConvolution(5, 3), pyg.GCNConv(5, 3)
    x, pull = torch.rand(6, 5) * (torch.rand(6, 5) > 0.5), torch.randn(6, 3)
    with torch.no_grad():
        ours.weight.copy_(theirs.lin.weight.T)
        ours.bias.copy_(theirs.bias.normal_())
    out = ours(graphs.normalize(ODD, 6), x.to_sparse_csr() if sparse else x)
    expected = theirs(x, ODD)
    torch.testing.assert_close(out, expected)
    gradients = torch.autograd.grad((out * pull).sum(), [ours.weight, ours.bias])
    (expected * pull).sum().backward()
    torch.testing.assert_close(gradients[0], theirs.lin.weight.grad.T)
    torch.testing.assert_close(gradients[1], theirs.bias.grad)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("rule", ["mean", "sum"])  # their max gathers before it maps
def test_a_sage_convolution_is_sageconv(rule, sparse):
    ours, theirs = graphs.SAGEConvolution(5, 3, rule), pyg.SAGEConv(5, 3, aggr=rule)
    x, pull = torch.rand(6, 5) * (torch.rand(6, 5) > 0.5), torch.randn(6, 3)
    with torch.no_grad():
        ours.weight.copy_(theirs.lin_r.weight.T)
        ours.neighbours.copy_(theirs.lin_l.weight.T)
        ours.bias.copy_(theirs.lin_l.bias.normal_())
    out = ours(graphs.adjacency(ODD, 6), x.to_sparse_csr() if sparse else x)
    expected = theirs(x, ODD)
    torch.testing.assert_close(out, expected)
    gradients = torch.autograd.grad((out * pull).sum(), list(ours.parameters()))
    (expected * pull).sum().backward()
    torch.testing.assert_close(gradients[0], theirs.lin_r.weight.grad.T)
    torch.testing.assert_close(gradients[1], theirs.lin_l.weight.grad.T)
    torch.testing.assert_close(gradients[2], theirs.lin_l.bias.grad)


@settings(deadline=None, max_examples=50)
@given(edges(), st.integers(0, 99))
def test_a_graph_convolution_is_its_formula(found, seed):
    torch.manual_seed(seed)
    layer, (x, first) = graphs.GraphConvolution(4, 2), torch.randn(2, found[1], 4)
    nn.init.normal_(layer.bias)
    mixed, matrix = dense_normalize(*found) @ x, graphs.normalize(*found)
    formula = mixed @ layer.weight + layer.bias
    torch.testing.assert_close(layer(matrix, x), formula, rtol=1e-4, atol=1e-5)
    formula = (0.9 * mixed + 0.1 * first) @ layer.weight + layer.bias
    torch.testing.assert_close(layer(matrix, x, first), formula, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [graphs.GraphConvolution, graphs.SAGEConvolution])
def test_features_of_another_length_are_refused(layer):
    with pytest.raises(ValueError, match=r"x is \(6, 5\): expected \(nodes, 4\)"):
        layer(4, 2)(graphs.normalize(ODD, 6), torch.ones(6, 5))


def test_nan_reaches_the_neighbours_and_no_further():
    x = torch.ones(6, 2)
    x[5, 0] = math.nan
    out = graphs.GraphConvolution(2, 2)(graphs.normalize(ODD, 6), x)
    assert out.isnan().any(1).tolist() == [False] * 4 + [True] * 2


def test_the_largest_of_wrong_rules_is_named():
    with pytest.raises(ValueError, match="no rule 'median': expected one of"):
        graphs.SAGEConvolution(2, 2, "median")


# Nets

NETS = [(graphs.GCN, {"depth": 4, "kind": kind}) for kind in KINDS]
NETS += [(graphs.GraphSAGE, {"rule": rule}) for rule in RULES]


@pytest.mark.parametrize(("make", "options"), NETS)
def test_nets_do_not_depend_on_the_order_of_the_nodes(make, options):
    graph = some_graph()
    model, order = net(graph, make, **options).eval(), torch.randperm(40)
    place = order.argsort()  # old number to new number
    edge_index = place[graph.edge_index][:, torch.randperm(graph.edge_index.shape[1])]
    moved = changed(
        graph, x=graph.x.to_dense()[order], y=graph.y[order], edge_index=edge_index
    )
    before, after = graphs.logits(model, graph), graphs.logits(model, moved)
    torch.testing.assert_close(after, before[order])
    assert (after - before).abs().max() > 1e-3  # and they do differ between nodes


@pytest.mark.parametrize("kind", KINDS)
def test_deep_nets_are_their_formulas(kind):
    graph = some_graph()
    model = net(graph, depth=4, kind=kind).eval()
    matrix = dense_normalize(graph.edge_index, 40)
    first, *middle, last = model.layers
    x = start = F.relu(matrix @ graph.x.to_dense() @ first.weight)
    states = [x]
    for layer in (*middle, last):
        mixed = 0.9 * matrix @ x + 0.1 * start if kind == "initial" else matrix @ x
        out = mixed @ layer.weight
        if layer is not last:
            out = F.relu(out)
            out = out + x if kind == "residual" else out
        x = out
        states.append(x)
    ours = model.states(graphs.normalize(graph.edge_index, 40), graph.x)
    torch.testing.assert_close(ours, states)


def test_a_gcn_without_edges_is_a_multilayer_perceptron():
    graph = changed(some_graph(), edge_index=torch.zeros(2, 0, dtype=torch.int64))
    model = net(graph)
    first, second = model.layers
    expected = (graph.x.to_dense() @ first.weight).relu() @ second.weight
    torch.testing.assert_close(graphs.logits(model, graph), expected)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "dense"}, {"dropout": 1.0}, {"dropout": -0.1}, {"depth": 0}],
)
def test_nets_that_do_not_exist_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        graphs.GCN(3, 4, 2, **wrong)


# Training


class TheirGCN(nn.Module):
    """The two layers of PyTorch Geometric's own example, with our weights."""

    def __init__(self, ours):
        super().__init__()
        shapes = [layer.weight.shape for layer in ours.layers]
        self.layers = nn.ModuleList(pyg.GCNConv(*s, cached=True) for s in shapes)
        for layer, mine in zip(self.layers, ours.layers):
            layer.lin.weight.data.copy_(mine.weight.detach().T)

    def forward(self, x, edge_index):
        first, second = self.layers
        return second(first(x, edge_index).relu(), edge_index)


def test_fit_trains_as_torch_and_pytorch_geometric_do():
    graph = some_graph()
    ours = net(graph, dropout=0.0)
    theirs, x = TheirGCN(ours), graph.x.to_dense()
    groups = [dict(params=theirs.layers[0].parameters(), weight_decay=5e-4)]
    groups += [dict(params=theirs.layers[1].parameters(), weight_decay=0)]
    optimizer = torch.optim.Adam(groups, lr=0.01)
    losses, accuracies = [], []
    for _ in range(30):
        optimizer.zero_grad()
        scores = theirs(x, graph.edge_index)[graph.train]
        loss = F.cross_entropy(scores, graph.y[graph.train])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        right = theirs(x, graph.edge_index).argmax(1) == graph.y
        accuracies.append(right[graph.test].float().mean().item())
    history = graphs.fit(ours, graph, epochs=30)
    assert history.train_loss == pytest.approx(losses, rel=1e-3)
    assert history.test_accuracy == pytest.approx(accuracies, abs=1.01 / 12)
    for layer, mine in zip(theirs.layers, ours.layers):
        torch.testing.assert_close(
            mine.weight, layer.lin.weight.T, rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(("make", "options"), NETS)
def test_every_net_learns(make, options, sparse):
    graph = some_graph(90, sparse=sparse)
    history = graphs.fit(net(graph, make, hidden=16, **options), graph, epochs=60)
    assert history.test_accuracy[-1] > 0.6 and not history.diverged
    assert history.train_loss[-1] < history.train_loss[0]
    curves = [history.train_accuracy, history.validation_accuracy]
    assert all(len(curve) == 60 for curve in (*curves, history.test_accuracy))
    assert "60 epochs" in str(history)


def test_a_seed_gives_one_training_and_leaves_torch_alone(monkeypatch):
    graph = some_graph()

    def losses(seed):
        torch.manual_seed(3)
        model = net(graph)
        before = torch.get_rng_state()
        found = graphs.fit(model, graph, epochs=5, seed=seed).train_loss
        assert torch.equal(torch.get_rng_state(), before) and not model.training
        return found

    assert losses(0) == losses(0) != losses(1)
    zero = losses(0)
    monkeypatch.setenv("LECTURES_SEED", "1")
    assert losses(0) != zero


def test_any_module_that_takes_a_matrix_and_features_can_be_trained():
    class Perceptron(nn.Linear):
        def forward(self, matrix, x):
            return super().forward(x)

    graph = some_graph(sparse=False)
    history = graphs.fit(Perceptron(12, 3), graph, epochs=60, learning_rate=0.1)
    assert history.train_accuracy[-1] > 0.9


def test_nothing_is_made_dense(monkeypatch):
    graph = some_graph()
    monkeypatch.setattr(torch.Tensor, "to_dense", None)
    for make, options in NETS:
        graphs.fit(net(graph, make, **options), graph, epochs=2)


def test_a_graph_whose_dense_matrix_would_fill_any_memory():
    num_nodes = 1_000_000  # squared, four terabytes
    edge_index = torch.randint(num_nodes, (2, 1000))
    layer, x = graphs.GraphConvolution(2, 2), torch.ones(num_nodes, 2)
    out = layer(graphs.normalize(edge_index, num_nodes), x)
    out.sum().backward()
    assert layer.weight.grad.isfinite().all()


def test_test_labels_play_no_part_in_training():
    graph = some_graph()
    y = graph.y.clone()
    y[graph.test] = y[graph.validation] = 0
    losses = [
        graphs.fit(net(graph), g, epochs=5).train_loss
        for g in (graph, changed(graph, y=y))
    ]
    assert losses[0] == losses[1]


def test_nodes_outside_the_sets_need_no_label():
    graph = some_graph()
    graph = changed(graph, validation=graph.validation[:5])
    y = torch.full_like(graph.y, -1)
    for part in (graph.train, graph.validation, graph.test):
        y[part] = graph.y[part]
    assert (y < 0).any()
    known, unknown = (
        graphs.fit(net(graph), g, epochs=5) for g in (graph, changed(graph, y=y))
    )
    assert known == unknown
    model = net(graph)
    assert torch.equal(
        graphs.logits(model, graph), graphs.logits(model, changed(graph, y=y))
    )


def test_a_run_that_explodes_says_so():
    graph = some_graph()
    history = graphs.fit(net(graph), graph, epochs=9, learning_rate=1e30)
    assert history.diverged and "diverged" in str(history)
    assert len(history.train_loss) < 9 and math.isnan(history.train_loss[-1])
    assert math.isnan(history.test_accuracy[-1])


def test_an_empty_test_set_has_no_accuracy():
    graph = changed(some_graph(), test=torch.zeros(0, dtype=torch.int64))
    history = graphs.fit(net(graph), graph, epochs=2)
    assert math.isnan(history.test_accuracy[-1]) and not history.diverged


SPOILT = {
    "graph.train is empty": lambda g: {"train": g.train[:0]},
    r"x is \(40, 12\) and y \(39,\)": lambda g: {"y": g.y[1:]},
    "y is torch.float32": lambda g: {"y": g.y.float()},
    "x has NaN or infinite": lambda g: {"x": g.x * math.nan},
    "NaN or infinite": lambda g: {"x": g.x.to_dense() / 0},
    "a set is torch.bool: .*nonzero": lambda g: dict.fromkeys(
        ("train", "validation", "test"), g.y == 0
    ),
    "a set is torch.bool: expected": lambda g: {"test": g.y == 0},
    "torch.float64 and torch.float32: .*float": lambda g: {"x": g.x.double()},
    "torch.float64 and .*float32": lambda g: {"x": g.x.to_dense().double()},
    "outside 0 to 39": lambda g: {"test": g.test + 1},
    "node outside": lambda g: {"train": g.train - 1},
    r"edge \[0, 40\]": lambda g: {"edge_index": torch.tensor([[0], [40]])},
    r"expected \(nodes, 12\)": lambda g: {"x": torch.ones(40, 11)},
    r"labels lie in \[1, 3\]: expected 0 to 2": lambda g: {"y": g.y + 1},
    r"labels lie in \[-1, 1\]: expected 0 to 2": lambda g: {"y": g.y - 1},
    "sparse_coo: expected dense or CSR": lambda g: {"x": g.x.to_sparse_coo()},
}


@pytest.mark.parametrize("said", SPOILT)
@pytest.mark.parametrize("use", [graphs.fit, graphs.logits])
def test_graphs_whose_parts_do_not_belong_together_are_refused(use, said):
    graph = some_graph()
    model, spoilt = net(graph), changed(graph, **SPOILT[said](graph))
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(ValueError, match=said):
        use(model, spoilt)
    assert all(torch.equal(*pair) for pair in zip(before, model.parameters()))


# Cora


@pytest.fixture(scope="module")
def cora():
    folder = Path(os.environ.get("LECTURES_DATA", "/nowhere"))
    if not (folder / "ind.cora.x").exists():
        pytest.skip("LECTURES_DATA names no folder with the files ind.cora.*")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = read_planetoid_data(str(folder), "cora")
    masks = {"train": "train_mask", "validation": "val_mask", "test": "test_mask"}
    return SimpleNamespace(
        x=F.normalize(read.x, p=1, dim=1).to_sparse_csr(),
        y=read.y,
        edge_index=read.edge_index,
        classes=list(range(7)),
        **{name: read[mask].nonzero()[:, 0] for name, mask in masks.items()},
    )


def over_ten_seeds(graph):
    """Mean test accuracy, in percent."""
    found = []
    for seed in range(10):
        environment.seed_everything(seed)
        model = graphs.GCN(graph.x.shape[1], 16, len(graph.classes))
        found.append(100 * graphs.fit(model, graph, seed=seed).test_accuracy[-1])
    return statistics.mean(found)


def test_cora_has_its_published_accuracy(cora):
    assert over_ten_seeds(cora) == pytest.approx(81.5, abs=1.0)  # Kipf and Welling 2017


def test_cora_without_edges_has_the_accuracy_of_words_alone(cora):
    alone = changed(cora, edge_index=cora.edge_index[:, :0])
    assert over_ten_seeds(alone) == pytest.approx(55.1, abs=3.0)  # their Table 2, MLP
