"""Copies, and conversions to other dtypes and devices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd.operators.common import cast, copied, to_tensor
from einkorn.autograd.promotion import as_dtype
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor, check_device

__all__ = [
    "clone",
    "contiguous",
    "to",
    "type_as",
]


class Clone(Operator):
    """A copy."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return copied(x)

    def backward(self, grad: Any) -> Any:
        return grad


def clone(input: Any, *, memory_format: Any = None) -> Tensor:
    """Return a copy through which gradients flow back."""
    return Clone().apply(to_tensor(input))


def contiguous(input: Any) -> Tensor:
    """Return `input` itself if its elements lie in row-major order, else a copy where they do."""
    x = to_tensor(input)
    return x if x.is_contiguous() else clone(x)


def to(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Return `input` on a device and in a dtype; itself, if it is there already.

    Parameters
    ----------
    *args, **kwargs
        A device (``"cpu"``), a dtype, both, or another Tensor to follow; ``copy=True`` copies in
        any case. ``non_blocking`` and ``memory_format`` are accepted.

    Raises
    ------
    RuntimeError
        For a device that is not available; the message says what to install.
    """
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    copy = kwargs.pop("copy", False)
    kwargs.pop("non_blocking", None)
    kwargs.pop("memory_format", None)
    if kwargs:
        raise TypeError(f"to: unexpected argument {next(iter(kwargs))!r}")
    for value in args:
        if isinstance(value, Tensor):
            dtype = value.dtype
        elif isinstance(value, bool):
            copy = copy or value
        elif isinstance(value, str) and value.split(":")[0] in ("cpu", "cuda"):
            device = value
        elif value is not None:
            dtype = value
    check_device(device)
    result = input if dtype is None else cast(input, as_dtype(dtype))
    return clone(result) if copy and result is input else result


def type_as(input: Any, other: Any) -> Tensor:
    """Return `input` in the dtype of `other`."""
    return cast(to_tensor(input), other.dtype)


def type(input: Tensor, dtype: DTypeLike | None = None, non_blocking: bool = False) -> Any:
    """Return `input` in `dtype`; without one, the name of its own."""
    return input.dtype.name if dtype is None else cast(input, as_dtype(dtype))


def conversion(dtype: DTypeLike) -> Any:
    """Return the method that converts to `dtype`, such as ``Tensor.double``."""
    target = np.dtype(dtype)

    def convert(input: Tensor, memory_format: Any = None) -> Tensor:
        return cast(input, target)

    convert.__doc__ = f"Return the tensor in {target}."
    return convert
