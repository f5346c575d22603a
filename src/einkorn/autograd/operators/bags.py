"""Bags of embeddings: sums, means and greatest elements of rows chosen by integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.lookup import (
    Embedding,
    EmbeddingGrad,
    checked_index,
    refuse_graph,
    renormalise,
    sparse_rows,
)
from einkorn.autograd.operators.scattering import scatter_add
from einkorn.autograd.tape import Operator, retain_crosswise
from einkorn.autograd.tensor import Tensor

__all__ = ["embedding_bag"]


class EmbeddingBag(Operator):
    """Of a table, and of the factors of its rows where there are some; indices are checked."""

    __slots__ = ("best", "by_frequency", "index", "mode", "offsets", "padding", "rows", "sparse")

    def __init__(
        self,
        index: Any,
        offsets: Any,
        mode: str,
        padding: int | None,
        by_frequency: bool,
        sparse: bool,
    ) -> None:
        self.index = index
        self.offsets = offsets
        self.mode = mode
        self.padding = padding
        self.by_frequency = by_frequency
        self.sparse = sparse

    def retain(self, inputs: Any, output: Any) -> Any:
        return retain_crosswise(self, inputs, output) if len(inputs) > 1 else ()

    def forward(self, table: Any, weights: Any = None) -> Any:
        self.rows = table.shape[0]
        result = kernels.embedding_bag(
            table,
            self.index,
            self.offsets,
            mode=self.mode,
            per_sample_weights=weights,
            padding_idx=self.padding,
        )
        self.best: Any = None
        if self.mode == "max":
            result, self.best = result
        return result

    def backward(self, grad: Any, table: Any = None, weights: Any = None) -> Any:
        return (
            self._table_gradient(grad, weights) if self.needs[0] else None,
            self._weight_gradient(grad, table) if self.needs[1:] == (True,) else None,
        )

    def _table_gradient(self, grad: Any, weights: Any) -> Any:
        if self.sparse:
            values = grad[self._bag_of_use()] * self._factors(weights, grad.dtype)[:, None]
            return sparse_rows(self.index, values, self.rows, self.padding, self.by_frequency)
        return kernels.embedding_bag_grad(
            grad,
            self.index,
            self.offsets,
            self.rows,
            mode=self.mode,
            per_sample_weights=weights,
            padding_idx=self.padding,
            scale_grad_by_freq=self.by_frequency,
            best=self.best,
        )

    def _weight_gradient(self, grad: Any, table: Any) -> Any:
        rows = kernels.embedding(table, self.index)
        products = np.einsum("nd,nd->n", rows, kernels.embedding(grad, self._bag_of_use()))
        return products if self.padding is None else products * (self.index != self.padding)

    def compose_backward(self, grad: Any, table: Any = None, weights: Any = None) -> Any:
        if self.sparse and self.needs[0]:
            refuse_graph("embedding_bag")
        if self.mode == "max":
            return (self._composed_of_greatest(grad),)
        uses = Embedding(self._bag_of_use(), None, False).apply(grad)
        by_table = by_weights = None
        if self.needs[0]:
            factors = self._factors(None, grad.dtype) if weights is None else weights
            gradient = EmbeddingGrad(self.index, self.rows, self.padding, self.by_frequency)
            by_table = gradient.apply(uses * factors[:, None])
        if self.needs[1:] == (True,):
            products = (uses * Embedding(self.index, None, False).apply(table)).sum(-1)
            counted = np.asarray(self.index != self.padding, grad.dtype)
            by_weights = products * Tensor(counted)
        return by_table, by_weights

    def _composed_of_greatest(self, grad: Tensor) -> Tensor:
        found = Tensor(np.asarray(self.best >= 0, grad.dtype))
        zeros = Tensor(np.zeros((self.rows, grad.shape[1]), grad.dtype))
        return scatter_add(zeros, 0, Tensor(np.maximum(self.best, 0)), grad * found)

    def _bag_of_use(self) -> Any:
        sizes = np.diff(self.offsets, append=len(self.index))
        return np.repeat(np.arange(len(self.offsets)), sizes)

    def _factors(self, weights: Any, dtype: Any) -> Any:
        """Return what each use was multiplied by."""
        if weights is not None:
            return weights
        if self.mode != "mean":
            return np.ones(len(self.index), dtype)
        bags = self._bag_of_use()
        counted = np.asarray(self.index != self.padding, dtype)
        uses = np.bincount(bags, counted, minlength=len(self.offsets))
        return (1 / np.maximum(uses, 1)).astype(dtype)[bags]


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    r"""Return for each bag of indices the sum, mean or greatest elements of the rows it names.

    .. math::
        y_b = \sum_{i \in b} s_i W_{x_i}

    No array of all the rows is made.

    Parameters
    ----------
    input : Tensor of integers, shape (B, L) or (N,)
        Bags of equal size, or bags one after another.
    weight : Tensor of shape (V, D)
        The table :math:`W`.
    offsets : Tensor of integers, shape (B,), optional
        Where each bag of a 1-D `input` begins: 0 first, none below the one before.
    max_norm : float, optional
        The rows named are first scaled down to this norm, in place.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide the gradient of a row by the number of its uses; not with ``mode="max"``.
    mode : {"mean", "sum", "max"}
    sparse : bool
        The gradient of a leaf `weight` holds the used rows alone: an
        :class:`einkorn.autograd.RowSparseTensor`; not with ``mode="max"``.
    per_sample_weights : Tensor of the shape of `input`, optional
        :math:`s`; with ``mode="sum"`` only.
    include_last_offset : bool
        `offsets` has one more, where the last bag ends.
    padding_idx : int, optional
        A row whose indices count as absent; negative counts from the end.

    Returns
    -------
    Tensor of shape (B, D)
        Zeros for an empty bag.

    Raises
    ------
    IndexError
        If an index is outside [0, V).
    TypeError
        If `input` or `offsets` do not hold integers.
    ValueError
        If shapes do not fit, `offsets` are missing, or options exclude one another.

    Examples
    --------
    >>> import einkorn as ek
    >>> table = ek.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 4.0]])
    >>> ek.nn.functional.embedding_bag(ek.tensor([[0, 1], [2, 2]]), table)
    tensor([[1., 2.],
            [4., 4.]])
    """
    table = to_tensor(weight)
    if table.ndim != 2:
        raise ValueError(f"weight: expected a matrix, got shape {table.shape}")
    rows = table.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"padding_idx: expected in [{-rows}, {rows}), got {padding_idx}")
    if mode == "max" and (sparse or scale_grad_by_freq):
        raise ValueError("mode: 'max' allows neither sparse nor scale_grad_by_freq")
    index = checked_index(input, rows)
    factors = _sample_weights(per_sample_weights, index.shape, table, mode)
    flat, starts = _bags(index, offsets, include_last_offset)
    if max_norm is not None:
        renormalise(table, flat, max_norm, norm_type)
    padding = None if padding_idx is None else padding_idx % rows
    bag = EmbeddingBag(flat, starts, mode, padding, bool(scale_grad_by_freq), bool(sparse))
    return bag.apply(table) if factors is None else bag.apply(table, factors[: len(flat)])


def _sample_weights(value: Any, shape: tuple[int, ...], table: Tensor, mode: str) -> Tensor | None:
    """Return the factors of the rows in one dimension, or raise."""
    if value is None:
        return None
    factors = to_tensor(value)
    if mode != "sum":
        raise ValueError(f"per_sample_weights: expected None unless mode is 'sum', got {mode!r}")
    if factors.shape != shape:
        raise ValueError(
            f"per_sample_weights: expected the shape of input, {shape}, got {factors.shape}"
        )
    if factors.dtype != table.dtype:
        raise TypeError(f"per_sample_weights: expected {table.dtype}, got {factors.dtype}")
    return factors.reshape(-1)


def _bags(index: Any, offsets: Any, include_last: bool) -> tuple[Any, Any]:
    """Return the indices in one dimension, and where the bags begin."""
    if index.ndim == 2:
        if offsets is not None:
            raise ValueError("offsets: expected None, as the rows of a 2-D input are the bags")
        bags, length = index.shape
        return index.reshape(-1), np.arange(bags) * length
    if index.ndim != 1:
        raise ValueError(f"input: expected 1 or 2 dimensions, got shape {index.shape}")
    if offsets is None:
        raise ValueError("offsets: needed for a 1-D input, got None")
    starts = np.asarray(offsets)
    if starts.dtype.kind not in "iu":
        raise TypeError(f"offsets: expected integers, got {starts.dtype}")
    if starts.ndim != 1:
        raise ValueError(f"offsets: expected 1 dimension, got shape {starts.shape}")
    if not include_last:
        return index, starts.astype(np.int64)
    if not len(starts):
        raise ValueError("offsets: expected the last one at least, got none")
    end = int(starts[-1])
    if not 0 <= end <= len(index):
        raise ValueError(f"offsets: expected at most {len(index)} at the end, got {end}")
    return index[:end], starts[:-1].astype(np.int64)
