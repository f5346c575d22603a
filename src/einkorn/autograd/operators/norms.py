"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd.operators.arithmetic import abs as _abs
from einkorn.autograd.operators.common import as_dims, cast, to_floating, to_tensor
from einkorn.autograd.operators.reduction import Sum, amax, amin, spread
from einkorn.autograd.operators.rounding import sign
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import movedim, reshape
from einkorn.autograd.promotion import as_dtype
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "norm",
]


def norm(
    input: Any,
    p: float | str | None = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Return the vector norm of order `p` over everything or over `dim`.

    Parameters
    ----------
    input : Tensor
    p : float, inf, -inf, "fro" or "nuc"
        ``"fro"`` is 2; ``"nuc"`` the sum of the singular values of matrices.
    dim : int or tuple of int, optional
    keepdim : bool
    dtype : dtype, optional

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    x = to_floating(input) if dtype is None else cast(to_tensor(input), as_dtype(dtype))
    dims = as_dims(dim, x.ndim)
    if p is None or p == "fro":
        p = 2.0
    if p == "nuc":
        return _nuclear(x, dims, keepdim)
    if isinstance(p, str):
        raise ValueError(f"p: expected a number 'fro' or 'nuc', got {p!r}")
    if p == 2:
        return Norm(dims, keepdim).apply(x)
    if p == math.inf:
        return amax(_abs(x), dims, keepdim)
    if p == -math.inf:
        return amin(_abs(x), dims, keepdim)
    if p == 0:
        return Sum(dims, keepdim).apply(_abs(sign(x)))
    size = _abs(x)
    if p == 1:
        return Sum(dims, keepdim).apply(size)
    total = Sum(dims, keepdim).apply(_power(size, p))
    return _power(total, 1 / p)


def _power(x: Tensor, exponent: float) -> Tensor:
    """Return ``x ** exponent`` with gradient 0 at 0, where it may be infinite."""
    zero = x == 0
    return where(zero, 0.0, where(zero, 1.0, x) ** exponent)


class Norm(Operator):
    """The Euclidean norm over some dimensions, with gradient 0 at 0."""

    __slots__ = ("dims", "keepdim")
    retain = retain_inputs

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims = dims
        self.keepdim = keepdim

    def forward(self, x: Any) -> Any:
        return np.sqrt((x * x).sum(self.dims, keepdims=self.keepdim))

    def backward(self, grad: Any, x: Any) -> Any:
        grad = spread(grad, x.shape, self.dims)
        if isinstance(x, Tensor):
            size = Norm(self.dims, True).apply(x)
            return grad * x / (size + (size == 0))
        size = np.sqrt((x * x).sum(self.dims, keepdims=True))
        return grad * x / (size + (size == 0))


def _nuclear(x: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    if len(dims) != 2:
        raise RuntimeError(f"norm: p='nuc' needs two dimensions, got {dims}")
    result = NuclearNorm().apply(movedim(x, dims, (-2, -1)))
    shape = tuple([1 if d in dims else n for d, n in enumerate(x.shape)])
    return reshape(result, shape) if keepdim else result


class NuclearNorm(Operator):
    """The sum of the singular values of matrices; its gradient is their orthogonal factor."""

    __slots__ = ()
    retain = retain_inputs

    def forward(self, x: Any) -> Any:
        return np.linalg.svd(x, compute_uv=False).sum(-1)

    def backward(self, grad: Any, x: Any) -> Any:
        left, _, right = np.linalg.svd(x, full_matrices=False)
        return grad[..., None, None] * (left @ right)

    def compose_backward(self, grad: Tensor, x: Tensor) -> Tensor:
        raise RuntimeError("norm: p='nuc' can be differentiated once only")
