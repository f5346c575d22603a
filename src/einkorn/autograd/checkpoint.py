"""Computing again what a backward pass needs instead of keeping it.

A function that is checkpointed is recorded as any other, but its operators give up what they saved.
When a backward pass comes to the first of them the function is called once more, and its operators'
record of the second call fills that of the first. (T. Chen, B. Xu, C. Zhang and C. Guestrin,
"Training deep nets with sublinear memory cost", 2016.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from einkorn.autograd.mode import enable_grad, is_grad_enabled
from einkorn.autograd.random import get_rng_state, set_rng_state
from einkorn.autograd.tape import Operator, Output
from einkorn.autograd.tensor import Tensor

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Return ``function(*args, **kwargs)``, whose inner values are computed again for the gradient.

    Between forward and backward pass only the arguments and the result stay in memory; the price is
    a second forward pass.

    Parameters
    ----------
    function : callable
        Must compute the same whenever it is called with the same arguments.
    *args, **kwargs
        Its arguments.
    use_reentrant : bool
        Accepted for PyTorch's sake; False is what is done.
    preserve_rng_state : bool
        Draw the same random numbers, such as dropout's, the second time.

    Returns
    -------
    What `function` returns: a Tensor, or a tuple, list or dictionary of these and anything else.

    Raises
    ------
    RuntimeError
        In the backward pass, if the second call was made of other operators than the first.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([0.5, 2.0], requires_grad=True)
    >>> y = ek.autograd.checkpoint(lambda x: x.exp().log(), x)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    if use_reentrant:
        raise ValueError("use_reentrant: expected False, got True: there is no such variant")
    if not is_grad_enabled():
        return function(*args, **kwargs)
    state = get_rng_state() if preserve_rng_state else None
    frame = _Frame(function, args, kwargs, state)
    return frame.run()


def checkpoint_sequential(
    functions: Sequence[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
) -> Any:
    """Return `input` passed through `functions` in turn, checkpointed in `segments` pieces.

    The last piece is not checkpointed: the backward pass would begin by computing it again.

    Parameters
    ----------
    functions : sequence of callables
        Such as an ``nn.Sequential``.
    segments : int
        From 1 to the number of functions.
    input
        Argument of the first function.
    use_reentrant, preserve_rng_state : bool
        As in :func:`checkpoint`.

    Raises
    ------
    ValueError
        If `segments` is out of range.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor(0.5, requires_grad=True)
    >>> ek.autograd.checkpoint_sequential([ek.exp, ek.sin, ek.log], 2, x).backward()
    """
    steps = list(functions)
    if not 1 <= segments <= len(steps):
        raise ValueError(f"segments: expected a number from 1 to {len(steps)}, got {segments!r}")
    size = len(steps) // segments
    for first in range(0, size * (segments - 1), size):
        input = checkpoint(
            _Chain(steps[first : first + size]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )
    return _Chain(steps[size * (segments - 1) :])(input)


class _Chain:
    def __init__(self, steps: list[Callable[..., Any]]) -> None:
        self.steps = steps

    def __call__(self, x: Any) -> Any:
        for step in self.steps:
            x = step(x)
        return x


class _Frame:
    """A function, what it was called with, and the operators that its call recorded."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        state: dict[str, Any] | None,
    ) -> None:
        self.function, self.args, self.kwargs, self.state = function, args, kwargs, state
        self.operators: list[Operator] = []

    def run(self) -> Any:
        marker = Operator.next_order()
        results = self.function(*self.args, **self.kwargs)
        self.operators = _recorded_since(marker, results)
        for operator in self.operators:
            if operator.saved or operator.extra is not None:
                # A frame inside this one is found again by calling the function again.
                operator.saved = operator.extra = None
                operator.frame = self
        return results

    def restore(self, _: Operator) -> None:
        """Give every operator of the call back what it saved."""
        present = get_rng_state() if self.state is not None else None
        if self.state is not None:
            set_rng_state(self.state)
        marker = Operator.next_order()
        try:
            with enable_grad():
                results = self.function(*self.args, **self.kwargs)
        finally:
            if present is not None:
                set_rng_state(present)
        again = _recorded_since(marker, results)
        if [type(x) for x in again] != [type(x) for x in self.operators]:
            raise RuntimeError(
                f"{_name_of(self.function)}: recomputed from a checkpoint it applied "
                f"{len(again)} operators, not the same {len(self.operators)} as before"
            )
        for old, new in zip(self.operators, again, strict=True):
            if old.frame is self and old.saved is None:
                _take_over(old, new)


class _Detour:
    """The frame of an operator whose second record is itself checkpointed."""

    def __init__(self, new: Operator) -> None:
        self.new = new

    def restore(self, old: Operator) -> None:
        self.new.frame.restore(self.new)
        _take_over(old, self.new)


def _take_over(old: Operator, new: Operator) -> None:
    if new.saved is None:
        old.frame = _Detour(new)
        return
    old.saved, old.extra, old.versions = new.saved, new.extra, new.versions


def _recorded_since(marker: int, results: Any) -> list[Operator]:
    """Return the operators younger than `marker` that `results` depend on, the oldest first."""
    found: dict[int, Operator] = {}
    waiting: list[Any] = [x._grad_fn for x in _tensors_in(results)]
    while waiting:
        source = waiting.pop()
        if isinstance(source, (Operator, Output)):
            operator = source.node
            if operator.order > marker and operator.order not in found:
                found[operator.order] = operator
                waiting.extend(operator.sources)
    return [found[order] for order in sorted(found)]


def _tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [x for item in value for x in _tensors_in(item)]
    return []


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
