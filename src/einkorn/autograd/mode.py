"""Whether operators are recorded: a flag per thread, and the context managers that set it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from einkorn.autograd.tape import Recording

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

F = TypeVar("F", bound=Callable[..., Any])


_mode = Recording()


def is_grad_enabled() -> bool:
    """Return whether operators are recorded in this thread."""
    return _mode.enabled


class _Switch:
    """Context manager and decorator that holds the flag at one value.

    Written out rather than with contextlib, whose generators cost several times as much.
    """

    __slots__ = ("_previous", "_value")

    def __init__(self, value: bool) -> None:
        self._value = value
        self._previous = _mode.enabled

    def __enter__(self) -> Self:
        self._previous = _mode.enabled
        _mode.enabled = self._value
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _mode.enabled = self._previous

    def __call__(self, function: F) -> F:
        value = self._value

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            previous = _mode.enabled
            _mode.enabled = value
            try:
                return function(*args, **kwargs)
            finally:
                _mode.enabled = previous

        # functools.wraps says nothing of types: the wrapper has the signature of what it wraps.
        return wrapper  # type: ignore[return-value]


class no_grad(_Switch):  # noqa: N801 - PyTorch's name
    """Stop recording inside a ``with`` block or a decorated function.

    Examples
    --------
    >>> import einkorn as ek
    >>> w = ek.tensor([1.0, 2.0], requires_grad=True)
    >>> with ek.no_grad():
    ...     w *= 2
    >>> w.requires_grad, (w * 2).requires_grad
    (True, True)
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_Switch):  # noqa: N801 - PyTorch's name
    """Record inside a ``with`` block or a decorated function, also within :class:`no_grad`."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(True)


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Switch recording on or off at once; as a context manager, until the block ends.

    Examples
    --------
    >>> import einkorn as ek
    >>> with ek.set_grad_enabled(False):
    ...     ek.is_grad_enabled()
    False
    """

    __slots__ = ()

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        _mode.enabled = self._value

    def __enter__(self) -> Self:
        # What to return to is the state before construction, which __init__ noted.
        _mode.enabled = self._value
        return self

    def __call__(self, function: F) -> F:
        """Return `function` with recording switched while it runs."""
        # As a decorator the switch concerns the function alone, not the code that decorates.
        _mode.enabled = self._previous
        return super().__call__(function)
