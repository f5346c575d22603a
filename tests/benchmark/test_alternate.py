import time

import numpy as np
import pytest

from einkorn.benchmark import alternate
from einkorn.benchmark.alternate import Pace, ResultsDifferError, validate


def run_of(**results):
    return {name: lambda value=value: value for name, value in results.items()}


def test_equal_results_pass():
    x = np.arange(4.0)
    validate(run_of(einkorn=x, numpy=x * (1 + 1e-6)))


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (np.arange(4.0) + 0.1, "differs by"),
        (np.full(4, np.nan), "differs by nan"),
        (np.arange(4.0)[None], r"shape \(1, 4\), einkorn has \(4,\)"),
    ],
)
def test_other_results_are_told(theirs, told):
    with pytest.raises(ResultsDifferError, match=f"torch: {told}"):
        validate(run_of(einkorn=np.arange(4.0), torch=theirs))


def test_libraries_take_turns(monkeypatch):
    monkeypatch.setattr(alternate, "come_to_rest", lambda: None)
    called = []
    run = {name: lambda name=name: called.append(name) for name in ("einkorn", "numpy")}
    seconds = alternate.alternate(run, Pace(rounds=3, shortest=1e-9))
    assert {name: len(times) for name, times in seconds.items()} == {"einkorn": 3, "numpy": 3}
    assert all(time > 0 for times in seconds.values() for time in times)
    # After one call each to learn how long they take.
    assert called[2:] == ["einkorn", "numpy"] * 3


@pytest.mark.parametrize(("first", "warm", "calls"), [(1, [], 1), (2, [0.5] * 3, 5)])
def test_short_functions_warm_up_first(monkeypatch, first, warm, calls):
    """Calls are counted by the pace of the warm-up: the first ones may have been slow."""
    monkeypatch.setattr(alternate, "come_to_rest", lambda: None)
    monkeypatch.setattr(alternate, "calls_per_round", lambda function, shortest: first)
    monkeypatch.setattr(
        alternate, "warm_up", lambda function, shortest: warmed.append(shortest) or 0.1
    )
    called, warmed = [], []
    alternate.alternate({"einkorn": lambda: called.append(1)}, Pace(rounds=3, shortest=0.5))
    assert len(called) == 3 * calls
    assert warmed == warm


class Clock:
    """A clock that only calls move on: each takes what `seconds` says next, the last for good."""

    def __init__(self, *seconds):
        self.now, self.seconds, self.calls = 0.0, list(seconds), 0

    def call(self):
        self.now += self.seconds[min(self.calls, len(self.seconds) - 1)]
        self.calls += 1

    def perf_counter(self):
        return self.now


@pytest.mark.parametrize(
    ("seconds", "calls", "pace"),
    [
        # Brief calls fill the spell, longer ones come ten times, long ones until the end.
        ([0.001], 20, 0.001),
        ([0.01], 10, 0.01),
        ([0.1], 3, 0.1),
        # What the first calls took does not count.
        ([0.01, 0.01, 0.0001], 10, 0.0001),
    ],
)
def test_warming_up_lasts_until_threads_have_their_cores(monkeypatch, seconds, calls, pace):
    clock = Clock(*seconds)
    monkeypatch.setattr(alternate, "time", clock)
    assert alternate.warm_up(clock.call, 0.0199) == pytest.approx(pace)
    assert clock.calls == calls


def test_short_functions_are_called_often():
    assert alternate.calls_per_round(lambda: None, 0.01) > 100


class Loads:
    """A machine whose other processes take these shares, one after the other."""

    def __init__(self, *shares):
        self.shares = list(shares)

    def __call__(self):
        return self

    def of_others(self):
        return self.shares.pop(0)


@pytest.mark.parametrize(
    ("shares", "kept"), [([0.0], 0), ([0.5, 0.0], 1), ([0.5, 0.3, 0.4], 1), ([0.2, 0.3, 0.4], 0)]
)
def test_disturbed_rounds_are_taken_again(monkeypatch, shares, kept):
    monkeypatch.setattr(alternate, "Load", Loads(*shares))
    attempts = iter(range(3))
    result = alternate.undisturbed(lambda: {"einkorn": [next(attempts)]})
    assert result == {"einkorn": [kept]}
    assert next(attempts, 3) == len(shares)


def test_the_next_library_waits_while_threads_spin(monkeypatch):
    # Processor time before and after each look: two with a spinning thread, one without.
    times = iter([0.0, 0.005, 0.005, 0.010, 0.010, 0.0101])
    monkeypatch.setattr(alternate.time, "process_time", lambda: next(times))
    alternate.come_to_rest()
    assert next(times, None) is None


@pytest.mark.alone
def test_waiting_has_an_end(monkeypatch):
    monkeypatch.setattr(alternate, "LONGEST_WAIT", 0.05)
    ticks = iter(range(1000))
    monkeypatch.setattr(alternate.time, "process_time", lambda: next(ticks))
    start = time.monotonic()
    alternate.come_to_rest()
    assert 0.05 <= time.monotonic() - start < 1
