"""Checks of arrays and sizes for the functions that are made of others, in words of their own."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "array_of_rank", "into", "optional_sizes", "sizes", "with_axis"]

Array = NDArray[Any]
LARGEST = 2**63 - 1
_COUNTS = {1: "one int", 2: "two ints", 3: "three ints"}


def array_of_rank(value: ArrayLike, name: str, rank: int) -> Array:
    """Return `value` as an array of `rank` dimensions, or raise."""
    array = np.asarray(value)
    if array.ndim != rank:
        raise ValueError(f"{name}: expected {rank} dimensions, got shape {array.shape}")
    return array


def sizes(value: Any, name: str, dims: int, lowest: int) -> tuple[int, ...]:
    """Return an int, or a sequence of `dims` of them, as a tuple of `dims`, or raise."""
    entries = list(value) if isinstance(value, tuple | list) else [value] * dims
    if len(entries) != dims:
        raise ValueError(f"{name}: expected an int or a sequence of {_COUNTS[dims]}, got {value!r}")
    if any(isinstance(entry, bool | np.bool_) for entry in entries):
        raise TypeError(f"{name}: expected ints, got {value!r}")
    try:
        found = tuple([operator.index(entry) for entry in entries])
    except TypeError:
        raise TypeError(f"{name}: expected ints, got {value!r}") from None
    if min(found) < lowest or max(found) > LARGEST:
        raise ValueError(f"{name}: expected {lowest} to 2**63 - 1, got {value!r}")
    return found


def optional_sizes(
    value: Any, name: str, dims: int, lowest: int, default: tuple[int, ...]
) -> tuple[int, ...]:
    """Return `sizes`, or `default` for None."""
    return default if value is None else sizes(value, name, dims, lowest)


def with_axis(out: Array | None, axis: int) -> Array | None:
    """Return a view of `out` with an axis more, through which a result reaches it."""
    return None if out is None else np.expand_dims(out, axis)


def into(out: Array | None, result: Array, **inputs: Array) -> Array:
    """Return the result, in `out` where it is given."""
    if out is None:
        return result
    if not isinstance(out, np.ndarray) or out.dtype != result.dtype:
        raise TypeError(f"out: expected an array of {result.dtype}, got {_described(out)}")
    if out.shape != result.shape:
        raise ValueError(f"out: expected shape {result.shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out: expected a writeable array, got a read-only one")
    for name, array in inputs.items():
        if np.may_share_memory(out, array):
            raise ValueError(f"out: must not overlap {name}")
    out[...] = result
    return out


def _described(value: Any) -> str:
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__
