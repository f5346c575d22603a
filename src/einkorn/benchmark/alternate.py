"""Timing that survives a machine whose speed drifts: libraries take turns, medians are compared."""

import statistics
import time
from collections.abc import Callable

import numpy as np

SHORTEST = 0.02  # seconds a round must last to be measured well
# Seconds for which OpenMP and BLAS threads go on spinning after a call, on the next one's cores.
SETTLE = 0.02


# Of the largest value: what two summation orders in float32 may differ by.
TOLERANCE = 2e-4


def validate(results: dict[str, object]) -> None:
    """Raise if a library's result differs from einkorn's: a wrong answer's speed means nothing."""
    ours = np.asarray(results["einkorn"])
    for name, theirs in results.items():
        theirs = np.asarray(theirs)
        if theirs.shape != ours.shape:
            raise AssertionError(f"{name}: shape {theirs.shape}, einkorn has {ours.shape}")
        error = np.max(np.abs(theirs - ours), initial=0) / max(
            np.max(np.abs(ours), initial=0), 1e-30
        )
        if not error <= TOLERANCE:
            raise AssertionError(
                f"{name}: differs from einkorn by {error:.2e} of the largest value"
            )


def calls_per_round(function: Callable[[], object]) -> int:
    """How often to call so that a round is long enough."""
    function()
    start = time.perf_counter()
    function()
    return max(1, round(SHORTEST / max(time.perf_counter() - start, 1e-7)))


def alternate(run: dict[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Seconds a call of each function takes: the median of `rounds`, taken in turns."""
    calls = {name: calls_per_round(function) for name, function in run.items()}
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(rounds):
        for name, function in run.items():
            time.sleep(SETTLE)
            function()
            start = time.perf_counter()
            for _ in range(calls[name]):
                function()
            seconds[name].append((time.perf_counter() - start) / calls[name])
    return {name: statistics.median(values) for name, values in seconds.items()}
