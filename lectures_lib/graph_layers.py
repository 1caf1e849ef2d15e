"""A graph as a sparse matrix, and the layers that mix each node with its neighbours.

Matrices are torch tensors in CSR form: row by row, the columns and values that are not
zero. The cost of everything here grows with edges and nodes, never with nodes².
"""

import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.weak import WeakTensorKeyDictionary

# Each matrix's transpose, and where its values stand in the matrix; gone with it.
_transposes = WeakTensorKeyDictionary()


def _csr(counts: Tensor, columns: Tensor, values: Tensor, shape: tuple) -> Tensor:
    """A CSR matrix from the number of entries of each row, their columns and values."""
    rows = F.pad(counts.cumsum(0), (1, 0)).int()  # half the memory traffic of int64
    return torch.sparse_csr_tensor(
        rows, columns.int(), values, shape, check_invariants=False
    )


with warnings.catch_warnings():  # once a process, torch calls its CSR matrices beta
    warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
    _csr(torch.zeros(1).long(), torch.zeros(0), torch.zeros(0), (1, 1))


def _with_values(matrix: Tensor, values: Tensor) -> Tensor:
    places = matrix.crow_indices(), matrix.col_indices()
    return torch.sparse_csr_tensor(
        *places, values, matrix.shape, check_invariants=False
    )


def compact(x: Tensor) -> Tensor:
    """Features for repeated use: dense as they are, CSR with 32-bit places.

    Raises:
        ValueError: another layout.
    """
    _check_layout(x)
    if x.layout == torch.strided:
        return x
    return _csr(x.crow_indices().diff(), x.col_indices(), x.values(), x.shape)


