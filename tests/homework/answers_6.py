"""Homework 6: answers that students give."""

from itertools import pairwise

import networkx as nx
import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll

SEEDS = {"graph_net": 2}  # it trains


def with_fault(function, fault):
    return lambda *arguments: function(*arguments, fault)


# The matrix.


def normalize(edge_index, num_nodes, fault=""):
    A = torch.zeros(num_nodes, num_nodes)
    A[edge_index[1], edge_index[0]] = 1
    if fault == "one way":
        A = A.triu()
    A_hat = A.clone().fill_diagonal_(1)
    if fault == "twice":
        A_hat = A + torch.eye(num_nodes)
    if fault == "twofold":
        A_hat = A.clone().fill_diagonal_(2)
    if fault == "no loops":
        A_hat = A
    degrees = (A if fault == "degree without loop" else A_hat).sum(1)
    if fault == "loops in the degree":
        A_hat = A
    if fault == "added":
        return A_hat / torch.sqrt(degrees[:, None] + degrees)
    if fault == "NaN":
        return degrees.diag() ** -0.5 @ A_hat @ degrees.diag() ** -0.5
    if fault == "rows":
        return A_hat / degrees[:, None]
    if fault == "a row of squares":
        return A_hat / (degrees * degrees).sqrt()
    if fault == "one side":
        return A_hat / degrees.sqrt()
    if fault == "the other side":
        return A_hat / degrees.sqrt()[:, None]
    if fault == "columns":
        return A_hat / degrees
    if fault == "multiplied":
        return degrees.diag().sqrt() @ A_hat @ degrees.diag().sqrt()
    if fault == "no root":
        return A_hat / (degrees[:, None] * degrees)
    if fault == "not normalized":
        return A_hat
    S = A_hat / torch.sqrt(degrees[:, None] * degrees)
    return torch.eye(num_nodes) - S if fault == "laplacian" else S


def normalize_until_the_last(edge_index, num_nodes):
    return normalize(edge_index, int(edge_index.max()) + 1)


def normalize_where_linked(edge_index, num_nodes):
    A = torch.zeros(num_nodes, num_nodes)
    A[edge_index[1], edge_index[0]] = 1
    linked = A.sum(1) > 0
    A_hat = A.fill_diagonal_(1) * linked
    scale = A_hat.sum(1).rsqrt()
    return scale[:, None] * A_hat * scale


def normalize_by_matrices(edge_index, num_nodes):
    loops = torch.arange(num_nodes).expand(2, -1)
    edges = torch.cat([edge_index, loops], 1).unique(dim=1)
    A_hat = torch.sparse_coo_tensor(edges, torch.ones(edges.shape[1])).to_dense()
    D = torch.diag(A_hat.sum(1) ** -0.5)
    return D @ A_hat @ D


def normalize_in_loops(edge_index, num_nodes):
    heard = [{i} for i in range(num_nodes)]
    for source, target in edge_index.T.tolist():
        heard[target].add(source)
    S = torch.zeros(num_nodes, num_nodes)
    for i in range(num_nodes):
        for j in heard[i]:
            S[i, j] = 1 / (len(heard[i]) * len(heard[j])) ** 0.5
    return S


def normalize_by_networkx(edge_index, num_nodes):
    graph = nx.empty_graph(num_nodes)
    graph.add_edges_from(edge_index.T.tolist())
    graph.add_edges_from((i, i) for i in range(num_nodes))
    A_hat = torch.tensor(nx.to_numpy_array(graph), dtype=torch.float32)
    scale = A_hat.sum(0).pow(-0.5)
    return torch.einsum("i,ij,j->ij", scale, A_hat, scale)


# The layer.


class GraphConvolution(nn.Module):
    fault = ""

    def __init__(self, in_features, out_features):
        super().__init__()
        shape = in_features, out_features
        if self.fault == "transposed weight":
            shape = out_features, in_features
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(shape)))
        self.bias = nn.Parameter(torch.zeros(out_features))
        if self.fault == "zero":
            nn.init.zeros_(self.weight)
        if self.fault == "far too large":
            nn.init.normal_(self.weight, std=100)
        if self.fault == "all positive":
            nn.init.uniform_(self.weight)
        if self.fault == "not filled":
            self.weight = nn.Parameter(torch.empty(shape))
        if self.fault == "bias row":
            self.bias = nn.Parameter(torch.zeros(1, out_features))
        if self.fault == "bias":
            nn.init.ones_(self.bias)
        if self.fault == "no parameter":
            del self.weight
            self.weight = torch.randn(shape)
        if self.fault == "linear":
            del self.weight
            self.weight = nn.Linear(*shape)

    def forward(self, S, H):
        if self.fault == "bias mixed":
            return S @ (H @ self.weight + self.bias)
        if self.fault == "ReLU":
            return F.relu(S @ (H @ self.weight) + self.bias)
        if self.fault == "transposed S":
            return S.T @ (H @ self.weight) + self.bias
        if self.fault == "no S":
            return H @ self.weight + self.bias
        if self.fault == "no bias":
            return S @ (H @ self.weight)
        if self.fault == "detached":
            return S @ (H @ self.weight.data) + self.bias
        if self.fault == "dense only":
            return torch.einsum("ij,jk->ik", S, H @ self.weight) + self.bias
        if self.fault == "made dense":
            return S.to_dense() @ (H @ self.weight) + self.bias
        if self.fault == "row sums":
            return S @ (H @ self.weight) / S.sum(1, keepdim=True) + self.bias
        if self.fault == "in place":
            return H.copy_(S @ H) @ self.weight + self.bias
        return S @ (H @ self.weight) + self.bias


