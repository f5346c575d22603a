"""Neighbours in a `Sequential` that one operator computes.

=========================================  ===========================
a module of exactly this class             followed by one of
=========================================  ===========================
`Linear`, `Conv2d`, `ConvTranspose2d`      `ReLU`, `Sigmoid`, `Tanh`
=========================================  ===========================

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
from functools import partial
from typing import TYPE_CHECKING, Any

from einkorn.autograd import Tensor
from einkorn.autograd.operators.activation import add_relu

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["Plan", "activated_sum", "in_turn", "is_plain", "structure_changed"]

Step = tuple[Callable[[Any], Any], tuple[Any, ...]]

# Every change makes a new object: the plans made for the one before are then void.
_structure = object()


def structure_changed() -> None:
    """Make every plan void."""
    global _structure
    _structure = object()


class Plan:
    """How a `Sequential` computes its output.

    Attributes
    ----------
    steps : tuple of (callable, modules)
        What maps a Tensor, and the modules that it stands for.
    """

    __slots__ = ("_made_for", "steps")

    def __init__(self, modules: Iterable[Module]) -> None:
        self._made_for = _structure
        self.steps = tuple(_steps(list(modules)))

    def run(self, input: Any) -> Any:
        """Return the output of the last module."""
        for step, modules in self.steps:
            if input.__class__ is Tensor:
                input = step(input)
            else:
                for module in modules:
                    input = module(input)
        return input

    def is_valid(self) -> bool:
        """Return whether the structure is still the one the plan was made for."""
        return self._made_for is _structure

    def __reduce__(self) -> Any:
        # A copy or an unpickled Sequential makes a plan of its own.
        return type(None), ()


def in_turn(input: Any, *modules: Module) -> Any:
    """Return the output of the last of `modules`, called one after another as by a `Sequential`.

    For the ``forward`` of networks whose modules bear names of their own.
    """
    return Plan(modules).run(input)


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
        call = first.forward if is_plain(first) else first
        if ending in endings:
            call = partial(first._forward_ending, ending=ending)
            stop += 1
        yield call, tuple(modules[start:stop])
        start = stop


def _own(module: Module, name: str) -> Any:
    """Return an attribute that the module's class defines itself, None where it must not count."""
    return type(module).__dict__.get(name) if is_plain(module) else None


def is_plain(module: Module) -> bool:
    """Return whether calling `module` with a Tensor is the same as calling its class's forward."""
    from einkorn.nn.module import Module

    return (
        type(module).__call__ is Module.__call__
        and "forward" not in module.__dict__
        and not module._forward_hooks
        and not module._forward_pre_hooks
    )
