"""A module's values by name: collected, and loaded, everything checked before it is changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from einkorn.autograd import Tensor, as_tensor, increment_version
from einkorn.nn.parameter import (
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
    is_uninitialized,
)
from einkorn.nn.tree import Tree, joined

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["IncompatibleKeys", "Stateful"]

_EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """Names that a `state_dict` lacked, and names that the module has no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


class _Slot(NamedTuple):
    """A place that a value can be loaded into."""

    module: Module
    name: str
    target: Tensor


class Stateful(Tree):
    """The part of `Module` that gives its state and takes it back."""

    # Buffers that older checkpoints lack: their absence is not reported as a missing key.
    _optional_buffers: frozenset[str] = frozenset()

    #: Of the state's form, for hooks: kept in the ``_metadata`` of what `state_dict` returns.
    _version: int = 1

    _state_hooks_of: Callable[[str], list[Callable[..., Any]]]

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
            If a lazy layer has not seen an input yet, or a hook returns a value.
        """
        found: Any = OrderedDict() if destination is None else destination
        if destination is None:
            found._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(found, "_metadata"):
            found._metadata[prefix.removesuffix(".")] = metadata
        for hook in self._state_hooks_of("state_dict_pre"):
            hook(self, prefix, keep_vars)
        for name, value in self._own_state():
            if is_uninitialized(value):
                raise RuntimeError(f"{prefix + name!r} has no shape yet: call the module first")
            found[prefix + name] = value if keep_vars else value.detach()
        if _has_extra_state(self):
            found[prefix + _EXTRA] = self.get_extra_state()
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=found, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_hooks_of("state_dict_post"):
            if hook(self, found, prefix, metadata) is not None:
                raise RuntimeError(f"a hook after state_dict must return None: {hook}")
        return found

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
            kind of dtype does not fit. The module is then unchanged, unless it has hooks that are
            called after loading: these have a say in what is missing.
        """
        return _Loading(self, state_dict, strict, assign).result()

    def get_extra_state(self) -> Any:
        """Return what else belongs to the state; a subclass defines it with `set_extra_state`.

        `state_dict` keeps it under ``_extra_state``.
        """
        raise RuntimeError(f"{type(self).__name__} defines no get_extra_state()")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave; called by `load_state_dict`."""
        raise RuntimeError(f"{type(self).__name__} defines no set_extra_state()")


class _Loading:
    """One call of `load_state_dict`."""

    def __init__(
        self, module: Stateful, state_dict: Mapping[str, Any], strict: bool, assign: bool
    ) -> None:
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"state_dict must be a mapping, got {type(state_dict).__name__}")
        self.module, self.strict, self.assign = module, strict, assign
        self.problems: list[str] = []
        self.keys = IncompatibleKeys([], [])
        self.given = OrderedDict(state_dict)
        self._prepare(getattr(state_dict, "_metadata", {}))

    def _prepare(self, metadata: Mapping[str, Any]) -> None:
        """Let the hooks change what is given."""
        for path, owner in self._owners():
            prefix = f"{path}." if path else ""
            for hook in owner._state_hooks_of("load_state_dict_pre"):
                # Of one module keys are always missing or not: `strict` is for the whole.
                known = metadata.get(path, {})
                hook(owner, self.given, prefix, known, True, *self.keys, self.problems)

    def _owners(self) -> list[tuple[str, Any]]:
        return list(self.module.named_modules(remove_duplicate=False))

    def result(self) -> IncompatibleKeys:
        owners, given = self._owners(), self.given
        slots = {
            joined(path, name): _Slot(owner, name, target)
            for path, owner in owners
            for name, target in owner._own_state()
        }
        extras = {joined(p, _EXTRA): owner for p, owner in owners if _takes_extra_state(owner)}
        missing, unexpected = self.keys
        missing += [key for key, slot in slots.items() if key not in given and _needed(slot)]
        missing += [key for key in extras if key not in given]
        unexpected += [key for key in given if key not in slots and key not in extras]
        values = self._fitted(slots)
        judged_later = any(owner._state_hooks_of("load_state_dict_post") for _, owner in owners)
        self._raise_problems(self.strict and not judged_later)
        for key, value in values.items():
            _put(slots[key], value, assign=self.assign)
        for key, owner in extras.items():
            if key in given:
                owner.set_extra_state(given[key])
        if judged_later:
            self._call_hooks_after()
            self._raise_problems(self.strict)
        return self.keys

    def _fitted(self, slots: dict[str, _Slot]) -> dict[str, np.ndarray]:
        values: dict[str, np.ndarray] = {}
        for key, slot in slots.items():
            if key in self.given:
                try:
                    values[key] = _fitted(slot.target, self.given[key], keep_dtype=self.assign)
                except (TypeError, ValueError) as error:
                    self.problems.append(f"{key}: {error}")
        return values

    def _raise_problems(self, keys_count: bool) -> None:
        problems = (_key_problems(*self.keys) if keys_count else []) + self.problems
        if problems:
            listing = "\n  ".join(problems)
            name = type(self.module).__name__
            raise RuntimeError(f"state_dict does not fit {name}:\n  {listing}")

    def _call_hooks_after(self) -> None:
        # Children come before their parents, which see what those have left.
        for _, owner in reversed(self._owners()):
            for hook in owner._state_hooks_of("load_state_dict_post"):
                if hook(owner, self.keys) is not None:
                    raise RuntimeError(f"a hook after load_state_dict must return None: {hook}")


def _has_extra_state(module: Stateful) -> bool:
    return type(module).get_extra_state is not Stateful.get_extra_state


def _takes_extra_state(module: Stateful) -> bool:
    return type(module).set_extra_state is not Stateful.set_extra_state


def _needed(slot: _Slot) -> bool:
    return slot.name not in slot.module._optional_buffers


def _key_problems(missing: list[str], unexpected: list[str]) -> list[str]:
    named = (("missing", missing), ("unexpected", unexpected))
    return [f"{kind} keys: {', '.join(map(str, keys))}" for kind, keys in named if keys]


def _fitted(target: Tensor, value: Any, *, keep_dtype: bool) -> np.ndarray:
    """Return ``value`` as an array that can take the place of ``target``, or raise."""
    if not isinstance(value, Tensor | np.ndarray | np.generic):
        raise TypeError(f"expected a Tensor or an array, got {type(value).__name__}")
    array = as_tensor(value).numpy()
    if not is_uninitialized(target) and array.shape != target.shape:
        raise ValueError(f"shape {array.shape} given, {target.shape} expected")
    if (array.dtype.kind == "f") != (target.dtype.kind == "f"):
        raise TypeError(f"dtype {array.dtype} given for {target.dtype}")
    return array if keep_dtype else array.astype(target.dtype, copy=False)


def _put(slot: _Slot, value: np.ndarray, *, assign: bool) -> None:
    target = slot.target
    if isinstance(target, UninitializedParameter | UninitializedBuffer):
        target.materialize(value.shape)
    if not assign:
        np.copyto(target.numpy(), value)
        increment_version(target)
    elif isinstance(target, Parameter):
        slot.module._parameters[slot.name] = None
        setattr(slot.module, slot.name, Parameter(as_tensor(value), target.requires_grad))
    else:
        setattr(slot.module, slot.name, value)
