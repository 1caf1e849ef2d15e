"""Sparse matrices whose products are as quick on the way back as on the way there.

Matrices are torch tensors in CSR form: row by row, the columns and values that are not
zero. The gradient of matrix @ x needs the transposed matrix, which torch would make in
every step of a training; here it is made once, and kept with the matrix. The results
are those of `matrix.to_dense() @ x` (tests/test_graphs.py).
"""

import warnings

import torch
from torch import Tensor
from torch.nn import functional as F

from ..environment import require


def csr(counts: Tensor, columns: Tensor, values: Tensor, shape: tuple) -> Tensor:
    """A CSR matrix from the number of entries of each row, their columns and values."""
    rows = F.pad(counts.cumsum(0), (1, 0)).int()  # int32: half the memory traffic
    return torch.sparse_csr_tensor(
        rows, columns.int(), values, shape, check_invariants=False
    )


with warnings.catch_warnings():  # once a process, torch calls its CSR matrices beta
    warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
    csr(torch.zeros(1).long(), torch.zeros(0), torch.zeros(0), (1, 1))


def with_values(matrix: Tensor, values: Tensor) -> Tensor:
    """A matrix with other values in the same places."""
    return csr(matrix.crow_indices().diff(), matrix.col_indices(), values, matrix.shape)


def entries(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column of each stored value, (stored,) each."""
    counts = matrix.crow_indices().diff()
    rows = torch.arange(len(matrix), device=matrix.device).repeat_interleave(counts)
    return rows, matrix.col_indices()


def row_sums(matrix: Tensor) -> Tensor:
    """The sum of each row of a CSR matrix, (rows,)."""
    return (matrix @ matrix.values().new_ones(matrix.shape[1], 1))[:, 0]


def product(matrix: Tensor, x: Tensor) -> Tensor:
    """The product matrix @ x; the gradient flows to x, and to a dense matrix.

    Args:
        matrix: (m, n), CSR or dense. The transpose of a CSR matrix is kept for the next
            backward pass: do not change its values in place.
        x: (n, features), dense.

    Raises:
        ValueError: the shapes or types do not fit, or one has another layout.
    """
    check_product(matrix, x)
    types = f"{matrix.dtype} and {x.dtype}"
    require(matrix.dtype == x.dtype, f"no product of {types}: expected one, x.float()")
    return matrix @ x if matrix.layout == torch.strided else _Product.apply(matrix, x)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, matrix: Tensor, x: Tensor) -> Tensor:
        ctx.matrix = matrix
        return matrix @ x

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[None, Tensor]:
        transposed, _ = _transpose(ctx.matrix)
        return None, _Product.apply(transposed, gradient)


def _transpose(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The transposed matrix, and where each of its values stands in the matrix."""
    if not hasattr(matrix, "transposed"):
        rows, columns = entries(matrix)
        order = columns.argsort(stable=True)
        counts = columns.bincount(minlength=matrix.shape[1])
        values = matrix.values()[order]
        matrix.transposed = csr(counts, rows[order], values, matrix.shape[::-1]), order
    return matrix.transposed


def dropout(x: Tensor, p: float) -> Tensor:
    """Zero each number with probability p, divide the others by 1 − p.

    Of a CSR matrix it draws for the stored numbers only: the zeros stay zero anyway.
    """
    if x.layout == torch.strided:
        # F.dropout does the same; on a CPU its way to draw takes four times as long.
        return x * (torch.rand_like(x) >= p) / (1 - p)
    values = dropout(x.values(), p)
    dropped, (transposed, order) = with_values(x, values), _transpose(x)
    dropped.transposed = with_values(transposed, values[order]), order
    return dropped


def check_product(matrix: Tensor, x: Tensor) -> None:
    """Raise a ValueError where there is no product matrix @ x."""
    check_layout(matrix)
    fits = matrix.dim() == x.dim() == 2 and matrix.shape[1] == x.shape[0]
    shapes = f"{tuple(matrix.shape)} and {tuple(x.shape)}"
    require(fits, f"no product of {shapes}: expected (m, n) and (n, features)")
    dense = x.layout == torch.strided
    require(dense, "the right side is sparse: expected a dense one, x.to_dense()")


def check_layout(x: Tensor) -> None:
    """Raise a ValueError for a layout that is neither dense nor CSR."""
    known = x.layout in (torch.strided, torch.sparse_csr)
    require(known, f"{x.layout}: expected dense or CSR, x.to_sparse_csr()")
