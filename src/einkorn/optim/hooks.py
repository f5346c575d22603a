"""Functions called around a step, and around saving and loading an optimiser's state."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

__all__ = ["Hookable", "RemovableHandle"]

Function = Callable[..., Any]


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away again.

    It is a context manager too, which removes the hook on leaving.
    """

    def __init__(self, owner: Hookable, kind: str, function: Function, prepend: bool) -> None:
        self._owner, self._kind, self.function = owner, kind, function
        hooks = owner._hooks.setdefault(kind, [])
        hooks.insert(0 if prepend else len(hooks), self)
        owner._choose_step()

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        hooks = self._owner._hooks.get(self._kind, [])
        if self in hooks:
            hooks.remove(self)
            self._owner._choose_step()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Hookable:
    """The hooks of an optimiser.

    An optimiser that has hooks for its steps bears a ``step`` of its own, which hides the one of
    its class: the others' steps do not even ask whether there are hooks.
    """

    _hooks: dict[str, list[RemovableHandle]]

    def _choose_step(self) -> None:
        if self._hooks.get("step_pre") or self._hooks.get("step_post"):
            vars(self)["step"] = MethodType(_hooked_step, self)
        else:
            vars(self).pop("step", None)

    def _functions(self, kind: str) -> list[Function]:
        return [handle.function for handle in self._hooks.get(kind, [])]

    def register_step_pre_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before every step.

        The first of ``args`` is the optimiser. The hook returns None, or a pair of other ``args``
        and ``kwargs`` for the step.
        """
        return RemovableHandle(self, "step_pre", hook, prepend=False)

    def register_step_post_hook(self, hook: Function) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step."""
        return RemovableHandle(self, "step_post", hook, prepend=False)

    def register_state_dict_pre_hook(
        self, hook: Function, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`; with ``prepend``, before other hooks."""
        return RemovableHandle(self, "state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Function, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on what `state_dict` returns.

        The hook changes it in place, or returns another.
        """
        return RemovableHandle(self, "state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Function, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on a shallow copy of what is to be loaded.

        The hook changes it in place, or returns another.
        """
        return RemovableHandle(self, "load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Function, prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after `load_state_dict`."""
        return RemovableHandle(self, "load_state_dict_post", hook, prepend)

    def _passed_through(self, kind: str, state_dict: dict[str, Any]) -> dict[str, Any]:
        """Return ``state_dict`` as the hooks of this kind leave it."""
        for function in self._functions(kind):
            changed = function(self, state_dict)
            state_dict = state_dict if changed is None else changed
        return state_dict


def _hooked_step(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    args = (optimizer, *args)
    for function in optimizer._functions("step_pre"):
        changed = function(optimizer, args, kwargs)
        if changed is None:
            continue
        if not isinstance(changed, tuple) or len(changed) != 2:
            raise RuntimeError(
                f"{function!r}: expected None or a pair of args and kwargs, got {changed!r}"
            )
        args, kwargs = changed
    result = type(optimizer).step(*args, **kwargs)
    for function in optimizer._functions("step_post"):
        function(optimizer, args, kwargs)
    return result
