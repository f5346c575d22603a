"""Means over the samples of an epoch, from means over its batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Averages"]


class Averages:
    """Running means, each batch weighted by its size.

    Examples
    --------
    >>> averages = Averages()
    >>> averages.add({"loss": 1.0}, 3)
    >>> averages.add({"loss": 2.0}, 1)
    >>> averages.means()
    {'loss': 1.25}
    """

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._weights: dict[str, float] = {}

    def add(self, figures: Mapping[str, float], weight: float) -> None:
        """Count the figures of a batch of `weight` samples."""
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * weight
            self._weights[name] = self._weights.get(name, 0) + weight

    def means(self) -> dict[str, float]:
        """Give the mean of each figure so far."""
        return {name: total / self._weights[name] for name, total in self._sums.items()}

    def state_dict(self) -> dict[str, Any]:
        """Give sums and weights, copied."""
        return {"sums": dict(self._sums), "weights": dict(self._weights)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to the sums and weights of `state`."""
        self._sums, self._weights = dict(state["sums"]), dict(state["weights"])
