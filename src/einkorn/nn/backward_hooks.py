"""Hooks in the backward pass of a module: operators at its entrance and exit that change nothing.

What the exit's gradient brings along goes to the hooks of the outputs, what arrives at the entrance
to those of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from einkorn.autograd import Function, Tensor, is_grad_enabled

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["Passage"]

Gradients = tuple[Any, ...]


class Passage:
    """One call of a module whose gradients hooks want to see."""

    def __init__(
        self,
        module: Module,
        before: Sequence[Callable[..., Any]],
        after: Sequence[Callable[..., Any]],
    ) -> None:
        self.module = module
        self.before, self.after = before, after
        self.inputs = 0
        self.input_places: list[int] | None = None
        self.output_places: list[int] = []
        self.outputs = 0
        self.grad_output: Gradients | None = None

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments, so that their gradients pass by here."""
        self.inputs = len(args)
        args, self.input_places = _through(_Entrance, self, args)
        return args

    def leave(self, output: Any) -> Any:
        """Return the output, so that its gradients pass by here."""
        outputs = output if isinstance(output, tuple) else (output,)
        self.outputs = len(outputs)
        self.output_places = [i for i, x in enumerate(outputs) if isinstance(x, Tensor)]
        outputs, _ = _through(_Exit, self, outputs)
        if not isinstance(output, tuple):
            return outputs[0]
        # A named tuple takes its values one by one.
        return type(output)(*outputs) if hasattr(output, "_fields") else outputs

    def at_exit(self, grads: Gradients) -> Gradients:
        """Return the gradients of the outputs as the hooks want them."""
        spread = _spread(grads, self.output_places, self.outputs)
        for hook in self.before:
            spread = _replaced(hook(self.module, spread), spread)
        self.grad_output = spread
        if self.input_places is None:
            self.grad_output = None
            nothing = (None,) * self.inputs
            for hook in self.after:
                changed = hook(self.module, nothing, spread)
                if changed is not None and any(x is not None for x in changed):
                    raise RuntimeError(
                        "a backward hook must return None for all inputs where none requires a "
                        f"gradient, got {changed}"
                    )
        return tuple([spread[i] for i in self.output_places])

    def at_entrance(self, grads: Gradients) -> Gradients:
        """Return the gradients of the inputs as the hooks want them."""
        # None where a gradient comes in by another way than the output, as that of a gradient may.
        if self.grad_output is None or self.input_places is None:
            return grads
        spread = _spread(grads, self.input_places, self.inputs)
        for hook in self.after:
            spread = _replaced(hook(self.module, spread, self.grad_output), spread)
        self.grad_output = None
        return tuple([spread[i] for i in self.input_places])


class _Entrance(Function):
    @staticmethod
    def forward(ctx: Any, passage: Passage, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.passage = passage
        ctx.mark_non_differentiable(*[x for x in tensors if not x.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        return (None, *ctx.passage.at_entrance(grads))


class _Exit(_Entrance):
    @staticmethod
    def forward(ctx: Any, passage: Passage, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        return _Entrance.forward(ctx, passage, *tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        return (None, *ctx.passage.at_exit(grads))


def _through(
    gate: type[Function], passage: Passage, values: tuple[Any, ...]
) -> tuple[tuple[Any, ...], list[int] | None]:
    """Lead the Tensors among `values` through an operator, and say where they stand.

    None stands for: none requires a gradient, and nothing was done.
    """
    places = [i for i, x in enumerate(values) if isinstance(x, Tensor)]
    if not is_grad_enabled() or not any(values[i].requires_grad for i in places):
        return values, None
    led = list(values)
    for place, tensor in zip(
        places, gate.apply(passage, *[values[i] for i in places]), strict=True
    ):
        led[place] = tensor
    return tuple(led), places


def _spread(grads: Gradients, places: list[int], size: int) -> Gradients:
    spread: list[Any] = [None] * size
    for place, grad in zip(places, grads, strict=True):
        spread[place] = grad
    return tuple(spread)


def _replaced(changed: Any, grads: Gradients) -> Gradients:
    if changed is None:
        return grads
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(grads):
        raise RuntimeError(
            f"a backward hook must return {len(grads)} gradients, one for each, got {len(changed)}"
        )
    return changed
