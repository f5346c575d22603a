"""Steps by gradients that have few rows: those rows of parameters and states alone are touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import setitem
from typing import Any

import numpy as np

from einkorn.autograd import RowSparseTensor, Tensor, increment_version

__all__ = ["descent_of", "restored_rows", "row_calls"]

Call = Callable[[], Any]


def descent_of(param: Tensor, maximize: bool) -> RowSparseTensor:
    """Return what to descend along: the coalesced gradient, negated to maximise."""
    gradient: Any = param.grad
    coalesced = gradient.coalesce()
    return -coalesced if maximize else coalesced


def row_calls(
    step: Callable[..., None], param: Tensor, states: Sequence[np.ndarray], along: RowSparseTensor
) -> list[Call]:
    """Return compiled calls that update the rows of a parameter and of its states.

    The new rows are computed at once, from copies; the calls put them in place.

    Parameters
    ----------
    step : callable
        Given lists of one array each: rows of the parameter, those of the gradient, and those of
        each state. It changes the first and the states in place.
    param : Tensor
    states : sequence of array
        Each of the parameter's shape.
    along : RowSparseTensor
        Coalesced.
    """
    rows = along._indices().numpy()[0]
    if not len(rows):
        return []
    increment_version(param)
    arrays = [param.numpy(), *states]
    parts = [array[rows] for array in arrays]
    step([parts[0]], [along._values().numpy()], *([part] for part in parts[1:]))
    return [partial(setitem, *pair) for pair in _targets(arrays, rows, parts)]


def _targets(arrays: Any, rows: Any, parts: Any) -> list[tuple[Any, Any, Any]]:
    return [(array, rows, part) for array, part in zip(arrays, parts, strict=True)]


def restored_rows(value: Any, param: Tensor) -> RowSparseTensor:
    """Return a saved sparse entry of a state, also one of PyTorch's, in the parameter's dtype."""
    coalesced = value.coalesce()
    if tuple(coalesced.shape) != param.shape:
        raise ValueError(
            f"a sparse entry has shape {tuple(coalesced.shape)}, its parameter {param.shape}"
        )
    indices, values = np.asarray(coalesced.indices()), np.asarray(coalesced.values())
    rows = np.array(indices[0], np.int64)
    return RowSparseTensor(rows, np.array(values, param.dtype, order="C"), param.shape).coalesce()
