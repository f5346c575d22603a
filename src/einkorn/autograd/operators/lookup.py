"""Look-up tables: rows chosen by integers."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.row_sparse import RowSparseTensor
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor, increment_version

__all__ = ["embedding", "one_hot"]


class Embedding(Operator):
    """Rows of a table; `padding` is a row that receives no gradient, or None."""

    __slots__ = ("by_frequency", "index", "padding", "rows", "sparse")

    def __init__(
        self, index: Any, padding: int | None, by_frequency: bool, sparse: bool = False
    ) -> None:
        self.index = index
        self.padding = padding
        self.by_frequency = by_frequency
        self.sparse = sparse

    def forward(self, table: Any) -> Any:
        self.rows = table.shape[0]
        if table.dtype.kind != "f":
            return table[self.index]
        return kernels.embedding(table, self.index)

    def backward(self, grad: Any) -> Any:
        if self.sparse:
            values = grad.reshape(self.index.size, grad.shape[-1])
            return sparse_rows(self.index, values, self.rows, self.padding, self.by_frequency)
        return self._gradient().forward(grad)

    def compose_backward(self, grad: Tensor) -> Tensor:
        if self.sparse:
            refuse_graph("embedding")
        return self._gradient().apply(grad)

    def _gradient(self) -> EmbeddingGrad:
        return EmbeddingGrad(self.index, self.rows, self.padding, self.by_frequency)


class EmbeddingGrad(Operator):
    """The adjoint of :class:`Embedding`: the sum of the gradients of each row's uses."""

    __slots__ = ("by_frequency", "index", "padding", "rows")

    def __init__(self, index: Any, rows: int, padding: int | None, by_frequency: bool) -> None:
        self.index = index
        self.rows = rows
        self.padding = padding
        self.by_frequency = by_frequency

    def forward(self, grad: Any) -> Any:
        return kernels.embedding_grad(
            grad,
            self.index,
            self.rows,
            padding_idx=self.padding,
            scale_grad_by_freq=self.by_frequency,
        )

    def backward(self, outer: Any) -> Any:
        rows = outer[self.index]
        share = _share(self.index, self.padding, self.by_frequency)
        return rows if share is None else rows * np.expand_dims(share, -1).astype(outer.dtype)


def sparse_rows(
    index: Any, values: Any, rows: int, padding: int | None, by_frequency: bool
) -> RowSparseTensor:
    """Return the gradient of a table of `rows` rows, given that of each use; it owns its memory."""
    if by_frequency:
        share = _share(index.reshape(-1), None, True)
        values = values * np.expand_dims(share, -1).astype(values.dtype)
    places = index.reshape(-1)
    kept = slice(None) if padding is None else places != padding
    # Copies: the gradient of the uses may become another leaf's, and be added to in place.
    return RowSparseTensor(
        np.array(places[kept]), np.array(values[kept], order="C"), (rows, values.shape[-1])
    )


def refuse_graph(name: str) -> NoReturn:
    """Raise for a sparse gradient that is to be differentiated again."""
    raise RuntimeError(
        f"{name}: a sparse gradient cannot be differentiated again (create_graph=True); "
        "use sparse=False"
    )


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Return the rows of `weight` that `input` names.

    Parameters
    ----------
    input : Tensor of integers, any shape (*)
    weight : Tensor of shape (V, D)
    padding_idx : int, optional
        A row that receives no gradient; negative counts from the end.
    max_norm : float, optional
        The rows looked up are first scaled down to this norm, in place.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide the gradient of a row by the number of its uses.
    sparse : bool
        The gradient of a leaf holds the used rows alone: an
        :class:`einkorn.autograd.RowSparseTensor`. It cannot be differentiated again.

    Returns
    -------
    Tensor of shape (*, D)

    Raises
    ------
    IndexError
        If an index is outside [0, V).
    TypeError
        If `input` does not hold integers.
    ValueError
        If `weight` is not a matrix or `padding_idx` is outside of it.

    Examples
    --------
    >>> import einkorn as ek
    >>> table = ek.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> ek.nn.functional.embedding(ek.tensor([1, 1, 0]), table)
    tensor([[2., 3.],
            [2., 3.],
            [0., 1.]])
    """
    table = to_tensor(weight)
    if table.ndim != 2:
        raise ValueError(f"weight: expected a matrix, got shape {table.shape}")
    rows = table.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"padding_idx: expected in [{-rows}, {rows}), got {padding_idx}")
    index = checked_index(input, rows)
    if max_norm is not None:
        renormalise(table, index, max_norm, norm_type)
    padding = None if padding_idx is None else padding_idx % rows
    return Embedding(index, padding, bool(scale_grad_by_freq), bool(sparse)).apply(table)


def checked_index(input: Any, bound: int) -> Any:
    """Return the indices as an int64 array, or raise."""
    index = np.asarray(input)
    if index.dtype.kind not in "iu":
        raise TypeError(f"input: expected integers, got {index.dtype}")
    if index.size and (index.min() < 0 or index.max() >= bound):
        bad = index[(index < 0) | (index >= bound)].flat[0]
        raise IndexError(f"input: expected indices in [0, {bound}), got {bad}")
    return index.astype(np.int64)


def renormalise(table: Tensor, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows in use down to a norm, in place."""
    used = np.unique(index)
    values = table.numpy()[used]
    norms = np.linalg.norm(values, norm_type, axis=1, keepdims=True)
    # The small number keeps a row of just the largest norm from being scaled again and again.
    scale = np.where(norms > max_norm, max_norm / (norms + 1e-7), 1.0)
    table.numpy()[used] = values * scale.astype(values.dtype)
    increment_version(table)


def _share(index: Any, padding_idx: int | None, scale_grad_by_freq: bool) -> Any:
    """Return the share of each row's gradient that reaches the table, None where it is all 1."""
    share = None
    if scale_grad_by_freq:
        _, place, uses = np.unique(index, return_inverse=True, return_counts=True)
        share = (1.0 / uses)[place].reshape(index.shape)
    if padding_idx is not None:
        share = np.where(index == padding_idx, 0.0, 1.0 if share is None else share)
    return share


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """Return int64 vectors that are 1 at the given place and 0 elsewhere.

    Parameters
    ----------
    tensor : Tensor of integers, any shape (*)
    num_classes : int
        Default: one more than the largest number.

    Returns
    -------
    Tensor of shape (*, num_classes)

    Raises
    ------
    IndexError
        If a number is outside [0, num_classes).
    TypeError
        If `tensor` does not hold integers.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.one_hot(ek.tensor([2, 0]))
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    places = np.asarray(tensor)
    count = int(places.max(initial=-1)) + 1 if num_classes == -1 else int(num_classes)
    index = checked_index(places, count)
    result = np.zeros((*index.shape, count), np.int64)
    np.put_along_axis(result, index[..., None], 1, -1)
    return Tensor(result)
