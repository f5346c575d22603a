"""Complete trainings on real data, one file each: ``einkorn run NAME``.

A run is a module of this package: its file is found by its name, and nothing else has to be
registered. It holds

- a docstring whose first line is its line in ``einkorn list``;
- ``add_arguments(parser)``, which adds the arguments of its own and sets its defaults of the
  common ones (`einkorn.runs._options`);
- ``main(options)``, which trains, prints the figures and writes the files.

The files are meant to be read: each shows on one problem how the library is used.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from typing import Protocol, cast

__all__ = ["Run", "load", "names"]


class Run(Protocol):
    """What a module of this package has to offer."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the run's own arguments, and its defaults of the common ones."""

    def main(self, options: argparse.Namespace) -> None:
        """Train, print the figures, write the files."""


def names() -> list[str]:
    """Give the names of all runs, sorted.

    Examples
    --------
    >>> "lenet" in names()
    True
    """
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in modules if not name.startswith("_"))


def load(name: str) -> Run:
    """Import the run called `name`.

    Raises
    ------
    ModuleNotFoundError
        There is no such run.
    """
    return cast(Run, importlib.import_module(f"{__name__}.{name}"))
