"""Functions called around a module's ``forward``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from einkorn.nn.calls import structure_changed

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["Hook", "RemovableHandle", "call_with_hooks"]


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """A function to be called around ``forward``, and how it wants to be called."""

    function: Callable[..., Any]
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


def call_with_hooks(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the output of ``module``, its hooks run before and after ``forward``."""
    pending = [hook for hook in module._forward_hooks if hook.always_call]
    try:
        for hook in tuple(module._forward_pre_hooks):
            args, kwargs = _run_before(hook, module, args, kwargs)
        output = module.forward(*args, **kwargs)
        for hook in tuple(module._forward_hooks):
            if hook in pending:
                pending.remove(hook)
            output = _run_after(hook, module, args, kwargs, output)
    except BaseException:
        for hook in pending:
            _run_after(hook, module, args, kwargs, None)
        raise
    return output


def _run_before(
    hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if hook.with_kwargs:
        changed = hook.function(module, args, kwargs)
        return (args, kwargs) if changed is None else changed
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
