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


@pytest.mark.parametrize(("calls", "warm"), [(1, 0), (2, 3)])
def test_short_functions_warm_up_first(monkeypatch, calls, warm):
    monkeypatch.setattr(alternate, "come_to_rest", lambda: None)
    monkeypatch.setattr(alternate, "calls_per_round", lambda function, shortest: calls)
    monkeypatch.setattr(alternate, "warm_up", lambda function, seconds: warmed.append(seconds))
    called, warmed = [], []
    alternate.alternate({"einkorn": lambda: called.append(1)}, Pace(rounds=3, shortest=0.5))
    assert len(called) == 3 * calls
    assert warmed == [0.5] * warm


@pytest.mark.alone
def test_warming_up_takes_its_time():
    called = []
    start = time.perf_counter()
    alternate.warm_up(lambda: called.append(1), 0.01)
    assert time.perf_counter() - start >= 0.01
    assert called


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
