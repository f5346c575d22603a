"""Neighbours in a `Sequential` that one operator computes.

=========================================  ===========================
a module of exactly this class             followed by one of
=========================================  ===========================
`Linear`, convolutions of all kinds        `ReLU`, `Sigmoid`, `Tanh`
`BatchNorm1d`, `2d`, `3d`                  `ReLU`
=========================================  ===========================

A `ReLU` and the max pooling after it change places, as the greatest of what ReLU leaves is what it
leaves of the greatest: it and its gradient then see a value a window. Only where no gradient is
recorded the kernel of a convolution applies it for nothing, and it stays there.

An `Identity` between them, such as takes the place of a folded normalisation, does not part them.
The kernel of the first applies the activation before it stores the result, so that what lies
between them takes neither time nor memory. Results and gradients are those of the two modules.

A class enters the first column by `_endings`, names of activations, and a method
``_forward_ending(input, ending)``; the second by `_ending`, its name. A subclass has neither
unless it says so itself: it may compute something else.

A `Sequential` looks for pairs once and keeps what it found until the structure of some network
changes: a module or a hook is added or taken away, or a module gets another class or ``forward``.
A module with hooks is left alone, since these want to see what goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from einkorn.autograd import Tensor, is_grad_enabled
from einkorn.autograd.operators.activation import add_relu
from einkorn.nn.calls import Plan, hooks_of_all

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["activated_sum", "in_turn", "is_plain", "plan_of"]

Step = tuple[Callable[..., Any], str | None, tuple[Any, ...]]


def plan_of(modules: Iterable[Module]) -> Plan:
    """Return how a `Sequential` of these modules computes its output."""
    # A list's length is known: tuples of generators are cut to size, which adds to Python's lists
    # of free tuples at every call.
    return Plan(list(_steps(list(modules))))


def in_turn(input: Any, *modules: Module) -> Any:
    """Return the output of the last of `modules`, called one after another as by a `Sequential`.

    For the ``forward`` of networks whose modules bear names of their own.
    """
    return plan_of(modules).run(input)


def activated_sum(first: Tensor, second: Tensor, activation: Module) -> Any:
    """Return `activation` of the sum of two Tensors of one shape, for ReLU in one pass over them.

    For the end of residual blocks.
    """
    alike = first.shape == second.shape and first.dtype == second.dtype
    if alike and first.is_floating_point() and _own(activation, "_ending") == "relu":
        return add_relu(first, second)
    return activation(first + second)


def _steps(modules: list[Module]) -> Iterator[Step]:
    start = 0
    while start < len(modules):
        first, stop = modules[start], start + 1
        endings = _own(first, "_endings") or ()
        while endings and stop < len(modules) and _own(modules[stop], "_is_identity"):
            stop += 1
        ending = _own(modules[stop], "_ending") if stop < len(modules) else None
        if _own(first, "_ending") == "relu" and _pools(modules[stop : stop + 1]):
            stop += 1
            yield _pooled_first(None, first, modules[stop - 1]), None, tuple(modules[start:stop])
        elif ending == "relu" and ending in endings and _pools(modules[stop + 1 : stop + 2]):
            stop += 2
            call = _pooled_first(first, modules[stop - 2], modules[stop - 1])
            yield call, None, tuple(modules[start:stop])
        elif ending in endings:
            stop += 1
            yield first._forward_ending, ending, tuple(modules[start:stop])
        else:
            call = first.forward if is_plain(first) else first
            yield call, None, tuple(modules[start:stop])
        start = stop


def _pools(modules: list[Module]) -> bool:
    return bool(modules and _own(modules[0], "_takes_greatest"))


def _pooled_first(layer: Module | None, relu: Module, pool: Any) -> Callable[[Tensor], Any]:
    """Return what maps a Tensor by `layer`, if any, `relu` and `pool`, the last two swapped."""

    def call(input: Tensor) -> Any:
        if pool.return_indices:
            x = relu.forward(input) if layer is None else layer._forward_ending(input, "relu")
            return pool.forward(x)
        if layer is None:
            return relu.forward(pool.forward(input))
        if not is_grad_enabled():
            return pool.forward(layer._forward_ending(input, "relu"))
        return relu.forward(pool.forward(layer.forward(input)))

    return call


def _own(module: Module, name: str) -> Any:
    """Return an attribute that the module's class defines itself, None where it must not count."""
    return type(module).__dict__.get(name) if is_plain(module) else None


def is_plain(module: Module) -> bool:
    """Return whether calling `module` with a Tensor is the same as calling its class's forward."""
    from einkorn.nn.module import Module

    return (
        type(module).__call__ is Module.__call__
        and "forward" not in module.__dict__
        and not module._call_hooks
        and not hooks_of_all
    )
