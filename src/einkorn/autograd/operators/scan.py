"""Running sums and their kin."""

from __future__ import annotations

from typing import Any

from numpy.typing import DTypeLike

from einkorn.autograd.operators.common import as_dim, namespace
from einkorn.autograd.operators.reduction import widened
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "cumsum",
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
    return CumSum(as_dim(dim, x.ndim)).apply(x) if x.ndim else x * 1
