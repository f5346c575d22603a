"""`Module`: the base of all layers and networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.nn.calls import structure_changed
from einkorn.nn.conversion import Castable
from einkorn.nn.hooks import Hookable, call_with_hooks, registered
from einkorn.nn.parameter import Buffer, Parameter, clear_grad
from einkorn.nn.state import Stateful

__all__ = ["Module"]

# Attributes that say what a module computes, beside its children.
_STRUCTURAL = frozenset(("__class__", "forward"))


class Module(Hookable, Stateful, Castable):
    """Base of all layers and networks: holds parameters, buffers and child modules by name.

    A subclass calls ``super().__init__()``, assigns its `Parameter` objects and child modules as
    attributes and defines ``forward``. Calling the module runs its hooks and ``forward``.

    Arrays among the arguments of a call become Tensors of the parameters' dtype
    (integers only where a layer computes with them, not where they are indices). Tensors are
    passed as they are: one of another dtype is an error of the operator that meets it.

    Attributes
    ----------
    training : bool
        True at first; `train` and `eval` set it for the module and all below it.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(4, 16)
    ...         self.output = nn.Linear(16, 2)
    ...
    ...     def forward(self, x):
    ...         return self.output(self.hidden(x).tanh())
    >>> net = Net()
    >>> net(np.zeros((3, 4))).shape
    (3, 2)
    >>> list(net.state_dict())
    ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias']
    """

    training: bool

    # For `einkorn.nn.fusion`: the activations that the module can end in, by a method for that,
    # and the one that the module itself is.
    _endings: tuple[str, ...] = ()
    _ending: str | None = None
    _forward_ending: Callable[..., Any]

    # Kinds of arrays that a call casts to the parameters' dtype. Integers may be indices or raw
    # pixels: they are passed on to the layer that consumes them, which knows and says so here.
    _cast_kinds = "f"

    def __init__(self) -> None:
        # Registered values live in these dictionaries, in order, and again in the instance's
        # __dict__: attribute access then needs no __getattr__, which would cost more than a small
        # layer's arithmetic. `_register` and `__delattr__` alone write to both.
        self.__dict__.update(
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent_buffers=set(),
            _call_hooks=[],
            _state_hooks=[],
            training=True,
        )

    # Calling

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward()")

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return call_with_hooks(self, args, kwargs)

    def _accept_arrays(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Wrap arrays as Tensors of the dtype computed in; where none is known, of their own."""
        dtype = self._array_dtype(args)

        def accept(value: Any) -> Any:
            if not isinstance(value, np.ndarray):
                return value
            if dtype is None:
                return as_tensor(value)
            return as_tensor(value, dtype) if value.dtype.kind in self._cast_kinds else value

        accepted = tuple([accept(value) for value in args])
        return accepted, {name: accept(value) for name, value in kwargs.items()}

    def _array_dtype(self, args: tuple[Any, ...]) -> np.dtype[Any] | None:
        """Return the dtype that arrays among ``args`` are computed in, if the module has one."""
        return next((p.dtype for p in self.parameters() if p.dtype.kind == "f"), None)

    # Registration

    def _register(
        self, registry: dict[str, Any], name: str, value: Parameter | Tensor | Module | None
    ) -> None:
        if registry is self._modules or name in self._modules:
            structure_changed()
        kind = "module" if registry is self._modules else "parameter"
        value = registered("buffer" if registry is self._buffers else kind, self, name, value)
        for other in (self._parameters, self._buffers, self._modules):
            if other is not registry:
                other.pop(name, None)
        registry[name] = value
        self.__dict__[name] = value

    def _check_new_name(self, registry: dict[str, Any], kind: str, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name must be a str, got {type(name).__name__}")
        if "." in name or not name:
            raise KeyError(f"{kind} name must not be empty or contain '.', got {name!r}")
        if hasattr(self, name) and name not in registry:
            raise KeyError(f"attribute {name!r} already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under ``name``; None reserves the name.

        Raises
        ------
        KeyError
            If the name is empty, contains a dot, or belongs to something else.
        TypeError
            If ``param`` is neither a `Parameter` nor None.
        """
        self._check_new_name(self._parameters, "parameter", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"parameter {name!r} must be a Parameter or None, got {_kind(param)}")
        self._register(self._parameters, name, param)

    def register_buffer(
        self, name: str, tensor: Tensor | np.ndarray | None, persistent: bool = True
    ) -> None:
        """Add a Tensor that is state but not trained; an array is wrapped.

        Buffers that are not ``persistent`` stay out of `state_dict`.

        Raises
        ------
        KeyError
            If the name is empty, contains a dot, or belongs to something else.
        TypeError
            If ``tensor`` is neither a Tensor, an array nor None.
        """
        self._check_new_name(self._buffers, "buffer", name)
        self._register(self._buffers, name, _as_buffer(name, tensor))
        if persistent:
            self._non_persistent_buffers.discard(name)
        else:
            self._non_persistent_buffers.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under ``name``.

        Raises
        ------
        KeyError
            If the name is empty, contains a dot, or belongs to something else.
        TypeError
            If ``module`` is neither a `Module` nor None.
        """
        self._check_new_name(self._modules, "module", name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"module {name!r} must be a Module or None, got {_kind(module)}")
        self._register(self._modules, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child module; the same as `add_module`."""
        self.add_module(name, module)

    def __setattr__(self, name: str, value: Any) -> None:
        registered = self.__dict__.get("_parameters")
        if registered is None:
            if isinstance(value, Parameter | Module):
                raise AttributeError(
                    f"call super().__init__() before assigning {name!r} to a Module"
                )
            object.__setattr__(self, name, value)
        elif isinstance(value, Parameter):
            self._register(registered, name, value)
        elif isinstance(value, Module):
            self._register(self._modules, name, value)
        elif isinstance(value, Buffer):
            self.register_buffer(name, value, value.persistent)
        elif name in self._buffers:
            self._register(self._buffers, name, _as_buffer(name, value))
        elif value is not None and (name in registered or name in self._modules):
            kind = "parameter" if name in registered else "module"
            raise TypeError(
                f"cannot assign a {_kind(value)} as {kind} {name!r}: "
                f"a {kind.capitalize()} or None is expected"
            )
        else:
            if name in _STRUCTURAL or name in self._modules:
                structure_changed()
            for registry in (registered, self._modules):
                if name in registry:
                    registry[name] = None
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        structure_changed()
        for registry in (self._parameters, self._buffers, self._modules):
            registry.pop(name, None)
        self._non_persistent_buffers.discard(name)
        object.__delattr__(self, name)

    # Mode

    def train(self, mode: bool = True) -> Self:
        """Set training mode (or evaluation mode) here and below."""
        if not isinstance(mode, bool):
            raise ValueError(f"mode must be a bool, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode here and below."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters take part in differentiation."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of the parameters, or fill them with zeros."""
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)

    # Text

    def extra_repr(self) -> str:
        """Return what `repr` shall say of this module between the parentheses."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr().splitlines()
        children = self._describe_children()
        if not children and len(extra) <= 1:
            return f"{type(self).__name__}({''.join(extra)})"
        lines = "\n".join("  " + line for line in [*extra, *children])
        return f"{type(self).__name__}(\n{lines}\n)"

    def _describe_children(self) -> list[str]:
        lines: list[str] = []
        for name, module in self._modules.items():
            lines += f"({name}): {module!r}".splitlines()
        return lines


def _as_buffer(name: str, value: Any) -> Tensor | None:
    if value is None or isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return as_tensor(value)
    raise TypeError(f"buffer {name!r} must be a Tensor, an array or None, got {_kind(value)}")


def _kind(value: Any) -> str:
    return type(value).__name__
