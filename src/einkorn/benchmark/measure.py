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
from einkorn.benchmark.results import COPY, Results, Row, Setting, beside
from einkorn.benchmark.roofline import LEAST_TRAFFIC, Roof, copy_of, measure_roof
from einkorn.kernels import isa
from einkorn.kernels._core import handover

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
    roof = measure_roof()
    results.add(roof)
    whole = True
    for case in cases:
        held = results.rows.get(Row.of(case, setting, {}).key)
        missing = pace.rounds - (held.rounds() if held else 0)
        if missing <= 0:
            continue
        if time.monotonic() > deadline:
            return False
        try:
            times = seconds(case, replace(pace, rounds=missing), roof)
        except ResultsDifferError as error:
            whole = False
            tell(case, str(error))
        else:
            row = Row.of(case, setting, times, handover())
            if held:
                row = held.joined(row)
            results.add(row)
            tell(case, row)
    return whole


def seconds(case: Case, pace: Pace, roof: Roof) -> dict[str, list[float]]:
    """Time einkorn beside one peer after the other, after holding all results equal.

    Three libraries in turn would not do: NumPy's threads, which spin and then sleep, leave those of
    PyTorch and einkorn on the same core for a while. PyTorch's turn comes first, and
    after the peers that of a copy, where the memory binds.
    """
    libraries = READINGS[reading()].libraries if pace.peers else {"einkorn"}
    run = {name: function for name, function in case.build().items() if name in libraries}
    validate(run)
    if pace.peers and case.cost.bytes >= LEAST_TRAFFIC and not roof.is_compute_bound(case.cost):
        run[COPY] = copy_of(case.cost.bytes)
    ours = run.pop("einkorn")
    times: dict[str, list[float]] = {}
    for peer in sorted(run, key=lambda name: (name != COPY, name), reverse=True):
        pair = {"einkorn": ours, peer: run[peer]}
        found = undisturbed(partial(alternate, pair, pace))
        times[peer], times[beside(peer)] = found[peer], found["einkorn"]
    return times or undisturbed(partial(alternate, {"einkorn": ours}, pace))
