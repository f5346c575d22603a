"""What this build is and what it runs on: everything a report of a figure should name."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np

from einkorn._version import __version__
from einkorn.kernels._core import (
    default_num_threads,
    get_num_threads,
    has_threads,
    isa,
    isa_variants,
)
from einkorn.kernels.gemm import matmul_engine

__all__ = ["get_include", "show_config"]


def get_include() -> str:
    """Folder to add to a compiler's include path for ``#include <einkorn/api.h>``.

    >>> import os, einkorn
    >>> os.path.exists(os.path.join(einkorn.get_include(), "einkorn", "api.h"))
    True
    """
    return str(Path(__file__).resolve().parent.parent / "include")


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Print, or return, the version, instruction sets, BLAS, threads and GPU in use.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Print a table, or return the same as a dictionary.

    Raises
    ------
    ValueError
        If `mode` is neither.

    Examples
    --------
    >>> import einkorn
    >>> sorted(einkorn.show_config(mode="dicts"))
    ['blas', 'gemm', 'gpu', 'isa', 'numpy', 'threads', 'version']
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode: expected 'stdout' or 'dicts', got {mode!r}")
    config = {
        "version": __version__,
        "isa": {
            "in use": isa(),
            "available": list(isa_variants()),
            "EINKORN_ISA": os.environ.get("EINKORN_ISA"),
        },
        "threads": {
            "in use": get_num_threads(),
            "default": default_num_threads(),
            "runtime": "POSIX threads" if has_threads() else "none",
        },
        "gemm": {"auto": matmul_engine("auto"), "EINKORN_GEMM": os.environ.get("EINKORN_GEMM")},
        "blas": _blas(),
        "numpy": np.__version__,
        "gpu": _gpu(),
    }
    if mode == "dicts":
        return config
    for name, value in config.items():
        print(f"{name:<8} {_line(value)}")
    return None


def _line(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    parts = []
    for key, entry in value.items():
        if entry is not None:
            text = ", ".join(entry) if isinstance(entry, list) else entry
            parts.append(f"{key}: {text}")
    return "; ".join(parts)


def _blas() -> dict[str, Any]:
    """NumPy's BLAS; which core it runs as only threadpoolctl can tell."""
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    blas = {"name": found.get("name"), "version": found.get("version"), "core": None}
    if importlib.util.find_spec("threadpoolctl"):
        from threadpoolctl import threadpool_info

        cores = [
            pool.get("architecture") for pool in threadpool_info() if pool["user_api"] == "blas"
        ]
        blas["core"] = cores[0] if cores else None
    return blas


def _gpu() -> str:
    if importlib.util.find_spec("cupy") is None:
        return 'none (CuPy is not installed: pip install "einkorn[cuda]")'
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"none ({error})"
    names = [cupy.cuda.runtime.getDeviceProperties(i)["name"].decode() for i in range(count)]
    return ", ".join(names) or "none"
