"""Measure cases one after the other, each validated first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from einkorn.benchmark.alternate import Pace, ResultsDifferError, alternate, undisturbed, validate
from einkorn.benchmark.cases import Case
from einkorn.benchmark.machine import describe
from einkorn.benchmark.peers import READINGS, reading, use_threads
from einkorn.benchmark.results import Results, Row, Setting, beside
from einkorn.benchmark.roofline import measure_roof
from einkorn.kernels import isa

__all__ = ["measure"]


def measure(
    cases: Iterable[Case],
    results: Results,
    threads: int,
    pace: Pace,
    deadline: float = float("inf"),
    tell: Callable[[Case, Row | str], None] = lambda case, outcome: None,
) -> bool:
    """Measure the rounds that `results` do not hold yet, and add them.

    Parameters
    ----------
    cases : iterable of Case
    results : Results
    threads : int
        For einkorn and every peer.
    pace : Pace
    deadline : float
        On the monotonic clock: no case is begun after it.
    tell : callable
        Called with each case and its row, or with what is wrong with its result.

    Returns
    -------
    bool
        Whether all is measured; a case whose results differ is not.
    """
    use_threads(threads)
    setting = Setting(isa(), threads, reading())
    results.add(describe())
    results.add(measure_roof())
    whole = True
    for case in cases:
        held = results.rows.get(Row.of(case, setting, {}).key)
        missing = pace.rounds - (held.rounds() if held else 0)
        if missing <= 0:
            continue
        if time.monotonic() > deadline:
            return False
        try:
            row = Row.of(case, setting, seconds(case, replace(pace, rounds=missing)))
        except ResultsDifferError as error:
            whole = False
            tell(case, str(error))
        else:
            if held:
                row = held.joined(row)
            results.add(row)
            tell(case, row)
    return whole


def seconds(case: Case, pace: Pace) -> dict[str, list[float]]:
    """Time einkorn beside one peer after the other, after holding all results equal.

    Three libraries in turn would not do: NumPy's threads, which spin and then sleep, leave those of
    PyTorch and einkorn on the same core for a while. PyTorch's turn comes first.
    """
    libraries = READINGS[reading()].libraries if pace.peers else {"einkorn"}
    run = {name: function for name, function in case.build().items() if name in libraries}
    validate(run)
    ours = run.pop("einkorn")
    times: dict[str, list[float]] = {}
    for peer in sorted(run, reverse=True):
        pair = {"einkorn": ours, peer: run[peer]}
        found = undisturbed(partial(alternate, pair, pace))
        times[peer], times[beside(peer)] = found[peer], found["einkorn"]
    return times or undisturbed(partial(alternate, {"einkorn": ours}, pace))
