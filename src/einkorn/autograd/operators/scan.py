"""Running sums and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd.operators.common import as_dim, namespace, to_tensor
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.indexing import gather
from einkorn.autograd.operators.joining import cat
from einkorn.autograd.operators.ordering import ValuesIndices
from einkorn.autograd.operators.reduction import widened
from einkorn.autograd.operators.selection import where
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "diff",
    "logcumsumexp",
]


class CumSum(Operator):
    """Running sums along one dimension."""

    __slots__ = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return x.cumsum(self.dim, dtype=x.dtype)

    def backward(self, grad: Any) -> Any:
        xp = namespace(grad)
        return xp.flip(xp.cumsum(xp.flip(grad, self.dim), self.dim), self.dim)


def cumsum(input: Any, dim: int, *, dtype: DTypeLike | None = None) -> Tensor:
    """Return the running sums along `dim`."""
    x = widened(input, dtype)
    d = as_dim(dim, x.ndim)
    return CumSum(d).apply(x) if x.ndim else clone(x)


class CumProd(Operator):
    """Running products along one dimension."""

    __slots__ = ("dim",)
    retain = retain_inputs

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return x.cumprod(self.dim, dtype=x.dtype)

    def backward(self, grad: Any, x: Any) -> Any:
        if isinstance(x, Tensor):
            return self.compose_backward(grad, x)
        if (x == 0).any():
            return self.compose_backward(Tensor(grad), Tensor(x))._data
        total = np.flip(
            np.cumsum(np.flip(grad * x.cumprod(self.dim), self.dim), self.dim), self.dim
        )
        return total / x

    def compose_backward(self, grad: Tensor, x: Tensor) -> Tensor:
        # d y[k] / d x[i] is the product of the others up to k: exact also where factors are 0.
        last = x.transpose(self.dim, -1)
        n = last.shape[-1]
        matrix = last.unsqueeze(-2).expand((*last.shape[:-1], n, n))
        without = where(np.eye(n, dtype=bool), 1, matrix)
        products = CumProd(without.ndim - 1).apply(without)
        above = np.triu(np.ones((n, n), bool))
        slopes = where(above, products, 0) * grad.transpose(self.dim, -1).unsqueeze(-2)
        return slopes.sum(-1).transpose(self.dim, -1)


class LogCumSumExp(Operator):
    """Logarithms of running sums of exponentials, without overflow."""

    __slots__ = ("dim",)
    retain = retain_inputs

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.logaddexp.accumulate(x, self.dim, dtype=x.dtype)

    def backward(self, grad: Any, x: Any) -> Any:
        if not isinstance(x, Tensor):
            return self.compose_backward(Tensor(grad), Tensor(x))._data
        return self.compose_backward(grad, x)

    def compose_backward(self, grad: Tensor, x: Tensor) -> Tensor:
        last = x.transpose(self.dim, -1)
        totals = LogCumSumExp(last.ndim - 1).apply(last)
        n = last.shape[-1]
        below = np.tril(np.ones((n, n), bool))
        gaps = where(below, last.unsqueeze(-2) - totals.unsqueeze(-1), -np.inf)
        shares = gaps.exp() * grad.transpose(self.dim, -1).unsqueeze(-1)
        return shares.sum(-2).transpose(self.dim, -1)


def cumprod(input: Any, dim: int, *, dtype: DTypeLike | None = None) -> Tensor:
    """Return the running products along `dim`."""
    x = widened(input, dtype)
    d = as_dim(dim, x.ndim)
    return CumProd(d).apply(x) if x.ndim else clone(x)


def logcumsumexp(input: Any, dim: int) -> Tensor:
    """Return ``log(cumsum(exp(input)))`` along `dim`, without overflow."""
    x = to_tensor(input)
    if x._data.dtype.kind != "f":
        raise RuntimeError(f"logcumsumexp: expected a floating point tensor, got {x.dtype}")
    d = as_dim(dim, x.ndim)
    return LogCumSumExp(d).apply(x) if x.ndim else clone(x)


def cummax(input: Any, dim: int) -> ValuesIndices:
    """Return the greatest values so far along `dim`, and where they are; of equals the last."""
    return _running(np.greater_equal, input, dim)


def cummin(input: Any, dim: int) -> ValuesIndices:
    """Return the smallest values so far along `dim`, and where they are; of equals the last."""
    return _running(np.less_equal, input, dim)


def _running(wins: np.ufunc, input: Any, dim: int) -> ValuesIndices:
    x = to_tensor(input)
    d = as_dim(dim, x.ndim)
    if not x.ndim:
        return ValuesIndices(clone(x), Tensor(np.zeros((), np.int64)))
    moved = np.moveaxis(x._data, d, 0)
    places = np.zeros(moved.shape, np.int64)
    best = moved[:1].copy()
    for i in range(1, len(moved)):
        new = wins(moved[i], best[0]) | (moved[i] != moved[i])
        best[0] = np.where(new, moved[i], best[0])
        places[i] = np.where(new, i, places[i - 1])
    indices = np.moveaxis(places, 0, d)
    return ValuesIndices(gather(x, d, indices), Tensor(indices))


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
    """Return the differences of neighbours along `dim`, `n` times over.

    Parameters
    ----------
    input : Tensor
    n : int
    dim : int
    prepend, append : Tensor, optional
        Joined to `input` along `dim` first.
    """
    x = to_tensor(input)
    if not x.ndim:
        raise RuntimeError("diff: expected at least one dimension, got none")
    d = as_dim(dim, x.ndim)
    if n < 0:
        raise RuntimeError(f"n: expected at least 0, got {n}")
    if not n:
        return clone(x)
    parts = [to_tensor(part) for part in (prepend, x, append) if part is not None]
    if any(part.ndim != x.ndim for part in parts):
        raise RuntimeError(f"prepend, append: expected {x.ndim} dimensions as those of input")
    x = cat(parts, d) if len(parts) > 1 else x
    for _ in range(n):
        size = x.shape[d]
        later = x.narrow(d, min(1, size), max(size - 1, 0))
        former = x.narrow(d, 0, max(size - 1, 0))
        x = later ^ former if x.dtype.kind == "b" else later - former
    return x
