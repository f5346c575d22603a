"""Finding the operator that made the first NaN."""

from __future__ import annotations

import traceback
import warnings
from types import TracebackType
from typing import Any, Self

import numpy as np

from einkorn.autograd.engine import inspect_gradients
from einkorn.autograd.row_sparse import RowSparseTensor
from einkorn.autograd.tape import Operator, note_operators

__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly"]

_enabled = False


def is_anomaly_enabled() -> bool:
    """Return whether operators are watched for NaN."""
    return _enabled


class set_detect_anomaly:  # noqa: N801 - PyTorch's name
    """Switch the watch for NaN on or off at once; as a context manager, until the block ends.

    While it is on, a backward pass raises RuntimeError at the first operator that makes NaN of a
    gradient without one, and says where that operator was called; a RuntimeWarning tells of the
    first operator that makes NaN of inputs without any in a forward pass. Everything is slower.

    Parameters
    ----------
    mode : bool
        Whether to watch.
    check_nan : bool
        Whether NaN raises; without it only the places of calls are kept, for errors of other kinds.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor(0.0, requires_grad=True)
    >>> with ek.autograd.set_detect_anomaly(True):
    ...     (x.sqrt() * 0).backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    RuntimeError: Sqrt made nan of a gradient without any...
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = _enabled, _watch.check_nan
        _switch(bool(mode), bool(check_nan))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _switch(*self._previous)


class detect_anomaly(set_detect_anomaly):  # noqa: N801 - PyTorch's name
    """Watch for NaN within a block: :class:`set_detect_anomaly` that is on.

    Examples
    --------
    >>> import einkorn as ek
    >>> with ek.autograd.detect_anomaly():
    ...     ek.autograd.is_anomaly_enabled()
    True
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(True, check_nan)


def _switch(mode: bool, check_nan: bool) -> None:
    global _enabled
    _enabled = mode
    _watch.check_nan = check_nan
    _watch.warned = False
    note_operators(_watch.note if mode else None)
    inspect_gradients(_watch.inspect if mode else None)


class _Watch:
    check_nan = True
    warned = False

    def note(self, operator: Operator, inputs: tuple[Any, ...], outputs: Any) -> None:
        """Keep where the operator was called, and tell of the first that makes NaN."""
        operator.trace = "".join(traceback.format_stack()[:-1])
        if self.check_nan and not self.warned and has_nan(outputs) and not has_nan(inputs):
            self.warned = True
            warnings.warn(
                f"{type(operator).__name__} made nan of inputs without any; called at\n"
                f"{operator.trace}",
                RuntimeWarning,
                stacklevel=2,
            )

    def inspect(self, operator: Operator, gradient: Any, results: Any) -> None:
        if not self.check_nan or has_nan(gradient) or not has_nan(results):
            return
        place = f"; it was called at\n{operator.trace}" if operator.trace else ""
        raise RuntimeError(
            f"{type(operator).__name__} made nan of a gradient without any, in that of its input "
            f"{_first_nan(results)}{place}"
        )


_watch = _Watch()


def has_nan(value: Any) -> bool:
    """Return whether an array or Tensor, or one of several, has a NaN."""
    if isinstance(value, (list, tuple)):
        return any(has_nan(item) for item in value)
    if isinstance(value, RowSparseTensor):
        value = value._values()
    array = getattr(value, "_data", value)
    if array is None or not np.issubdtype(np.asarray(array).dtype, np.inexact):
        return False
    return bool(np.isnan(np.asarray(array)).any())


def _first_nan(results: Any) -> int:
    if not isinstance(results, (list, tuple)):
        return 0
    return next(i for i, result in enumerate(results) if has_nan(result))
