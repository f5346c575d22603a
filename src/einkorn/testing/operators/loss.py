"""Losses."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import (
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
    pair = (normal(3, 4), normal(3, 4))
    for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"):
        yield from functional(name, *[call(*pair, reduction=how) for how in reductions])
    probabilities = (unit(3, 4), fixed(unit(3, 4)))
    yield from functional(
        "binary_cross_entropy",
        *[call(*probabilities, reduction=how) for how in reductions],
        call(*probabilities, fixed(positive(4))),
    )
    yield from functional(
        "binary_cross_entropy_with_logits",
        *[call(normal(3, 4), unit(3, 4), reduction=how) for how in reductions],
        call(normal(3, 4), unit(3, 4), fixed(positive(4)), pos_weight=fixed(positive(4))),
    )
    yield from functional(
        "kl_div",
        *[call(normal(3, 4), fixed(unit(3, 4)), reduction=h) for h in (*reductions, "batchmean")],
        call(normal(3, 4), normal(3, 4), reduction="sum", log_target=True),
    )
    scores, classes, weight = normal(5, 3), whole(3, 5), fixed(positive(3))
    plane = (normal(2, 3, 4), whole(3, 2, 4))
    indexed = (
        *[call(scores, classes, reduction=how) for how in reductions],
        *[call(scores, classes, weight, ignore_index=1, reduction=how) for how in reductions],
        call(*plane, weight),
        call(normal(3), whole(3)),
    )
    yield from functional("nll_loss", *indexed)
    yield from functional(
        "cross_entropy",
        *indexed,
        *[call(scores, classes, weight, reduction=h, label_smoothing=0.1) for h in reductions],
        *[call(scores, unit(5, 3), weight, reduction=h, label_smoothing=0.1) for h in reductions],
        call(normal(3), unit(3)),
        call(*plane, label_smoothing=0.2, ignore_index=0),
    )
