"""Run a test under each instruction set of the machine, within one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def variants() -> tuple[str, ...]:
    """Return the names of the kernel variants to test, slowest first.

    These are all that the machine can run, or the one that ``EINKORN_ISA`` names.
    """
    from einkorn import kernels

    wanted = os.environ.get("EINKORN_ISA")
    return (kernels.isa(),) if wanted else tuple(kernels.isa_variants())


@contextmanager
def forced(name: str) -> Iterator[None]:
    """Use the variant `name` for every kernel within the ``with`` block."""
    from einkorn.kernels import _core

    previous = _core.force_isa(name)
    try:
        yield
    finally:
        _core.force_isa(previous)
