"""The families of namesakes and the check of one."""

from __future__ import annotations

from einkorn.testing.namesakes import functions, modules, optimizers
from einkorn.testing.namesakes.report import Outcome, judged

__all__ = ["families", "outcome"]

_FAMILIES = {"functions": functions, "modules": modules, "optimizers": optimizers}


def families() -> dict[str, list[str]]:
    """Return the namesakes of each family.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    """
    return {family: module.names() for family, module in _FAMILIES.items()}


def outcome(family: str, name: str, limit: int | None = None) -> Outcome:
    """Compare a namesake with PyTorch's.

    Parameters
    ----------
    family, name : str
        As in :func:`families`.
    limit : int, optional
        The number of samples for each dtype and variant; default: all.
    """
    return judged(name, _FAMILIES[family].trials(name, limit))
