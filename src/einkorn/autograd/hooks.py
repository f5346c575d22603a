"""Functions called with the gradient of a tensor on its way back: ``Tensor.register_hook``."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

from einkorn.autograd.engine import accumulate
from einkorn.autograd.tape import Output
from einkorn.autograd.tensor import Tensor

__all__ = ["GradientHandle"]

_numbers = count()


class GradientHandle:
    """What registering a hook returns: ``remove()`` takes the hook away again.

    It is a context manager too, which removes the hook on leaving.
    """

    def __init__(self, hooks: dict[int | None, Any], hook: Callable[[Tensor], Any]) -> None:
        self._hooks = hooks
        self._number = next(_numbers)
        hooks[self._number] = hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self._hooks.pop(self._number, None)

    def __enter__(self) -> GradientHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def _hooks_of(x: Tensor) -> dict[int | None, Any]:
    """Return the hooks of a tensor: a leaf's own, otherwise those of the operator's output."""
    made_by = x._grad_fn
    if made_by is None:
        if x._hooks is None:
            x._hooks = {}
        return x._hooks
    node = made_by.node
    if node.hooks is None:
        node.hooks = {}
    return node.hooks.setdefault(made_by.index if isinstance(made_by, Output) else 0, {})


def register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> GradientHandle:
    """Call ``hook(grad)`` whenever the gradient of this tensor has been computed.

    Parameters
    ----------
    hook : callable
        Given the whole gradient, a Tensor that it must not change. What it returns, unless None,
        takes the gradient's place, also for what comes before the tensor.

    Returns
    -------
    GradientHandle
        ``remove()`` takes the hook away.

    Raises
    ------
    RuntimeError
        If the tensor does not require a gradient.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x * 3
    >>> handle = y.register_hook(lambda grad: grad * 2)
    >>> y.sum().backward()
    >>> x.grad
    tensor([6., 6.])
    """
    if not self.requires_grad:
        raise RuntimeError("register_hook: the tensor does not require a gradient")
    return GradientHandle(_hooks_of(self), hook)


def retain_grad(self: Tensor) -> None:
    """Let ``backward`` leave the gradient of this tensor, though it is no leaf, in ``.grad``.

    Raises
    ------
    RuntimeError
        If the tensor does not require a gradient.
    """
    if not self.requires_grad:
        raise RuntimeError("retain_grad: the tensor does not require a gradient")
    if self.is_leaf or self.retains_grad:
        return
    # Not the tensor itself: the operator would hold it, and it the operator.
    target = weakref.ref(self)

    def keep(grad: Tensor) -> None:
        x = target()
        if x is not None:
            accumulate(x, grad if grad.requires_grad else grad._data, owned=False)

    # Under the key None, which comes last: what is kept is what other hooks have left.
    _hooks_of(self)[None] = keep


def retains_grad(self: Tensor) -> bool:
    """Whether ``backward`` leaves the gradient of this tensor, which is no leaf, in ``.grad``."""
    return self._grad_fn is not None and self.requires_grad and None in _hooks_of(self)


# Attached here because hooks stand above the Tensor, as the engine does.
for _function in (register_hook, retain_grad):
    setattr(Tensor, _function.__name__, _function)
setattr(Tensor, "retains_grad", property(retains_grad))  # noqa: B010 - not of the class itself
