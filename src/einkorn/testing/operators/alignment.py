"""The loss of labels that are not aligned with the steps of a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from einkorn.testing.operators.rows import Draw, Row, call, functional

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    padded, joined = Labels(3, 3), Labels(6)
    lengths = ([7, 6, 5], [3, 1, 2])
    # The gradient holds under the softmax alone: it is checked there, in tests of its own.
    yield from functional(
        "ctc_loss",
        *[call(LogProbs(7, 3, 5), padded, *lengths, reduction=how) for how in ("mean", "sum")],
        call(LogProbs(7, 3, 5), joined, *lengths, reduction="none"),
        call(LogProbs(7, 3, 5), padded, [7, 2, 5], [3, 3, 2], 4, "sum", True),
        call(LogProbs(7, 5), Labels(3), [7], [3]),
        differentiable=False,
    )


class LogProbs(Draw):
    """Logarithms of probabilities, along the last dimension."""

    def __init__(self, *shape: int) -> None:
        super().__init__("normal", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the logarithms."""
        scores = generator.standard_normal(self.shape)
        return (scores - np.log(np.exp(scores).sum(-1, keepdims=True))).astype(dtype)


class Labels(Draw):
    """Classes from 1 to 3: neither the first nor the last of five, which are blanks here."""

    def __init__(self, *shape: int) -> None:
        super().__init__("whole", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the classes."""
        return generator.integers(1, 4, self.shape)
