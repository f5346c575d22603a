"""Operators that users define, in Tensors: PyTorch's ``autograd.Function``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd.mode import enable_grad, no_grad
from einkorn.autograd.tape import Operator, Output, alias_of
from einkorn.autograd.tensor import Tensor

__all__ = ["Function", "once_differentiable"]


class Context:
    """What ``forward`` hands to ``backward``; further attributes are the user's own.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        Which arguments need a gradient.
    saved_tensors : tuple of Tensor or None
        What `save_for_backward` was given.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] = ()
        self._fixed: tuple[Tensor, ...] = ()
        self._materializes = True
        self._operator: _UserOperator | None = None
        self._linked: tuple[Any, ...] | None = None

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep arguments or outputs; a change of them in place before the gradient is an error."""
        for i, tensor in enumerate(tensors):
            if not isinstance(tensor, (Tensor, type(None))):
                raise TypeError(f"tensors: expected Tensors or None, item {i} is {tensor!r}")
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self._linked is not None:
            return self._linked
        if self._operator is not None:
            self._operator.check_alive()
        return self._saved

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Declare that these outputs have no gradient, such as indices."""
        self._fixed = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether ``backward`` gets zeros, the default, or None for an output without one."""
        self._materializes = bool(value)


class Function:
    """An operator of one's own: subclass, write `forward` and `backward`, call `apply`.

    Both are static methods. ``forward(ctx, *args)`` computes one Tensor or a tuple of them without
    being recorded; ``backward(ctx, *grads)`` returns the gradient of each argument, None for one
    that is no Tensor or needs none. It is itself recorded under ``create_graph``, so that second
    derivatives need nothing more. Alternatively ``forward(*args)`` goes without the context and
    ``setup_context(ctx, inputs, output)`` fills it.

    Examples
    --------
    >>> import einkorn as ek
    >>> class Cube(ek.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x**2 * grad
    >>> x = ek.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; see the class."""
        raise NotImplementedError("a Function needs a static method forward")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Fill the context where `forward` goes without; see the class."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Compute the gradients of the arguments; see the class."""
        raise NotImplementedError("a Function needs a static method backward to be differentiated")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Compute the outputs for `args` and record the operator if one needs a gradient.

        Raises
        ------
        TypeError
            If `forward` returns something else than Tensors.
        """
        return _UserOperator(cls, args).call()


class _UserOperator(Operator):
    __slots__ = (
        "context",
        "function",
        "given",
        "input_shapes",
        "made",
        "outputs",
        "single",
        "zeros",
    )
    made: tuple[Any, ...]

    def __init__(self, function: type[Function], args: tuple[Any, ...]) -> None:
        self.function, self.given = function, args
        needs = tuple([isinstance(x, Tensor) and x.requires_grad for x in args])
        self.context = Context(needs)
        self.input_shapes = [tuple(x.shape) for x in self._tensors()]

    def call(self) -> Any:
        results = self.apply_many(*self._tensors())
        if not self.needs or True not in self.needs:
            # Nothing was recorded, nothing need stay.
            self.context._saved = ()
        else:
            self.context._operator = self
            for result, inner in zip(results, self.made, strict=True):
                if any(inner is x for x in self.context._fixed):
                    result._requires_grad, result._grad_fn = False, None
        self.given = tuple([None if isinstance(x, Tensor) else True for x in self.given])
        self.made = ()
        return results[0] if self.single else results

    def _tensors(self) -> list[Tensor]:
        return [x for x in self.given if isinstance(x, Tensor)]

    def forward(self, *_: Any) -> Any:
        cls, ctx = self.function, self.context
        # Under names of their own, as the function may return an argument as it is.
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                results = cls.forward(*self.given)
                cls.setup_context(ctx, self.given, results)
            else:
                results = cls.forward(ctx, *self.given)
        self.single = not isinstance(results, tuple)
        self.made = (results,) if self.single else results
        self.outputs = len(self.made)
        for i, result in enumerate(self.made):
            if not isinstance(result, Tensor):
                raise TypeError(
                    f"{cls.__name__}.forward: expected Tensors, output {i} is "
                    f"{type(result).__name__}"
                )
        self.zeros = [(x.shape, x.dtype) for x in self.made]
        return [x._data for x in self.made]

    def retain(self, inputs: tuple[Any, ...], outputs: Any) -> tuple[Tensor, ...]:
        """Retain what the context keeps; outputs as aliases, since they would form a cycle."""
        kept = []
        for x in self.context._saved:
            place = _place(x, self.made)
            if x is None:
                kept.append(Tensor(np.empty(0)))
            elif place is None:
                kept.append(x)
            else:
                kept.append(alias_of(outputs[place]))
        self.extra = [_place(x, self.made) for x in self.context._saved]
        self.context._saved = tuple(
            [None if x is None else y for x, y in zip(self.context._saved, kept, strict=True)]
        )
        return tuple(kept)

    def backward(self, grads: Any, *_: Any) -> Any:
        with no_grad():
            tensors = [None if g is None else Tensor(np.asarray(g)) for g in grads]
            results = self._gradients(tensors)
        return tuple([None if x is None else x._data for x in results])

    def compose_backward(self, grads: Any, *saved: Any) -> Any:
        places = self.extra
        linked: list[Any] = []
        for kept, x, place in zip(self.context._saved, saved, places, strict=True):
            if place is not None:
                x = alias_of(x)
                x._requires_grad, x._grad_fn = True, Output(self, place)
            linked.append(None if kept is None else x)
        self.context._linked = tuple(linked)
        try:
            with enable_grad():
                return tuple(self._gradients(list(grads)))
        finally:
            self.context._linked = None

    def _gradients(self, grads: list[Any]) -> list[Any]:
        """The gradients of the Tensors among the arguments, as Tensors."""
        cls, ctx = self.function, self.context
        if ctx._materializes:
            grads = [
                Tensor(np.zeros(*zeros)) if g is None else g
                for g, zeros in zip(grads, self.zeros, strict=True)
            ]
        results = cls.backward(ctx, *grads)
        results = results if isinstance(results, tuple) else (results,)
        # A longer answer may end in None, as for arguments that PyTorch does not count.
        if len(results) < len(self.given) or any(x is not None for x in results[len(self.given) :]):
            raise RuntimeError(
                f"{cls.__name__}.backward: expected {len(self.given)} gradients, one for each "
                f"argument, got {len(results)}"
            )
        chosen = [r for r, x in zip(results, self.given, strict=False) if x is None]
        for i, (result, shape) in enumerate(zip(chosen, self.input_shapes, strict=True)):
            if result is not None and tuple(result.shape) != shape:
                raise RuntimeError(
                    f"{cls.__name__}.backward: expected a gradient of shape {shape} for tensor {i} "
                    f"of the arguments, got {tuple(result.shape)}"
                )
        return chosen


def _place(x: Tensor | None, tensors: tuple[Tensor, ...]) -> int | None:
    return next((i for i, y in enumerate(tensors) if y is x), None)


class _DifferentiatedOnce(Operator):
    """The identity, without a gradient."""

    __slots__ = ("name",)
    name: str

    def forward(self, x: Any) -> Any:
        return x

    def backward(self, grad: Any, *_: Any) -> Any:
        raise RuntimeError(f"{self.name}: marked as differentiable once only")


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `Function`'s ``backward`` whose result cannot be differentiated again.

    It is called without being recorded; whoever differentiates the gradient gets a RuntimeError.

    Examples
    --------
    >>> import einkorn as ek
    >>> class Double(ek.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...
    ...     @staticmethod
    ...     @ek.autograd.once_differentiable
    ...     def backward(ctx, grad):
    ...         return ek.tensor(2 * grad.numpy())
    """

    @functools.wraps(backward)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        recorded = any(isinstance(g, Tensor) and g.requires_grad for g in grads)
        with no_grad():
            results = backward(ctx, *grads)
        if not recorded:
            return results
        single = not isinstance(results, tuple)
        barred = []
        for result in (results,) if single else results:
            if isinstance(result, Tensor):
                barrier = _DifferentiatedOnce()
                barrier.name = backward.__qualname__
                result = barrier.apply(result.detach().requires_grad_())
            barred.append(result)
        return barred[0] if single else tuple(barred)

    return wrapper
