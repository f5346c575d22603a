"""Layers without first values."""

from __future__ import annotations

import inspect
from typing import Any

from einkorn.nn.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """Return ``module_cls(*args, **kwargs)`` with parameters whose values are not yet set.

    For what is to be loaded or initialised otherwise. Layers that draw their values elsewhere than
    in ``reset_parameters``, and children, have them nevertheless.

    Raises
    ------
    RuntimeError
        If the class is no Module, or takes no argument ``device``.

    Examples
    --------
    >>> from einkorn import nn
    >>> nn.utils.skip_init(nn.Linear, 5, 1)
    Linear(in_features=5, out_features=1, bias=True)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"module_cls must be a Module's class, got {module_cls!r}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(f"module_cls must take an argument device, {module_cls} does not")
    plain: Any = type(module_cls.__name__, (module_cls,), {"reset_parameters": lambda self: None})
    module = plain(*args, **kwargs)
    module.__class__ = module_cls
    return module
