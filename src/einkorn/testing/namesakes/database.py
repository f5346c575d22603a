"""PyTorch's own sample inputs: the databases that its tests are parametrised by."""

from __future__ import annotations

import importlib
import sys
import types
import unittest
from typing import Any

__all__ = ["modules", "operators", "optimizers"]


def _load(name: str) -> Any:
    """Import one of PyTorch's test modules, or raise ImportError where PyTorch is missing."""
    if "expecttest" not in sys.modules and importlib.util.find_spec("expecttest") is None:
        # PyTorch's test helpers derive a class from this package's; nothing here uses it.
        stand_in = types.ModuleType("expecttest")
        stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined]  # a module made here
        sys.modules["expecttest"] = stand_in
    return importlib.import_module(f"torch.testing._internal.{name}")


def operators() -> list[Any]:
    """Return PyTorch's ``op_db``: functions and their samples."""
    return _load("common_methods_invocations").op_db


def modules() -> list[Any]:
    """Return PyTorch's ``module_db``: modules, how to construct and how to call them."""
    return _load("common_modules").module_db


def optimizers() -> list[Any]:
    """Return PyTorch's ``optim_db``: optimisers and their settings."""
    return _load("common_optimizers").optim_db
