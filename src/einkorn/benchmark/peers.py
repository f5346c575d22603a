"""The peers, where they are installed."""

import importlib
import importlib.util
import os
from typing import Any, NamedTuple

import numpy as np

from einkorn import kernels


def import_if_installed(name: str) -> Any:
    """The module of that name, or None."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


torch = import_if_installed("torch")
INSTALLED = {"einkorn", "numpy"} | {
    name for name in ("torch", "sklearn", "gensim") if importlib.util.find_spec(name)
}


class Reading(NamedTuple):
    """How a process is started to measure, and the libraries that are timed in it."""

    environment: dict[str, str]
    libraries: frozenset[str]


# glibc gives large blocks back to the system when they are freed, and fresh pages cost a fault
# each: the pooled reading spares PyTorch that. OpenBLAS takes some processors with AVX-512 for
# older ones: the last reading is its best.
READINGS = {
    "stock": Reading({}, frozenset(INSTALLED)),
    "pooled": Reading(
        {
            "GLIBC_TUNABLES": (
                "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=8589934592"
            )
        },
        frozenset({"einkorn", "torch"}),
    ),
    "best-blas": Reading({"OPENBLAS_CORETYPE": "SkylakeX"}, frozenset({"einkorn", "numpy"})),
}


def use_threads(count: int) -> None:
    """Give einkorn and every peer the same number of threads."""
    kernels.set_num_threads(count)
    if torch is not None:
        torch.set_num_threads(count)
    if importlib.util.find_spec("threadpoolctl"):
        from threadpoolctl import threadpool_limits

        threadpool_limits(count, user_api="blas")


def only_available(run: dict) -> dict:
    """Without the callables of libraries that are not here."""
    return {name: function for name, function in run.items() if name in INSTALLED}


def as_torch(*arrays):
    """Tensors over the same memory, or the arrays themselves where there is no PyTorch."""
    if torch is None:
        return arrays
    return tuple(torch.from_numpy(a) for a in arrays)


def random_arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Standard normal float32 arrays, the same in every run."""
    generator = np.random.default_rng(0)
    return [generator.standard_normal(shape, dtype=np.float32) for shape in shapes]


def reading() -> str:
    """How this process was started, by the name in `READINGS`."""
    for name, (environment, _) in READINGS.items():
        if environment and environment.items() <= os.environ.items():
            return name
    return "stock"
