"""A line search that ends at a point of the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Point", "strong_wolfe"]

# Least decrease, and greatest slope left, as shares of the slope at the start.
_DECREASE, _CURVATURE = 1e-4, 0.9
_LEAST_BRACKET = 1e-9


class Point(NamedTuple):
    """Loss and gradient somewhere."""

    loss: float
    gradient: np.ndarray


class _Trial(NamedTuple):
    """A length of the step, what was found there, and the slope along the direction."""

    length: float
    point: Point
    slope: float

    @property
    def loss(self) -> float:
        return self.point.loss


def strong_wolfe(
    evaluate: Callable[[float], Point],
    length: float,
    direction: np.ndarray,
    start: Point,
    slope: float,
    evaluations: int,
) -> tuple[Point, float, int]:
    """Return a point along a direction, the length that leads there, and the calls it took.

    At the point the loss has fallen by at least 1e-4 of what the slope at the start promised, and
    the slope is at most 0.9 of it in absolute value; unless ``evaluations`` run out first.

    Parameters
    ----------
    evaluate : callable
        Length of the step -> `Point` there.
    length : float
        First guess.
    direction : array
        Where to go.
    start : Point
        At length 0.
    slope : float
        Of the loss along the direction, at length 0; negative.
    evaluations : int
        Most calls of ``evaluate`` beyond the first.

    References
    ----------
    J. Nocedal and S. J. Wright, "Numerical optimization", algorithms 3.5 and 3.6, with cubic
    interpolation.
    """
    search = _Search(evaluate, direction, _Trial(0.0, start, slope), evaluations)
    found = search.run(length)
    return found.point, found.length, search.calls


class _Search:
    def __init__(
        self,
        evaluate: Callable[[float], Point],
        direction: np.ndarray,
        start: _Trial,
        evaluations: int,
    ) -> None:
        self._evaluate = evaluate
        self._direction = direction
        self._start = start
        self._left = evaluations
        self.calls = 0

    def run(self, length: float) -> _Trial:
        trial, bracket = self._widen(length)
        return trial if bracket is None else self._narrow(*bracket)

    def _try(self, length: float) -> _Trial:
        point = self._evaluate(length)
        self.calls += 1
        return _Trial(length, point, float(point.gradient @ self._direction))

    def _is_flat(self, trial: _Trial) -> bool:
        return abs(trial.slope) <= -_CURVATURE * self._start.slope

    def _is_high(self, trial: _Trial) -> bool:
        promised = _DECREASE * trial.length * self._start.slope
        return trial.loss > self._start.loss + promised

    def _widen(self, length: float) -> tuple[_Trial, tuple[_Trial, _Trial] | None]:
        """Go on until a trial is good (no bracket) or a good length lies before it."""
        before, trial, number = self._start, self._try(length), 0
        while number < self._left:
            if self._is_high(trial) or (number > 1 and trial.loss >= before.loss):
                break
            if self._is_flat(trial):
                return trial, None
            if trial.slope >= 0:
                break
            least = trial.length + 0.01 * (trial.length - before.length)
            length = _cubic_minimum(before, trial, least, 10 * trial.length)
            before, trial = trial, self._try(length)
            number += 1
        self._left -= number
        return trial, (before if self._left > 0 else self._start, trial)

    def _narrow(self, one: _Trial, other: _Trial) -> _Trial:
        """Shrink a bracket that holds a good length; `low` is its end of the lesser loss."""
        low, high = (one, other) if one.loss <= other.loss else (other, one)
        largest = float(np.abs(self._direction).max(initial=0))
        slow = False
        while self._left > 0 and abs(high.length - low.length) * largest >= _LEAST_BRACKET:
            length, slow = _inside(low, high, slow)
            trial = self._try(length)
            self._left -= 1
            if self._is_high(trial) or trial.loss >= low.loss:
                low, high = (trial, low) if trial.loss < low.loss else (low, trial)
            elif self._is_flat(trial):
                return trial
            else:
                rises = trial.slope * (high.length - low.length) >= 0
                low, high = trial, low if rises else high
        return low


def _inside(one: _Trial, other: _Trial, slow: bool) -> tuple[float, bool]:
    """Return the next length, and whether it lies so near an end that progress may be slow."""
    least, most = sorted((one.length, other.length))
    length = _cubic_minimum(one, other, least, most)
    margin = 0.1 * (most - least)
    if min(most - length, length - least) >= margin:
        return length, False
    if slow or length >= most or length <= least:
        nearer_most = abs(length - most) < abs(length - least)
        return (most - margin if nearer_most else least + margin), False
    return length, True


def _cubic_minimum(one: _Trial, other: _Trial, least: float, most: float) -> float:
    """Return where the cubic through both trials and their slopes is least, within bounds."""
    first, second = (one, other) if one.length <= other.length else (other, one)
    width = first.length - second.length
    if width == 0:
        return min(max(first.length, least), most)
    d1 = first.slope + second.slope - 3 * (first.loss - second.loss) / width
    square = d1 * d1 - first.slope * second.slope
    if not square >= 0:
        return (least + most) / 2
    d2 = math.sqrt(square)
    divisor = second.slope - first.slope + 2 * d2
    if divisor == 0:
        return (least + most) / 2
    length = second.length + width * (second.slope + d2 - d1) / divisor
    return min(max(length, least), most)
