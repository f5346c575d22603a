"""Timing that survives a machine whose speed drifts: libraries take turns, medians are compared."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from einkorn.benchmark.machine import Load

__all__ = ["Pace", "ResultsDifferError", "alternate", "seconds_of", "undisturbed", "validate"]

#: Seconds between two looks at whether threads of the last call still spin, and the longest wait.
LOOK, LONGEST_WAIT = 0.005, 1.0
#: Calls of a warm-up, and the seconds after which it ends with fewer.
WARMING_CALLS, LONGEST_WARMING = 10, 0.25
#: Of the largest value: what two summation orders in float32 may differ by.
TOLERANCE = 2e-4
#: Of the processors' time: what other processes may take before rounds are taken again.
DISTURBANCE = 0.05

Run = Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Pace:
    """How long to look at a case: `rounds` of `shortest` seconds or more.

    That long, the clock's grain and one interruption do not count. Without `peers` einkorn is timed
    alone.
    """

    rounds: int = 5
    shortest: float = 0.02
    peers: bool = True


class ResultsDifferError(AssertionError):
    """A library's result is not einkorn's: a wrong answer's speed means nothing."""


def validate(run: Run) -> None:
    """Call every library once and hold its result against einkorn's.

    Raises
    ------
    ResultsDifferError
        If shapes differ, or values by more than `TOLERANCE` of the largest.
    """
    ours = np.asarray(run["einkorn"]())
    largest = max(np.max(np.abs(ours), initial=0), 1e-30)
    for name in run.keys() - {"einkorn"}:
        theirs = np.asarray(run[name]())
        if theirs.shape != ours.shape:
            raise ResultsDifferError(f"{name}: shape {theirs.shape}, einkorn has {ours.shape}")
        error = np.max(np.abs(theirs - ours), initial=0) / largest
        if not error <= TOLERANCE:
            raise ResultsDifferError(f"{name}: differs by {error:.2e} of the largest value")


def alternate(run: Run, pace: Pace) -> dict[str, list[float]]:
    """Seconds a call of each function takes in each round, taken in turns."""
    calls = {name: calls_per_round(function, pace.shortest) for name, function in run.items()}
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(pace.rounds):
        for name, function in run.items():
            come_to_rest()
            repeated = calls[name]
            if repeated > 1:
                repeated = calls_in(pace.shortest, warm_up(function, pace.shortest))
            seconds[name].append(seconds_of(function, repeated))
    return seconds


def warm_up(function: Callable[[], object], shortest: float) -> float:
    """Seconds a call takes, on average, once threads have found their cores.

    A thread that wakes may share its caller's core, and a call take a hundred times as long, until
    the system moves it: a spell of `shortest` seconds can be over before.
    """
    took: list[float] = []
    start = now = time.perf_counter()
    while now - start < shortest or (len(took) < WARMING_CALLS and now - start < LONGEST_WARMING):
        function()
        before, now = now, time.perf_counter()
        took.append(now - before)
    return fmean(took[len(took) // 2 :])


def come_to_rest() -> None:
    """Wait until no thread of this process spins for work.

    Those of a BLAS may do so for a tenth of a second after a call, on the cores of the next one,
    which would run at half its speed.
    """
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        busy = time.process_time()
        time.sleep(LOOK)
        if time.process_time() - busy < LOOK / 5:
            return


def calls_per_round(function: Callable[[], object], shortest: float) -> int:
    """How often to call so that a round is long enough."""
    seconds = seconds_of(function)
    if seconds < shortest:
        seconds = seconds_of(function)
    return calls_in(shortest, seconds)


def calls_in(spell: float, seconds: float) -> int:
    """How many calls of so many seconds fill a spell, one at least."""
    return max(1, round(spell / max(seconds, 1e-7)))


def seconds_of(function: Callable[[], object], calls: int = 1) -> float:
    """Seconds a call takes, on average."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def undisturbed(measure: Callable[[], dict[str, list[float]]]) -> dict[str, list[float]]:
    """Call `measure`, again up to twice if other processes took the processors; the best counts."""
    attempts = []
    for _ in range(3):
        load = Load()
        seconds = measure()
        attempts.append((load.of_others(), seconds))
        if attempts[-1][0] <= DISTURBANCE:
            break
    return min(attempts, key=lambda attempt: attempt[0])[1]
