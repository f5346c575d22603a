"""Softmax and its kin: exponentials that add up to 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn import kernels
from einkorn.autograd.operators.common import as_dim, cast, to_floating, to_tensor
from einkorn.autograd.operators.elementary import exp
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.promotion import as_dtype
from einkorn.autograd.random import default_generator
from einkorn.autograd.tape import Operator, retain_output
from einkorn.autograd.tensor import Tensor

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


class Softmax(Operator):
    """``exp(x) / sum(exp(x))`` along one dimension."""

    __slots__ = ("dim",)
    retain = retain_output

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return kernels.softmax(x, self.dim)

    def backward(self, grad: Any, y: Any) -> Any:
        return kernels.softmax_grad(grad, y, self.dim)

    def compose_backward(self, grad: Tensor, y: Tensor) -> Any:
        return y * (grad - (grad * y).sum(self.dim, True))


class LogSoftmax(Operator):
    """``x - log(sum(exp(x)))`` along one dimension."""

    __slots__ = ("dim",)
    retain = retain_output

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return kernels.log_softmax(x, self.dim)

    def backward(self, grad: Any, y: Any) -> Any:
        return kernels.log_softmax_grad(grad, y, self.dim)

    def compose_backward(self, grad: Tensor, y: Tensor) -> Any:
        return grad - exp(y) * grad.sum(self.dim, True)


def softmax(
    input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: DTypeLike | None = None
) -> Tensor:
    """Return ``exp(input) / sum(exp(input))`` along `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int
        The dimension along which the result sums to 1.
    dtype : dtype, optional
        Convert to this dtype first.

    Raises
    ------
    TypeError
        Without `dim`: which one is meant cannot be told from the shape.
    IndexError
        If `dim` is out of range.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.softmax(ek.tensor([0.0, 0.0]), 0)
    tensor([0.5, 0.5])
    """
    x = _prepared("softmax", input, dim, dtype)
    return _along(Softmax, x, dim)


def log_softmax(
    input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: DTypeLike | None = None
) -> Tensor:
    """Return ``input - log(sum(exp(input)))`` along `dim`; parameters as :func:`softmax`."""
    x = _prepared("log_softmax", input, dim, dtype)
    return _along(LogSoftmax, x, dim)


def softmin(
    input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: DTypeLike | None = None
) -> Tensor:
    """Return the softmax of ``-input`` along `dim`."""
    return softmax(-to_tensor(input), dim, dtype=dtype)


def _prepared(name: str, value: Any, dim: int | None, dtype: DTypeLike | None) -> Tensor:
    if dim is None:
        raise TypeError(f"{name}: dim: expected the dimension to normalise, got None")
    return to_floating(value) if dtype is None else cast(to_tensor(value), as_dtype(dtype))


def _along(operator: type[Softmax] | type[LogSoftmax], x: Tensor, dim: Any) -> Tensor:
    if not x.ndim:
        return _along(operator, reshape(x, 1), dim).reshape(())
    return operator(as_dim(dim, x.ndim)).apply(x)


def gumbel_softmax(
    logits: Any,
    tau: float = 1,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    *,
    generator: Any = None,
) -> Tensor:
    """Return samples of a relaxed categorical distribution.

    Jang, Gu & Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017.

    Parameters
    ----------
    logits : Tensor
        Unnormalised log-probabilities.
    tau : float
        Temperature.
    hard : bool
        Return one-hot samples with the gradient of the soft ones.
    eps : float
        Accepted and without effect, as in PyTorch.
    dim : int
    generator : numpy.random.Generator, optional
        Draw from this one instead of the default.
    """
    x = to_floating(logits)
    source = default_generator() if generator is None else generator
    noise = Tensor(source.gumbel(size=x.shape).astype(x.dtype))
    soft = softmax((x + noise) / tau, dim)
    if not hard:
        return soft
    values = soft.numpy()
    one_hot = np.zeros_like(values)
    np.put_along_axis(one_hot, values.argmax(dim, keepdims=True), 1, dim)
    return Tensor(one_hot) - soft.detach() + soft
