"""A module called with other parameters and buffers than its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from einkorn.autograd import Tensor
from einkorn.nn.module import Module

__all__ = ["functional_call"]

Place = tuple[Module, dict[str, Any], str]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with these Tensors in the places of its parameters and buffers.

    Parameters
    ----------
    module : Module
        Has its own again afterwards.
    parameters_and_buffers : dict of str to Tensor
        By the names of `Module.named_parameters` and `Module.named_buffers`. Buffers that the call
        replaces are put into it.
    args : tuple or other
        Positional arguments; what is no tuple is the only one.
    kwargs : dict, optional
        Keyword arguments.
    tie_weights : bool
        Whether a value also takes the other places of what it replaces.
    strict : bool
        Whether every name must be given and none too many; otherwise unknown names do nothing.

    Raises
    ------
    RuntimeError
        If ``strict`` and names are missing or unexpected.
    ValueError
        If ``tie_weights`` and two values are given for one parameter.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> from einkorn import nn
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> w = ek.tensor([[3.0]], requires_grad=True)
    >>> y = nn.utils.stateless.functional_call(layer, {"weight": w}, ek.tensor([[2.0]]))
    >>> y.backward()
    >>> y.item(), w.grad.item()
    (6.0, 2.0)
    """
    places = _places(module)
    if strict:
        _check_names(parameters_and_buffers, places)
    chosen = {name: x for name, x in parameters_and_buffers.items() if name in places}
    if tie_weights:
        chosen |= _tied(chosen, places)
    with _swapped({name: places[name] for name in chosen}, chosen) as left:
        positional = () if args is None else args if isinstance(args, tuple) else (args,)
        result = module(*positional, **(kwargs or {}))
    for name, value in left.items():
        if name in parameters_and_buffers:
            parameters_and_buffers[name] = value
    return result


def _places(module: Module) -> dict[str, Place]:
    return {
        f"{path}.{name}" if path else name: (owner, registry, name)
        for path, owner in module.named_modules(remove_duplicate=False)
        for registry in (owner._parameters, owner._buffers)
        for name, value in registry.items()
        if value is not None
    }


def _check_names(given: dict[str, Tensor], places: dict[str, Place]) -> None:
    missing = [name for name in places if name not in given]
    unexpected = [name for name in given if name not in places]
    if unexpected or missing:
        raise RuntimeError(f"parameters_and_buffers: unexpected {unexpected}, missing {missing}")


def _tied(given: dict[str, Tensor], places: dict[str, Place]) -> dict[str, Tensor]:
    """Return the values for the other places of what is replaced."""
    by_own: dict[int, tuple[str, Tensor]] = {}
    for name, value in given.items():
        _, registry, key = places[name]
        first, known = by_own.setdefault(id(registry[key]), (name, value))
        if known is not value:
            raise ValueError(
                f"parameters_and_buffers: {first!r} and {name!r} are one and got two values"
            )
    return {
        name: by_own[id(registry[key])][1]
        for name, (_, registry, key) in places.items()
        if id(registry[key]) in by_own
    }


@contextmanager
def _swapped(places: dict[str, Place], values: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Put values in their places; those that lie there at the end go into what is yielded."""
    left: dict[str, Tensor] = {}
    own = {name: registry[key] for name, (_, registry, key) in places.items()}

    def put(found: dict[str, Any]) -> None:
        for name, (owner, registry, key) in places.items():
            # Not by assignment, which would make a parameter of none.
            registry[key] = owner.__dict__[key] = found[name]

    put(values)
    try:
        yield left
        left |= {name: registry[key] for name, (_, registry, key) in places.items()}
    finally:
        put(own)
