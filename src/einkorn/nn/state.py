"""Loading a `state_dict` into a module: everything is checked before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from einkorn.autograd import Tensor, as_tensor, increment_version
from einkorn.nn.parameter import (
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
    is_uninitialized,
)

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["IncompatibleKeys", "load_state_dict"]


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


def load_state_dict(
    module: Module, state_dict: Mapping[str, Any], *, strict: bool, assign: bool
) -> IncompatibleKeys:
    """Copy (or ``assign``) the values of ``state_dict``; see `Module.load_state_dict`."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"state_dict must be a mapping, got {type(state_dict).__name__}")
    slots = dict(_slots(module))
    missing = [key for key, slot in slots.items() if key not in state_dict and _needed(slot)]
    unexpected = [key for key in state_dict if key not in slots]
    problems = _key_problems(missing, unexpected) if strict else []
    values: dict[str, np.ndarray] = {}
    for key, slot in slots.items():
        if key in state_dict:
            try:
                values[key] = _fitted(slot.target, state_dict[key], keep_dtype=assign)
            except (TypeError, ValueError) as error:
                problems.append(f"{key}: {error}")
    if problems:
        listing = "\n  ".join(problems)
        raise RuntimeError(f"state_dict does not fit {type(module).__name__}:\n  {listing}")
    for key, value in values.items():
        _put(slots[key], value, assign=assign)
    return IncompatibleKeys(missing, unexpected)


def _slots(module: Module) -> Iterator[tuple[str, _Slot]]:
    for path, owner in module.named_modules(remove_duplicate=False):
        for name, target in owner._own_state():
            yield f"{path}.{name}" if path else name, _Slot(owner, name, target)


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