def faulty(kind, fault):
    return type(kind.__name__, (kind,), {"fault": fault})


class Uncalled(nn.Module):
    def __init__(self, in_features, out_features):
        self.weight = nn.Parameter(torch.rand(in_features, out_features))


class LinearInside(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, S, H):
        return S @ self.linear(H)


class MixedFirst(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_features, out_features) * 0.1)
        self.register_parameter("bias", nn.Parameter(torch.zeros(out_features)))

    def forward(self, S, H):
        return torch.addmm(self.bias, S @ H, self.weight)


class BySparseProduct(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        bound = (6 / (in_features + out_features)) ** 0.5
        start = torch.empty(in_features, out_features).uniform_(-bound, bound)
        self.weight = nn.Parameter(start)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, S, H):
        return ll.graphs.product(S, F.linear(H, self.weight.T)).add(self.bias)


# The mean.


def mean_of_neighbours(x, edge_index, fault=""):
    source, target = edge_index
    if fault == "swapped":
        source, target = target, source
    nodes = int(target.max()) + 1 if fault == "last node" else len(x)
    out = x.new_zeros(nodes, x.shape[1])
    if fault == "float32":
        out = torch.zeros(nodes, x.shape[1])
    if fault == "lost":
        out[target] += x[source]
    elif fault == "in place":
        x.index_add_(0, target, x[source])
        out = x
    elif fault == "written":
        for s, t in zip(source.tolist(), target.tolist()):
            out[t] = x[s]
        return out
    else:
        out = out.index_add(0, target, x[source])
    shortest = 0 if fault == "no minlength" else nodes
    count = target.bincount(minlength=shortest)[:, None]
    if fault == "sum":
        return out
    if fault == "own row":
        out = torch.zeros_like(x).index_add(0, target, x[target])
    if fault == "sources hear":
        out = torch.zeros_like(x).index_add(0, source, x[target])
    if fault == "all edges":
        return out / len(source)
    if fault == "plus one":
        return out / (count + 1)
    if fault == "itself":
        return (out + x) / (count + 1)
    if fault == "all nodes":
        return out / nodes
    if fault == "outgoing":
        return out / source.bincount(minlength=nodes).clamp(min=1)[:, None]
    if fault == "detached":
        return out.detach() / count.clamp(min=1)
    return out / (count if fault == "NaN" else count.clamp(min=1))


def mean_once(x, edge_index):
    return mean_of_neighbours(x, edge_index.unique(dim=1))


def mean_of_library(x, edge_index):
    return ll.graphs.AGGREGATE["mean"](ll.graphs.adjacency(edge_index, len(x)), x)


def mean_by_matrix(x, edge_index):
    A = x.new_zeros(len(x), len(x))
    one = x.new_ones(edge_index.shape[1])
    A.index_put_((edge_index[1], edge_index[0]), one, accumulate=True)
    return A @ x / A.sum(1, keepdim=True).clamp(min=1)


def mean_by_one_hot(x, edge_index):
    heard = F.one_hot(edge_index[1], len(x)).to(x.dtype)  # (edges, nodes)
    return heard.T @ x[edge_index[0]] / heard.sum(0).clamp(min=1)[:, None]


def mean_by_sparse_matrix(x, edge_index):
    one = x.new_ones(edge_index.shape[1])
    A = torch.sparse_coo_tensor(edge_index.flip(0), one, (len(x), len(x)))
    return A @ x / (A @ x.new_ones(len(x), 1)).clamp(min=1)


def mean_in_loops(x, edge_index):
    rows = []
    for node in range(len(x)):
        heard = edge_index[0, edge_index[1] == node]
        rows.append(x[heard].mean(0) if len(heard) else torch.zeros_like(x[0]))
    return torch.stack(rows)


