"""`Module`: the base of all layers and networks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import to
from einkorn.nn.calls import ModuleBase, structure_changed
from einkorn.nn.hooks import Hook, RemovableHandle, call_with_hooks
from einkorn.nn.parameter import Parameter, clear_grad, is_uninitialized
from einkorn.nn.state import IncompatibleKeys, load_state_dict

__all__ = ["Module"]

# Attributes that say what a module computes, beside its children.
_STRUCTURAL = frozenset(("__class__", "forward"))


class Module(ModuleBase):
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
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers: set[str]
    _forward_hooks: list[Hook]
    _forward_pre_hooks: list[Hook]

    # For `einkorn.nn.fusion`: the activations that the module can end in, by a method for that,
    # and the one that the module itself is.
    _endings: tuple[str, ...] = ()
    _ending: str | None = None
    _forward_ending: Callable[..., Any]

    # Kinds of arrays that a call casts to the parameters' dtype. Integers may be indices or raw
    # pixels: they are passed on to the layer that consumes them, which knows and says so here.
    _cast_kinds = "f"

    # Buffers that older checkpoints lack: their absence is not reported as a missing key.
    _optional_buffers: frozenset[str] = frozenset()

    def __init__(self) -> None:
        # Registered values live in these dictionaries, in order, and again in the instance's
        # __dict__: attribute access then needs no __getattr__, which would cost more than a small
        # layer's arithmetic. `_register` and `__delattr__` alone write to both.
        self.__dict__.update(
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent_buffers=set(),
            _forward_hooks=[],
            _forward_pre_hooks=[],
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

        accepted = tuple(accept(value) for value in args)
        return accepted, {name: accept(value) for name, value in kwargs.items()}

    def _array_dtype(self, args: tuple[Any, ...]) -> np.dtype[Any] | None:
        """Return the dtype that arrays among ``args`` are computed in, if the module has one."""
        return next((p.dtype for p in self.parameters() if p.dtype.kind == "f"), None)

    def register_forward_pre_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``; what it returns replaces the input.

        With ``with_kwargs`` it is called as ``hook(module, args, kwargs)`` and may return both.
        """
        return RemovableHandle(self._forward_pre_hooks, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``; it may replace the output.

        With ``with_kwargs`` it is called as ``hook(module, args, kwargs, output)``; with
        ``always_call`` also after an exception, the output then being None.
        """
        entry = Hook(hook, with_kwargs, always_call)
        return RemovableHandle(self._forward_hooks, entry, prepend)

    # Registration

    def _register(
        self, registry: dict[str, Any], name: str, value: Parameter | Tensor | Module | None
    ) -> None:
        if registry is self._modules or name in self._modules:
            structure_changed()
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

    # Traversal

    def named_modules(
        self,
        memo: set[Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it with their dotted names, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the immediate children with their names, each once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the immediate children, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else ((prefix, self),)
        )
        for path, module in modules:
            for name, value in getattr(module, registry).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield _join(path, name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with their dotted names."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the buffers with their dotted names."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """Return the module of the dotted name ``target``; the empty name is this module.

        Raises
        ------
        AttributeError
            If there is none.
        """
        module = self
        for name in target.split(".") if target else ():
            child = module._modules.get(name)
            if child is None:
                raise AttributeError(f"{type(module).__name__} has no module {name!r} ({target!r})")
            module = child
        return module

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter of the dotted name ``target``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        return self._get_member("_parameters", "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer of the dotted name ``target``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        return self._get_member("_buffers", "buffer", target)

    def _get_member(self, registry: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        value = getattr(module, registry).get(name)
        if value is None:
            raise AttributeError(f"{type(module).__name__} has no {kind} {name!r} ({target!r})")
        return value

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call ``fn`` on every module below this one and then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

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

    # State

    def state_dict(
        self,
        *,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Return all parameters and persistent buffers by their dotted names.

        The Tensors are detached but share their memory with the module; ``keep_vars`` gives the
        parameters themselves.

        Raises
        ------
        RuntimeError
            If a lazy layer has not seen an input yet.
        """
        destination = OrderedDict() if destination is None else destination
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            for name, value in module._own_state():
                key = _join(path, name)
                if is_uninitialized(value):
                    raise RuntimeError(f"{key!r} has no shape yet: call the module first")
                destination[key] = value if keep_vars else value.detach()
        return destination

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        for name, value in (self._parameters | self._buffers).items():
            if value is not None and name not in self._non_persistent_buffers:
                yield name, value

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values by name into parameters and buffers.

        Parameters
        ----------
        state_dict : mapping of str to Tensor or array
            Values are cast to the dtype of what they replace.
        strict : bool
            Whether a missing or unexpected name is an error.
        assign : bool
            Put the values themselves in place, with their dtype, instead of copying.

        Returns
        -------
        IncompatibleKeys
            ``missing_keys`` and ``unexpected_keys``; with ``strict`` both are empty.

        Raises
        ------
        RuntimeError
            Naming every missing or unexpected name (if ``strict``) and every value whose shape or
            kind of dtype does not fit. The module is then unchanged.
        """
        return load_state_dict(self, state_dict, strict=strict, assign=assign)

    # Conversion

    def _convert(self, convert: Callable[[Tensor], Tensor]) -> Self:
        """Replace the values of every parameter, gradient and buffer by what ``convert`` gives."""
        for parameter in self.parameters():
            parameter.data = convert(parameter.data)
            if parameter.grad is not None:
                parameter.grad = convert(parameter.grad)
        for module in self.modules():
            for name, buffer in module._buffers.items():
                if buffer is None:
                    continue
                if is_uninitialized(buffer):
                    buffer.data = convert(buffer.data)
                else:
                    module._register(module._buffers, name, convert(buffer))
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert parameters and buffers in place: ``to(dtype)``, ``to(device)``, ``to(tensor)``.

        A dtype applies to floating-point values only. Optimisers keep their parameters.

        Raises
        ------
        TypeError
            If an argument is neither a device, a floating-point dtype nor a Tensor.
        """
        probe = to(as_tensor(np.empty(0, np.float32)), *args, **kwargs)
        if not probe.is_floating_point():
            raise TypeError(f"a module's dtype must be floating-point, got {probe.dtype}")
        return self._convert(lambda v: to(v, *args, **kwargs) if v.is_floating_point() else v)

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self.to(np.float64)

    def cpu(self) -> Self:
        """Move parameters and buffers to main memory."""
        return self.to("cpu")

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


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _kind(value: Any) -> str:
    return type(value).__name__
