"""Functions called around a module's ``forward``, its gradients and its state.

A module keeps them in two lists: those that a call looks for (``_call_hooks``; a call without any
pays for one look) and those of its state (``_state_hooks``). Within a kind they run in the order of
the list. Hooks for all modules come before a module's own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from einkorn.nn.backward_hooks import Passage
from einkorn.nn.calls import ModuleBase, hooks_of_all, structure_changed

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["Hook", "Hookable", "RemovableHandle", "call_with_hooks", "registered"]

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """A function to be called, when, and how it wants to be called."""

    function: Function
    kind: str
    with_kwargs: bool = False
    always_call: bool = False


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away again.

    It is a context manager too, which removes the hook on leaving.
    """

    def __init__(self, hooks: list[Hook], hook: Hook, prepend: bool = False) -> None:
        hooks.insert(0 if prepend else len(hooks), hook)
        structure_changed()
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)
            structure_changed()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Hookable(ModuleBase):
    """The part of `Module` that registers hooks."""

    _call_hooks: list[Hook]
    _state_hooks: list[Hook]

    def register_forward_pre_hook(
        self, hook: Function, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before every ``forward``; what it returns replaces the input.

        With ``with_kwargs`` it is called as ``hook(module, args, kwargs)`` and may return both.
        """
        return RemovableHandle(self._call_hooks, Hook(hook, "forward_pre", with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Function,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after every ``forward``; it may replace the output.

        With ``with_kwargs`` it is called as ``hook(module, args, kwargs, output)``; with
        ``always_call`` also after an exception, the output then being None if there is none yet.
        """
        entry = Hook(hook, "forward", with_kwargs, always_call)
        return RemovableHandle(self._call_hooks, entry, prepend)

    def register_full_backward_hook(self, hook: Function, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the input are there.

        Both are tuples, of positional arguments and of outputs, with None for what is no Tensor.
        What the hook returns, unless None, takes the place of ``grad_input``. If no argument
        requires a gradient it is called with None for all when ``grad_output`` is there.

        A module with such a hook must not change its arguments or outputs in place.
        """
        return RemovableHandle(self._call_hooks, Hook(hook, "backward"), prepend)

    def register_full_backward_pre_hook(
        self, hook: Function, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are there.

        What it returns, unless None, takes their place.
        """
        return RemovableHandle(self._call_hooks, Hook(hook, "backward_pre"), prepend)

    def register_state_dict_pre_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` collects this module."""
        return RemovableHandle(self._state_hooks, Hook(hook, "state_dict_pre"))

    def register_state_dict_post_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict` did.

        It may change the dictionary, and must return None.
        """
        return RemovableHandle(self._state_hooks, Hook(hook, "state_dict_post"))

    def register_load_state_dict_pre_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook`` before `load_state_dict` looks at the dictionary.

        Its arguments are ``(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)``. It may change the dictionary, which is a copy, and append to
        the lists.
        """
        return RemovableHandle(self._state_hooks, Hook(hook, "load_state_dict_pre"))

    def register_load_state_dict_post_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after `load_state_dict` filled this module.

        It may take keys out of the two lists; what is left counts. It must return None.
        """
        return RemovableHandle(self._state_hooks, Hook(hook, "load_state_dict_post"))

    def _call_hook_of(self, kind: Any, name: str | None = None) -> Any:
        """Return the entry of the first hook of this class, for the parameter ``name`` if given."""
        for hook in self._call_hooks:
            if isinstance(hook.function, kind) and name in (None, hook.function.name):
                return hook
        return None

    def _remove_call_hook(self, hook: Hook) -> None:
        self._call_hooks.remove(hook)
        structure_changed()

    def _state_hooks_of(self, kind: str) -> list[Function]:
        return [hook.function for hook in self._state_hooks if hook.kind == kind]


def call_with_hooks(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the output of ``module``, its hooks run before and after ``forward``."""
    hooks: dict[str, list[Hook]] = {
        kind: [] for kind in ("forward_pre", "forward", "backward_pre", "backward")
    }
    for hook in (*hooks_of_all, *module._call_hooks):
        hooks[hook.kind].append(hook)
    pending = [hook for hook in hooks["forward"] if hook.always_call]
    output = None
    try:
        for hook in hooks["forward_pre"]:
            args, kwargs = _run_before(hook, module, args, kwargs)
        passage = None
        if hooks["backward"] or hooks["backward_pre"]:
            before, after = ([h.function for h in hooks[k]] for k in ("backward_pre", "backward"))
            passage = Passage(module, before, after)
            args = passage.enter(args)
        output = module.forward(*args, **kwargs)
        for hook in hooks["forward"]:
            if hook in pending:
                pending.remove(hook)
            output = _run_after(hook, module, args, kwargs, output)
        if passage is not None:
            output = passage.leave(output)
    except BaseException:
        for hook in pending:
            try:
                output = _run_after(hook, module, args, kwargs, output)
            except Exception as error:
                # The first exception is the one to be seen.
                warnings.warn(f"a forward hook with always_call raised {error!r}", stacklevel=3)
        raise
    return output


def _run_before(
    hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if hook.with_kwargs:
        changed = hook.function(module, args, kwargs)
        if changed is None:
            return args, kwargs
        if not (isinstance(changed, tuple) and len(changed) == 2):
            raise RuntimeError(
                f"a forward pre-hook with kwargs must return None or (args, kwargs), got {changed}"
            )
        return changed
    changed = hook.function(module, args)
    if changed is None:
        return args, kwargs
    return (changed if isinstance(changed, tuple) else (changed,)), kwargs


def _run_after(
    hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
) -> Any:
    given = (args, kwargs) if hook.with_kwargs else (args,)
    changed = hook.function(module, *given, output)
    return output if changed is None else changed


#: Functions called when any module gets a parameter, buffer or child, by what it gets.
_registration_hooks: dict[str, list[Hook]] = {"parameter": [], "buffer": [], "module": []}


def registered(kind: str, module: Module, name: str, value: Any) -> Any:
    """Return what shall be registered in place of ``value``: what the hooks for all modules say."""
    for hook in tuple(_registration_hooks[kind]):
        changed = hook.function(module, name, value)
        if changed is not None:
            value = changed
    return value


def _watch_registration(kind: str, hook: Function) -> RemovableHandle:
    return RemovableHandle(_registration_hooks[kind], Hook(hook, kind))


def register_module_forward_pre_hook(hook: Function) -> RemovableHandle:
    """Call ``hook(module, args)`` before every ``forward`` of every module.

    See `Module.register_forward_pre_hook`.
    """
    return RemovableHandle(hooks_of_all, Hook(hook, "forward_pre"))


def register_module_forward_hook(
    hook: Function, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every ``forward`` of every module.

    See `Module.register_forward_hook`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> from einkorn.nn.modules.module import register_module_forward_hook
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> seen = []
    >>> with register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__)):
    ...     _ = net(np.zeros((1, 2)))
    >>> seen
    ['Linear', 'ReLU', 'Sequential']
    """
    return RemovableHandle(hooks_of_all, Hook(hook, "forward", with_kwargs, always_call))


def register_module_full_backward_hook(hook: Function) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` in the backward pass of every module.

    See `Module.register_full_backward_hook`.
    """
    return RemovableHandle(hooks_of_all, Hook(hook, "backward"))


def register_module_full_backward_pre_hook(hook: Function) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` in the backward pass of every module.

    See `Module.register_full_backward_pre_hook`.
    """
    return RemovableHandle(hooks_of_all, Hook(hook, "backward_pre"))


def register_module_parameter_registration_hook(hook: Function) -> RemovableHandle:
    """Call ``hook(module, name, param)`` when a module gets a parameter; it may return another."""
    return _watch_registration("parameter", hook)


def register_module_buffer_registration_hook(hook: Function) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when a module gets a buffer; it may return another."""
    return _watch_registration("buffer", hook)


def register_module_module_registration_hook(hook: Function) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when a module gets a child; it may return another."""
    return _watch_registration("module", hook)
