"""What the families of operators share: operands, broadcasting, dimensions."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd import promotion
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor, as_tensor

__all__ = [
    "as_dim",
    "as_dims",
    "as_pair",
    "as_shape",
    "as_sizes",
    "cast",
    "copied",
    "namespace",
    "operands",
    "reduce_to",
    "refuse_numbers",
    "spatial",
    "sum_over",
    "to_tensor",
]


_NUMBERS = frozenset((float, int))
_INTS = frozenset((int,))


class Cast(Operator):
    """The same values in another dtype."""

    __slots__ = ("source_dtype", "target_dtype")

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.target_dtype = dtype

    def forward(self, x: Any) -> Any:
        self.source_dtype = x.dtype
        return x.astype(self.target_dtype)

    def backward(self, grad: Any) -> Any:
        return grad.astype(self.source_dtype)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return Cast(self.source_dtype).apply(grad)


def cast(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return `x` in `dtype`: itself, if it has it."""
    if x._data.dtype == dtype:
        return x
    if dtype.kind != "f":
        return Tensor(x._data.astype(dtype))
    return Cast(dtype).apply(x)


def copied(x: Any) -> Any:
    """Return a contiguous copy of an array."""
    kind, width = x.dtype.kind, x.dtype.itemsize
    if x.__class__ is not np.ndarray or kind not in "fiu" or width not in (4, 8):
        return x.copy()
    if kind == "f":
        return kernels.copy(x)
    # The kernel copies bits, whatever they mean.
    return kernels.copy(x.view(f"f{width}")).view(x.dtype)


def to_tensor(value: Any) -> Tensor:
    """Return `value`, a Tensor, an array or numbers, as a Tensor."""
    return value if isinstance(value, Tensor) else as_tensor(value)


def to_floating(value: Any) -> Tensor:
    """Return `value` as a floating point Tensor, for functions such as ``exp``."""
    x = value if isinstance(value, Tensor) else as_tensor(value)
    return x if x._data.dtype.kind == "f" else cast(x, promotion.default_dtype)


def operands(first: Any, second: Any) -> tuple[Tensor, Tensor]:
    """Return two operands as Tensors of the dtype that promotion gives them."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        if first._data.dtype is second._data.dtype:
            return first, second
    elif isinstance(first, Tensor) and second.__class__ in _NUMBERS:
        # The commonest mixed case, a tensor and a Python number, shortened.
        dtype = first._data.dtype
        if dtype.kind == "f":
            return first, Tensor(np.asarray(second, dtype))
    first, second = _operand(first), _operand(second)
    if not isinstance(first, Tensor) and not isinstance(second, Tensor):
        raise TypeError(f"operands: expected a Tensor, got the numbers {first!r} and {second!r}")
    dtype = promotion.result_type(first, second)
    return _in_dtype(first, dtype), _in_dtype(second, dtype)


def refuse_numbers(**values: Any) -> None:
    """Raise TypeError for a number where PyTorch takes Tensors only."""
    for name, value in values.items():
        if promotion.scalar_dtype(value) is not None:
            raise TypeError(f"{name}: expected a Tensor, got the number {value!r}")


def _operand(value: Any) -> Any:
    """Return `value` if it is a Tensor or scalar, else as a Tensor."""
    if isinstance(value, Tensor) or promotion.scalar_dtype(value) is not None:
        return value
    if isinstance(value, (np.ndarray, list, tuple)):
        return as_tensor(value)
    raise TypeError(f"operand: expected a Tensor, array or number, got {type(value).__name__}")


def _in_dtype(value: Any, dtype: np.dtype[Any]) -> Tensor:
    return cast(value, dtype) if isinstance(value, Tensor) else Tensor(np.asarray(value, dtype))


def sum_over(x: Any, dims: tuple[int, ...], keepdims: bool = False) -> Any:
    """Return the sum of an array over `dims` in its own dtype."""
    if x.__class__ is np.ndarray and x.dtype.char in "fd" and x.flags.c_contiguous:
        return kernels.sum(x, dims, keepdims)
    return x.sum(dims, dtype=x.dtype, keepdims=keepdims)


def reduce_to(grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum `grad`, array or Tensor, over the dimensions along which `shape` was broadcast."""
    if grad.shape == shape:
        return grad
    lead = grad.ndim - len(shape)
    stretched = [lead + i for i, n in enumerate(shape) if n == 1 and grad.shape[lead + i] != 1]
    dims = (*range(lead), *stretched)
    total = grad.sum(dims) if isinstance(grad, Tensor) else sum_over(grad, dims)
    return total.reshape(shape)


def namespace(x: Any) -> Any:
    """Return the module whose functions of NumPy's names serve `x`: operators, or NumPy."""
    if isinstance(x, Tensor):
        from einkorn.autograd import operators

        return operators
    return np


def as_dim(dim: Any, ndim: int, name: str = "dim") -> int:
    """Return `dim` counted from the front, or raise IndexError (a 0-d tensor has dimension 0)."""
    if dim.__class__ is int and -ndim <= dim < ndim:
        return dim if dim >= 0 else dim + ndim
    number = operator.index(dim)
    extent = max(ndim, 1)
    if not -extent <= number < extent:
        raise IndexError(f"{name}: expected in [{-extent}, {extent - 1}], got {number}")
    return number % extent


def as_dims(dim: Any, ndim: int, name: str = "dim") -> tuple[int, ...]:
    """Return `dim`, None or () for all, an integer or several, as a tuple counted from the front.

    Raises
    ------
    IndexError
        If one is out of range.
    RuntimeError
        If one appears twice.
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    if isinstance(dim, (tuple, list)):
        dims = tuple([as_dim(d, ndim, name) for d in dim])
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"{name}: {tuple(dim)} names a dimension twice")
        return dims if ndim else ()
    found = as_dim(dim, ndim, name)
    return (found,) if ndim else ()


def as_sizes(value: Any, dims: int, name: str) -> tuple[int, ...]:
    """Return an integer, or the only one of a sequence, `dims` times; so many as they are.

    The kernels check their ranges.

    Raises
    ------
    ValueError
        If it is neither an integer nor one or `dims` of them.
    """
    # What modules and small networks pass at every step, shortened.
    if value.__class__ is int:
        return (value,) * dims
    if value.__class__ is tuple and len(value) == dims and _INTS.issuperset(map(type, value)):
        return value
    try:
        if isinstance(value, (tuple, list)):
            found = tuple([operator.index(entry) for entry in value])
        else:
            found = (operator.index(value),)
    except TypeError:
        found = ()
    if len(found) == 1:
        return found * dims
    if len(found) != dims:
        raise ValueError(f"{name}: expected an int or a sequence of {dims}, got {value!r}")
    return found


def as_pair(value: Any, name: str = "size") -> tuple[int, ...]:
    """Return `as_sizes` for two dimensions."""
    return as_sizes(value, 2, name)


def spatial(value: Any, dims: int, name: str = "input") -> Tensor:
    """Return a Tensor of channels and `dims` dimensions, in a batch or alone, or raise."""
    x = to_tensor(value)
    if x._data.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{name}: expected {dims + 1} or {dims + 2} dimensions, got shape {x.shape}"
        )
    return x


def as_shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Return sizes given one by one or as one sequence as a tuple of int."""
    if len(sizes) == 1 and isinstance(sizes[0], (Sequence, np.ndarray)):
        sizes = tuple(sizes[0])
    return tuple([operator.index(n) for n in sizes])
