"""Means of ratios, and rows that fall short."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from einkorn.benchmark.cases import ODD
from einkorn.benchmark.results import Row

__all__ = ["Mean", "geometric_mean", "means"]


@dataclass(frozen=True)
class Mean:
    """Geometric mean and least of a peer's times over einkorn's."""

    label: str
    peer: str
    reading: str
    isa: str
    threads: int
    mean: float
    least: float
    rows: int


def geometric_mean(values: Sequence[float]) -> float:
    """Give the mean that fits ratios: of 2 and 1/2 it is 1.

    Raises
    ------
    ValueError
        If there are none.

    Examples
    --------
    >>> geometric_mean([4.0, 1.0])
    2.0
    """
    if not values:
        raise ValueError("values: expected at least one ratio, got none")
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def label(row: Row) -> str:
    """What a row is counted with: its group, or its kind, and the direction."""
    odd = f"{ODD} shapes: " if row.network == ODD else ""
    return f"{odd}{row.family} {row.group}, {row.direction}"


def means(rows: Iterable[Row]) -> list[Mean]:
    """Mean ratio of each group and direction to each peer under each setting."""
    ratios: dict[tuple[str, str, str, str, int], list[float]] = defaultdict(list)
    for row in rows:
        for peer in row.peers():
            ratio = row.ratio(peer)
            if ratio is not None:
                ratios[label(row), peer, row.reading, row.isa, row.threads].append(ratio)
    return [
        Mean(*key, geometric_mean(values), min(values), len(values))
        for key, values in ratios.items()
    ]
