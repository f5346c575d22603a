"""What a check reports: per namesake the samples, how many passed, and the first failure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from einkorn.testing.namesakes.differences import Different

__all__ = ["Outcome", "Trial", "judged", "spread", "table"]

#: What is tried, in words, and the comparison.
Trial = tuple[str, Callable[[], None]]


@dataclass
class Outcome:
    """The result for one namesake.

    Attributes
    ----------
    name : str
    samples, passed, left_out : int
        Comparisons made, how many of them passed, and how many are documented differences.
    first : str
        The first failure; empty if there is none.
    """

    name: str
    samples: int = 0
    passed: int = 0
    left_out: int = 0
    first: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing failed and something was compared."""
        return self.passed == self.samples and self.samples > 0


def judged(name: str, trials: Iterable[Trial]) -> Outcome:
    """Run the trials of a namesake."""
    outcome = Outcome(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            for what, trial in trials:
                _judge(outcome, what, trial)
    return outcome


def _judge(outcome: Outcome, what: str, trial: Callable[[], None]) -> None:
    try:
        trial()
    except Different:
        outcome.left_out += 1
        return
    except Exception as error:
        if not outcome.first:
            text = " ".join(str(error).split())
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            outcome.first = f"{what}: {kind}{text}"
    else:
        outcome.passed += 1
    outcome.samples += 1


def spread(samples: Iterable[object], limit: int | None) -> Iterator[tuple[int, object]]:
    """Return at most `limit` of the samples, numbered, at even distances and always the same."""
    every = list(samples)
    step = 1 if limit is None else -(-len(every) // limit) or 1
    return islice(enumerate(every), 0, None, max(step, 1))


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as lines, and the count of those that pass."""
    width = max((len(outcome.name) for outcome in outcomes), default=0)
    lines = [f"{'namesake':{width}}  samples  passed  first failure"]
    for outcome in outcomes:
        lines.append(
            f"{outcome.name:{width}}  {outcome.samples:7}  {outcome.passed:6}  "
            f"{outcome.first[:240]}".rstrip()
        )
    well = sum(outcome.well for outcome in outcomes)
    samples = sum(outcome.samples for outcome in outcomes)
    passed = sum(outcome.passed for outcome in outcomes)
    lines.append(
        f"{len(outcomes)} namesakes present, {well} pass; {passed} of {samples} samples pass"
    )
    return "\n".join(lines)