def _entries(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column (stored,) of each stored value."""
    counts = matrix.crow_indices().diff()
    rows = torch.arange(len(matrix), device=matrix.device).repeat_interleave(counts)
    return rows, matrix.col_indices()


def _transpose(matrix: Tensor) -> tuple[Tensor, Tensor]:
    if matrix not in _transposes:
        rows, columns = _entries(matrix)
        order = columns.argsort(stable=True)
        counts = columns.bincount(minlength=matrix.shape[1])
        parts = counts, rows[order], matrix.values()[order]
        _transposes[matrix] = _csr(*parts, matrix.shape[::-1]), order
    return _transposes[matrix]


class _Product(torch.autograd.Function):
    """matrix @ x. On the way back torch would transpose the matrix in every step."""

    @staticmethod
    def forward(ctx, matrix: Tensor, x: Tensor) -> Tensor:
        ctx.matrix = matrix
        return matrix @ x

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[None, Tensor]:
        return None, _Product.apply(_transpose(ctx.matrix)[0], gradient)


def product(matrix: Tensor, x: Tensor) -> Tensor:
    """The product matrix @ x; the gradient flows to x, and to a dense matrix.

    Args:
        matrix: (m, n), CSR or dense. The transpose of a CSR matrix is kept for the next
            backward pass: do not change its values in place.
        x: (n, features), dense.

    Raises:
        ValueError: the shapes do not fit, or one has another layout.
    """
    _check_product(matrix, x)
    if matrix.layout == torch.strided:
        return matrix @ x
    return _Product.apply(matrix, x)


def _check_product(matrix: Tensor, x: Tensor) -> None:
    _check_layout(matrix)
    if matrix.dim() != 2 or x.dim() != 2 or matrix.shape[1] != x.shape[0]:
        shapes = f"{tuple(matrix.shape)} and {tuple(x.shape)}"
        raise ValueError(f"no product of {shapes}: expected (m, n) and (n, features)")
    if x.layout != torch.strided:
        raise ValueError("the right side is sparse: expected a dense one, x.to_dense()")


def _check_layout(x: Tensor) -> None:
    if x.layout not in (torch.strided, torch.sparse_csr):
        raise ValueError(f"{x.layout}: expected dense or CSR, x.to_sparse_csr()")


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
    entries, times = (target * num_nodes + source).unique(return_counts=True)
    counts = (entries // num_nodes).bincount(minlength=num_nodes)
    return _csr(counts, entries % num_nodes, times.float(), (num_nodes, num_nodes))


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
    scale = _degrees(matrix).rsqrt()
    rows, columns = _entries(matrix)
    return _with_values(matrix, matrix.values() * (scale[rows] * scale[columns]))


def scale_rows(x: Tensor) -> Tensor:
    """Features (nodes, features), each row divided by its sum, if that is not zero.

    Dense or CSR, and the result alike. So a long text says no more than a short one;
    Kipf and Welling (2017, Section 5.2) do this to Cora.
    """
    _check_layout(x)
    if x.layout == torch.strided:
        total = x.sum(1, keepdim=True)
        return x / torch.where(total == 0, 1, total)
    total = _degrees(x)[_entries(x)[0]]
    return _with_values(x, x.values() / torch.where(total == 0, 1, total))


def _degrees(matrix: Tensor) -> Tensor:
    return (matrix @ matrix.values().new_ones(matrix.shape[1], 1))[:, 0]


def _check_edges(edge_index: Tensor, num_nodes: int) -> None:
    if edge_index.dim() != 2 or len(edge_index) != 2 or edge_index.is_floating_point():
        raise ValueError(
            f"edge_index is {edge_index.dtype} {tuple(edge_index.shape)}: "
            "expected whole numbers (2, edges)"
        )
    wrong = ((edge_index < 0) | (edge_index >= num_nodes)).any(0).nonzero()
    if num_nodes < 1 or len(wrong):
        found = f"edge {edge_index[:, wrong[0, 0]].tolist()}" if len(wrong) else "none"
        raise ValueError(
            f"{found} among {num_nodes} nodes: expected at least one node, and edges "
            f"between nodes 0 to {num_nodes - 1}"
        )


def mean(matrix: Tensor, x: Tensor) -> Tensor:
    """Mean over incoming edges (nodes, features), zero where there is none."""
    return product(matrix, x) / _degrees(matrix).clamp(min=1)[:, None]


def maximum(matrix: Tensor, x: Tensor) -> Tensor:
    """Largest of each feature over incoming edges, zero where there is none.

    Takes a CSR matrix, whose values do not count, and edges × features numbers of
    memory. Equally large ones share the gradient.
    """
    _check_product(matrix, x)
    targets, sources = _entries(matrix)
    places = targets[:, None].expand(-1, x.shape[1])
    out, heard = x.new_zeros(len(matrix), x.shape[1]), x.index_select(0, sources)
    return out.scatter_reduce(0, places, heard, "amax", include_self=False)


# The rules by which a node gathers: from A and dense x, (nodes, features) each.
AGGREGATE = {"sum": product, "mean": mean, "max": maximum}


def propagate(matrix: Tensor, x: Tensor, steps: int, restart: float = 0.0) -> Tensor:
    """Mix neighbours without any weights: X ← (1 − restart) S X + restart X₀, repeated.

    Args:
        x: dense (nodes, features): after a few steps no number is zero any more.
        restart: 0 gives Sᵏ X, which forgets X; 0.1 keeps some of it for ever
            (Gasteiger et al. 2019, Equation 4).
    """
    start = x
    for _ in range(steps):
        x = product(matrix, x)
        x = torch.lerp(x, start, restart) if restart else x
    return x


def dropout(x: Tensor, p: float) -> Tensor:
    """Zero each number with probability p, divide the others by 1 − p.

    Of a CSR matrix it draws for the stored numbers only: the zeros stay zero anyway.
    """
    values = x.values() if x.layout == torch.sparse_csr else x
    # Three times as fast on a CPU as F.dropout, which draws one by one.
    values = values * torch.rand_like(values).ge_(p).div_(1 - p)
    if x.layout != torch.sparse_csr:
        return values
    dropped, (back, order) = _with_values(x, values), _transpose(x)
    back = _with_values(back, values.index_select(0, order))
    _transposes[dropped] = back, order
    return dropped


def _glorot(in_features: int, out_features: int) -> nn.Parameter:
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(in_features, out_features)))


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
        if rule not in AGGREGATE:
            raise ValueError(f"no rule {rule!r}: expected one of {list(AGGREGATE)}")
        self.rule = rule
        self.weight = _glorot(in_features, out_features)
        self.neighbours = _glorot(in_features, out_features)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, adjacency: Tensor, x: Tensor) -> Tensor:
        _check_features(x, self.weight)
        heard = AGGREGATE[self.rule](adjacency, product(x, self.neighbours))
        return product(x, self.weight) + heard + self.bias


def _check_features(x: Tensor, weight: Tensor) -> None:
    if x.dim() != 2 or x.shape[1] != len(weight):
        raise ValueError(f"x is {tuple(x.shape)}: expected (nodes, {len(weight)})")