def mean_by_scatter(x, edge_index):
    source, target = edge_index
    places = target[:, None].expand(-1, x.shape[1])
    zeros = torch.zeros_like(x)
    return zeros.scatter_reduce(0, places, x[source], "mean", include_self=False)


# The net.


class Net(nn.Module):
    fault = ""

    def __init__(self, in_features, num_classes, hidden=16):
        super().__init__()
        depth = {"eight": 8, "one": 1}.get(self.fault, 2)
        sizes = [in_features, *[hidden] * (depth - 1), num_classes]
        unset = self.fault if self.fault in ("zero", "not filled") else ""
        layers = [faulty(GraphConvolution, unset)(*s) for s in pairwise(sizes)]
        self.layers = layers if self.fault == "list" else nn.ModuleList(layers)

    def forward(self, S, x):
        if self.fault == "no edges":
            S = torch.ones(len(x)).diag().to_sparse_csr()
        for layer in self.layers:
            if layer is not self.layers[0]:
                always = self.fault == "dropout always"
                x = F.dropout(x, 0.5, self.training or always)
            x = layer(S, x)
            if layer is not self.layers[-1] or self.fault == "ReLU":
                x = x.relu()
        if self.fault == "softmax":
            x = x.softmax(1)
        if self.fault == "detached":
            x = x.detach() + 0 * sum((p**2).sum() for p in self.parameters())
        return x[:-1] if self.fault == "rows" else x


