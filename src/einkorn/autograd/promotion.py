"""The one table of type promotion, which is PyTorch's.

An operand's *kind* (bool < integer < floating point) decides first. Among operands of one kind,
tensors with dimensions outrank tensors without, and those outrank Python and NumPy scalars: a
float32 tensor times ``2.0`` or ``np.float64(2)`` stays float32. Equals in rank are promoted to the
smallest dtype that holds both.

=================  =============  ===========
operands           example        result
=================  =============  ===========
float32, scalar    ``x * 2.5``    float32
int64, int         ``i + 1``      int64
int64, float       ``i * 0.5``    float32, the default
bool, int          ``b + 1``      int64
float32, int64     ``x + i``      float32
float32, float64   ``x + y``      float64
float32, 0-d f64   ``x + y0``     float32
int32, 0-d f64     ``i + y0``     float64
=================  =============  ===========
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["as_dtype", "default_dtype", "floating", "result_type"]

default_dtype = np.dtype(np.float32)
_BOOL, _INT64 = np.dtype(np.bool_), np.dtype(np.int64)
_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2}
_PYTHON = {bool: _BOOL, int: _INT64, float: default_dtype}


def as_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as a native NumPy dtype that a Tensor may have, or raise TypeError."""
    found = np.dtype(dtype)
    if found.kind not in _KINDS:
        raise TypeError(f"dtype: {found} is not supported; a Tensor holds bool, int or float")
    return found.newbyteorder("=")


def scalar_dtype(value: Any) -> np.dtype[Any] | None:
    """Return the dtype of a Python or NumPy scalar, None for everything else."""
    found = _PYTHON.get(value.__class__)
    if found is None and isinstance(value, np.generic):
        kind = _KINDS.get(value.dtype.kind, 3)
        found = (_BOOL, _INT64, default_dtype, None)[kind]
    return found


def floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which a function such as ``exp`` answers for `dtype`."""
    return dtype if dtype.kind == "f" else default_dtype


def promote(first: np.dtype[Any], second: np.dtype[Any]) -> np.dtype[Any]:
    """Return the smallest dtype for two operands of equal rank."""
    if first.kind == "f" and second.kind != "f":
        return first
    if second.kind == "f" and first.kind != "f":
        return second
    return np.promote_types(first, second)


def _outranking(high: np.dtype[Any], low: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype where `high` outranks `low`: low counts only by being of a higher kind."""
    return low if _KINDS[low.kind] > _KINDS[high.kind] else high


def result_type(first: Any, second: Any) -> np.dtype[Any]:
    """Return the dtype that an operator on `first` and `second` computes and answers in.

    Parameters
    ----------
    first, second : Tensor, array or scalar

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> ek.result_type(ek.ones(2), np.float64(3))
    dtype('float32')
    >>> ek.result_type(ek.tensor([1, 2]), 0.5)
    dtype('float32')
    """
    ranks = []
    for operand in (first, second):
        dtype = scalar_dtype(operand)
        if dtype is not None:
            ranks.append((0, dtype))
        else:
            ranks.append((2 if operand.ndim else 1, operand.dtype))
    (rank_1, dtype_1), (rank_2, dtype_2) = ranks
    if rank_1 == rank_2:
        return promote(dtype_1, dtype_2)
    return _outranking(dtype_1, dtype_2) if rank_1 > rank_2 else _outranking(dtype_2, dtype_1)
