"""Parameters and buffers that are functions of others, computed whenever they are read.

A module whose ``weight`` is parametrised gets a child ``parametrizations`` that holds, for each
such name, the functions (modules "0", "1", ...) and what they are functions of (``original``, or
``original0``, ``original1``, ... where there are several)::

    original -> 0 -> 1 -> ... -> module.weight

and a class derived from its own, in which ``weight`` is a property.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from einkorn.autograd import Tensor, no_grad
from einkorn.nn.containers import ModuleDict, ModuleList
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]

_depth = 0
_cache: dict[tuple[int, str], Tensor] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Compute every parametrised value at most once within this context.

    Examples
    --------
    >>> from einkorn import nn
    >>> from einkorn.nn.utils import parametrize
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The functions of one parametrised value, and what they are functions of.

    Made by `register_parametrization`; ``module.parametrizations.weight`` is one.

    Attributes
    ----------
    original : Parameter or Tensor
        What the first function is given; ``original0``, ``original1``, ... where it takes several.
    unsafe : bool
        Whether the functions may change dtype and shape.
    """

    original: Tensor

    def __init__(
        self, modules: Sequence[Module], original: Tensor | Parameter, unsafe: bool = False
    ) -> None:
        if not modules:
            raise ValueError("modules must hold at least one parametrization")
        super().__init__(modules)
        self.unsafe = unsafe
        new = original
        with no_grad():
            for module in reversed(list(self)):
                new = _inverse(module, new)
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                f"right_inverse must return a Tensor or several, got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        before = (original.dtype, original.shape)
        if isinstance(new, Tensor):
            if new.dtype != original.dtype:
                raise ValueError(
                    f"right_inverse must keep the dtype {original.dtype}, got {new.dtype}"
                )
            _set(original, new)
            _register(self, "original", original)
        else:
            for i, value in enumerate(new):
                if not isinstance(value, Tensor):
                    raise ValueError(
                        f"right_inverse must return Tensors, item {i} is {type(value).__name__}"
                    )
                # A copy: the value may be what another of them, or the old parameter, is.
                value = value.detach().clone()
                trained = isinstance(original, Parameter)
                value = Parameter(value, original.requires_grad) if trained else value
                _register(self, f"original{i}", value)
        if not unsafe:
            _check_alike(self(), *before)

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that ``value`` is what comes out, by the functions' right inverses.

        Raises
        ------
        RuntimeError
            If a function has none.
        ValueError
            If they return another number of Tensors, or another dtype, than the originals have.
        """
        found: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"{type(module).__name__} has no right_inverse")
                found = module.right_inverse(found)
        values = [found] if self.is_tensor else found
        if not isinstance(values, Sequence) or len(values) != self.ntensors:
            raise ValueError(f"right_inverse must return {self.ntensors} Tensors, got {found!r}")
        for original, new in zip(self._originals(), values, strict=True):
            if not isinstance(new, Tensor) or new.dtype != original.dtype:
                raise ValueError(
                    f"right_inverse must return Tensors of dtype {original.dtype}, got {new!r}"
                )
            _set(original, new)

    def forward(self) -> Any:
        """Return the parametrised value."""
        first, *rest = self
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make a parameter or buffer a function of itself, or of others.

    Reading ``module.weight`` then gives ``parametrization(original)``, through which gradients
    reach ``original``. Several parametrisations of one name follow one another.

    Parameters
    ----------
    module : Module
    tensor_name : str
        The name of a parameter or buffer of the module itself.
    parametrization : Module
        If it has a method ``right_inverse``, that gives the original of the present value, or
        several, and of values that are assigned to the name later. Without, the original is the
        present value.
    unsafe : bool
        Whether the dtype and shape may change; nothing is checked then.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    ValueError
        If there is no such parameter or buffer, or dtype or shape change; nothing is changed then.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> from einkorn.nn.utils import parametrize
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    >>> sorted(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    lists: Any = getattr(module, "parametrizations", None)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_endomorphism(parametrization, getattr(module, tensor_name))
        lists[tensor_name].append(parametrization)
        lists[tensor_name].unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"tensor_name must be a parameter or buffer of {type(module).__name__}, "
            f"got {tensor_name!r}"
        )
    made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    base: Any = type_before_parametrizations(module)
    if not is_parametrized(module):
        lists = ModuleDict()
        module.add_module("parametrizations", lists)
    lists[tensor_name] = made
    module.__class__ = _class_of(base, tuple(lists))
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Return whether a value of this name, or any, is parametrised in ``module`` itself."""
    lists = getattr(module, "parametrizations", None)
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make a parametrised value an ordinary parameter or buffer again.

    Parameters
    ----------
    module : Module
    tensor_name : str
    leave_parametrized : bool
        Whether it has its present value then, or that of its original.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    ValueError
        If the name is not parametrised, or its original was asked for and there are several.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(
            f"tensor_name must be parametrised in {type(module).__name__}, got {tensor_name!r}"
        )
    lists = _lists(module)
    functions = lists[tensor_name]
    value = getattr(module, tensor_name)
    if functions.is_tensor:
        # The original itself stays, so that an optimiser keeps it.
        left = functions.original
        if leave_parametrized:
            _set(left, value.detach())
    elif leave_parametrized:
        left = Parameter(value.detach().clone()) if value.requires_grad else value
    else:
        raise ValueError(
            f"leave_parametrized must be True where there are {functions.ntensors} originals"
        )
    base: Any = type_before_parametrizations(module)
    del lists[tensor_name]
    names = tuple(lists)
    module.__class__ = _class_of(base, names) if names else base
    if not names:
        delattr(module, "parametrizations")
    _register(module, tensor_name, left)
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """Return the class that the module had before any of its values was parametrised."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


@cache
def _class_of(base: Any, names: tuple[str, ...]) -> Any:
    """Return a class like ``base`` with these names parametrised.

    It never changes, as copies of a module share it.
    """

    def set_value(self: Module, name: str, value: Any) -> None:
        if name in names:
            _lists(self)[name].right_inverse(value)
        else:
            base.__setattr__(self, name, value)

    return type(
        f"Parametrized{base.__name__}",
        (base,),
        {
            "__module__": base.__module__,
            "__setattr__": set_value,
            **{name: _property(name) for name in names},
        },
    )


def _lists(module: Any) -> Any:
    """Return the child that holds the functions of all parametrised names."""
    return module.parametrizations


def _property(name: str) -> property:
    def value(self: Module) -> Tensor:
        functions = _lists(self)[name]
        if not _depth:
            return functions()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = functions()
        return _cache[key]

    return property(value)


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _set(target: Tensor, value: Tensor) -> None:
    if value is not target:
        target.data = value.detach().clone()


def _inverse(module: Any, value: Any) -> Any:
    """Return the right inverse of ``value``, or the value where there is none."""
    try:
        return module.right_inverse(value) if hasattr(module, "right_inverse") else value
    except NotImplementedError:
        return value


def _check_alike(value: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(f"a parametrization must return a Tensor, got {type(value).__name__}")
    if (value.dtype, value.shape) != (dtype, shape):
        raise ValueError(
            f"a parametrization must keep dtype {dtype} and shape {shape} unless unsafe, "
            f"got {value.dtype} and {value.shape}"
        )


def _check_endomorphism(parametrization: Module, value: Tensor) -> None:
    with no_grad():
        found = parametrization(value)
        _check_alike(found, value.dtype, value.shape)
        _check_alike(_inverse(parametrization, found), value.dtype, value.shape)