class WideNet(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.first = MixedFirst(in_features, 32)
        self.second = MixedFirst(32, num_classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, S, x):
        hidden = torch.relu(self.first(S, x))
        return self.second(S, self.dropout(hidden)).log_softmax(1)


class MixedLast(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(in_features, 32),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(32, num_classes),
        )

    def forward(self, S, x):
        start = H = self.net(x)
        for _ in range(3):
            H = 0.9 * (S @ H) + 0.1 * start
        return H


WRONG = {
    "normalize": [
        (lambda *graph: normalize(*graph).to_sparse(), "S is sparse here"),
        (lambda *graph: normalize(*graph).to_sparse_csr(), "S is sparse here"),
        (with_fault(normalize, "rows"), "rows sum to 1: that is D⁻¹(A + I)"),
        (with_fault(normalize, "columns"), "columns sum to 1"),
        (with_fault(normalize, "a row of squares"), "`degrees * degrees` is a row"),
        (with_fault(normalize, "one side"), "on one side only"),
        (with_fault(normalize, "the other side"), "on one side only"),
        (with_fault(normalize, "no loops"), "Self-loops are missing"),
        (with_fault(normalize, "degree without loop"), "but not in the degrees"),
        (with_fault(normalize, "loops in the degree"), "but the matrix has none"),
        (with_fault(normalize, "multiplied"), "you multiply by the roots"),
        (with_fault(normalize, "no root"), "you divide by the degrees"),
        (with_fault(normalize, "not normalized"), "the degrees are still to come"),
        (with_fault(normalize, "laplacian"), "a Laplacian"),
        (with_fault(normalize, "added"), "their product belongs there"),
        (with_fault(normalize, "twofold"), "each loop counts 2"),
        (with_fault(normalize, "NaN"), "First the power"),
        (with_fault(normalize, "one way"), "one direction only"),
        (with_fault(normalize, "twice"), "now count it twice"),
        (normalize_until_the_last, "whose last two nodes have no link"),
        (normalize_where_linked, "without links has NaN"),
        (ll.graphs.normalize, "write that yourself"),
    ],
    "graph_convolution": [
        (faulty(GraphConvolution, "far too large"), "the weights begin at"),
        (faulty(GraphConvolution, "all positive"), "the weights begin at"),
        (faulty(GraphConvolution, "transposed weight"), "so that H @ W is"),
        (faulty(GraphConvolution, "no parameter"), "training does not know it"),
        (
            faulty(GraphConvolution, "linear"),
            "a Linear: expected an nn.Parameter (5, 3). Write it yourself",
        ),
        (faulty(GraphConvolution, "bias row"), "(3,), one number for each output"),
        (faulty(GraphConvolution, "made dense"), "S becomes dense"),
        (faulty(GraphConvolution, "zero"), "all weights begin equal"),
        (faulty(GraphConvolution, "bias"), "the bias should begin at zero"),
        (faulty(GraphConvolution, "not filled"), "torch.empty is not filled"),
        (faulty(GraphConvolution, "bias mixed"), "the bias is mixed"),
        (faulty(GraphConvolution, "ReLU"), "a ReLU is inside"),
        (faulty(GraphConvolution, "transposed S"), "S is transposed"),
        (faulty(GraphConvolution, "no S"), "S is not used"),
        (faulty(GraphConvolution, "no bias"), "the bias is missing"),
        (faulty(GraphConvolution, "row sums"), "S is normalized already"),
        (faulty(GraphConvolution, "dense only"), "it raises"),
        (faulty(GraphConvolution, "detached"), "no gradient reaches weight"),
        (faulty(GraphConvolution, "in place"), "number 2 in place"),
        (Uncalled, "it raises AttributeError"),
        (LinearInside, "there is no self.weight"),
        (ll.graphs.GraphConvolution, "write that yourself"),
    ],
    "mean_of_neighbours": [
        (with_fault(mean_of_neighbours, "swapped"), "the direction is turned round"),
        (with_fault(mean_of_neighbours, "sum"), "that is the sum"),
        (with_fault(mean_of_neighbours, "plus one"), "one is added"),
        (with_fault(mean_of_neighbours, "itself"), "each node hears itself, too"),
        (with_fault(mean_of_neighbours, "all nodes"), "the number of all nodes"),
        (with_fault(mean_of_neighbours, "outgoing"), "not of incoming ones"),
        (with_fault(mean_of_neighbours, "own row"), "each node hears itself: a row"),
        (with_fault(mean_of_neighbours, "sources hear"), "the sources hear, but"),
        (with_fault(mean_of_neighbours, "all edges"), "the number of all edges"),
        (with_fault(mean_of_neighbours, "written"), "each node heard one neighbour"),
        (with_fault(mean_of_neighbours, "lost"), "but is divided by all"),
        (with_fault(mean_of_neighbours, "last node"), "the last nodes hear nobody"),
        (with_fault(mean_of_neighbours, "NaN"), "expected zeros"),
        (with_fault(mean_of_neighbours, "no minlength"), "`minlength`"),
        (with_fault(mean_of_neighbours, "float32"), "x is float64 here"),
        (mean_by_matrix, "does not fit into memory"),
        (mean_by_one_hot, "does not fit into memory"),
        (with_fault(mean_of_neighbours, "detached"), "no gradient flows"),
        (with_fault(mean_of_neighbours, "in place"), "number 1 in place"),
        (mean_once, "listed twice counts once"),
        (mean_of_library, "write that yourself"),
    ],
    "spread_labels": [
        ([7, 3, 4, 6, 2, 9, 8, 10, 1, 5], "a tenth of nothing"),
        ([7, 4, 3, 6, 9, 2, 8, 10, 1, 5], "before the mixing"),
        ([7, 4, 3, 6, 2, 9, 8, 10, 5, 1], "are counted as found"),
        ([7, 3, 6, 2, 9, 4, 8, 10, 1, 5], "no label is known"),
        ([7, 4, 3, 8, 6, 2, 9, 10, 1, 5], "before anything has spread"),
        ([7, 4, 6, 2, 9, 3, 8, 10, 1, 5], "`start` is used before"),
        ([7, 4, 3, 2, 6, 9, 8, 10, 1, 5], "Python cannot read line"),
        ([7, 4, 3, 6, 2, 9, 8, 10, 1, 1], "each of 1 to 10 once"),
    ],
    "all_alike": [
        (1, "What happens to that tenth"),
        (2, "at step 0 they are far from alike"),
        (3, "how far the curve is drawn"),
        (5, "line 5: it is the formula"),
        (6, "changes nothing"),
        ("line 4", "expected the number of a line"),
    ],
    "graph_net": [
        (faulty(Net, "no edges"), "your net does not use S"),
        (faulty(Net, "eight"), "are hard to train"),
        (faulty(Net, "dropout always"), "dropout is still on"),
        (faulty(Net, "softmax"), "each row sums to 1"),
        (faulty(Net, "ReLU"), "is a ReLU after the last layer"),
        (faulty(Net, "zero"), "all nodes have the same logits"),
        (faulty(Net, "not filled"), "all nodes have the same logits"),
        (faulty(Net, "list"), "a plain list hides its layers"),
        (faulty(Net, "rows"), "expected logits"),
        (faulty(Net, "detached"), "even of the training programs"),
        (lambda features, classes: ll.graphs.GCN(features, 16, classes), "yourself"),
    ],
}

RIGHT = {
    "normalize": [
        *(normalize, normalize_by_matrices),
        *(normalize_in_loops, normalize_by_networkx),
    ],
    "graph_convolution": [GraphConvolution, MixedFirst, BySparseProduct],
    "mean_of_neighbours": [
        *(mean_of_neighbours, mean_by_sparse_matrix),
        *(mean_in_loops, mean_by_scatter),
    ],
    "spread_labels": [
        [7, 4, 3, 6, 2, 9, 8, 10, 1, 5],
        [10, 1, 7, 4, 3, 6, 2, 9, 8, 5],
        [7, 10, 4, 3, 1, 6, 2, 9, 8, 5],
    ],
    "all_alike": [4],
    "graph_net": [Net, WideNet, MixedLast],
}
