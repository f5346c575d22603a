"""What a figure was measured on."""

import importlib.metadata
import os
import platform
import time
from pathlib import Path
from typing import Any

from einkorn import kernels
from einkorn._version import __version__

__all__ = ["Load", "describe", "processor"]

_PACKAGES = ("numpy", "torch", "scikit-learn", "threadpoolctl")


def describe() -> dict[str, Any]:
    """Processor, caches, versions, instruction sets and BLAS, as plain values.

    Examples
    --------
    >>> sorted(describe())
    ['caches', 'config', 'processor', 'python', 'system', 'versions']
    """
    return {
        "processor": processor(),
        "caches": caches(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(),
        "config": kernels.show_config(mode="dicts"),
    }


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def caches() -> dict[str, str]:
    """Size of each cache of the first core by level and kind; empty where Linux does not tell."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (
            (folder / name).read_text(encoding="utf-8").strip()
            for name in ("level", "type", "size")
        )
        found[f"L{level} {kind.lower()}"] = size
    return found


def versions() -> dict[str, str]:
    """Versions of einkorn and of the packages beside it that are measured or measure."""
    found = {"einkorn": __version__}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


class Load:
    """Processor time that others take from now on, where Linux tells it."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._busy, self._own = _busy_seconds(), time.process_time()

    def of_others(self) -> float:
        """Their share of all processors since this was made, stolen time included; 0 if unknown."""
        elapsed = time.perf_counter() - self._start
        others = _busy_seconds() - self._busy - (time.process_time() - self._own)
        return max(others, 0.0) / max(elapsed * (os.cpu_count() or 1), 1e-9)


def _busy_seconds() -> float:
    """Seconds that the processors were not idle since the machine started."""
    try:
        with open("/proc/stat", encoding="utf-8") as file:
            ticks = [int(word) for word in file.readline().split()[1:9]]
    except OSError:
        return 0.0
    user, nice, system, _idle, _wait, interrupt, soft_interrupt, stolen = ticks
    busy = user + nice + system + interrupt + soft_interrupt + stolen
    return busy / os.sysconf("SC_CLK_TCK")
