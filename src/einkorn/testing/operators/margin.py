"""Losses of margins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import (
    Draw,
    Row,
    call,
    fixed,
    functional,
    normal,
    positive,
    unit,
    whole,
)

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    reductions = ("mean", "sum", "none")
    pair, signs = (normal(5, 4), normal(5, 4)), Signs(5)
    line = (normal(4), normal(4))
    yield from functional(
        "cosine_embedding_loss",
        *[call(*pair, signs, 0.1, reduction=how) for how in reductions],
        call(*line, Signs()),
    )
    yield from functional(
        "hinge_embedding_loss", *[call(normal(5), signs, 0.5, reduction=how) for how in reductions]
    )
    yield from functional(
        "margin_ranking_loss",
        *[call(normal(5), normal(5), signs, 0.3, reduction=how) for how in reductions],
    )
    yield from functional(
        "soft_margin_loss", *[call(normal(5), signs, reduction=how) for how in reductions]
    )
    scores, classes, weight = normal(5, 4), whole(4, 5), fixed(positive(4))
    yield from functional(
        "multi_margin_loss",
        *[call(scores, classes, reduction=how) for how in reductions],
        call(scores, classes, 2, 0.7, weight),
        call(normal(4), whole(4)),
    )
    yield from functional(
        "multilabel_margin_loss",
        *[call(scores, Labels(5, 4), reduction=how) for how in reductions],
        call(normal(4), Labels(4)),
    )
    yield from functional(
        "multilabel_soft_margin_loss",
        *[call(scores, fixed(unit(5, 4)), reduction=how) for how in reductions],
        call(scores, fixed(unit(5, 4)), weight),
    )
    triple = (*pair, normal(5, 4))
    options = ({}, {"swap": True}, {"p": 1.0, "margin": 0.5})
    yield from functional(
        "triplet_margin_loss",
        *[call(*triple, reduction=how) for how in reductions],
        *[call(*triple, **option) for option in options],
    )
    yield from functional(
        "triplet_margin_with_distance_loss",
        call(*triple),
        call(*triple, swap=True, margin=0.4, reduction="none"),
    )


class Signs(Draw):
    """1 and -1 by turns."""

    def __init__(self, *shape: int) -> None:
        super().__init__("whole", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the signs, as floating point numbers."""
        count = int(np.prod(self.shape))
        return np.resize([1, -1], count).reshape(self.shape).astype(dtype)


class Labels(Draw):
    """Some of the classes in every row, ended by -1."""

    def __init__(self, *shape: int) -> None:
        super().__init__("whole", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the classes."""
        rows = generator.random(self.shape).argsort(-1).reshape(-1, self.shape[-1])
        for number, row in enumerate(rows):
            row[number % len(row)] = -1
        return rows.reshape(self.shape)
