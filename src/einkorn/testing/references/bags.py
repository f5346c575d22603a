"""Sums, means and greatest elements over bags of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray


def _bags(index: Array, offsets: Array, padding_idx: int | None) -> Iterator[tuple[int, list[int]]]:
    """For each bag its number and the places of the indices that count."""
    ends = [*list(offsets)[1:], len(index)][: len(offsets)]
    for bag, (start, end) in enumerate(zip(offsets, ends, strict=True)):
        yield bag, [use for use in range(start, end) if index[use] != padding_idx]


def embedding_bag(
    table: Array,
    index: Array,
    offsets: Array,
    *,
    mode: str = "mean",
    per_sample_weights: Array | None = None,
    padding_idx: int | None = None,
) -> Any:
    """What the bags' rows come to; with ``mode="max"`` also the rows of the greatest elements.

    >>> embedding_bag(np.array([[1.0], [3.0]]), [0, 1, 1], [0, 2]).tolist()
    [[2.0], [3.0]]
    """
    table, index = np.asarray(table, np.float64), np.asarray(index)
    y = np.zeros((len(offsets), table.shape[1]))
    best = np.full(y.shape, -1)
    for bag, uses in _bags(index, offsets, padding_idx):
        rows = table[index[uses]]
        if not uses:
            continue
        if mode == "max":
            places = rows.argmax(axis=0)
            y[bag] = rows[places, np.arange(table.shape[1])]
            best[bag] = index[uses][places]
        else:
            factors = np.ones(len(uses)) if per_sample_weights is None else per_sample_weights[uses]
            y[bag] = (rows * factors[:, None]).sum(axis=0) / (len(uses) if mode == "mean" else 1)
    return (y, best) if mode == "max" else y


def embedding_bag_grad(
    grad: Array,
    index: Array,
    offsets: Array,
    num_embeddings: int,
    *,
    mode: str = "mean",
    per_sample_weights: Array | None = None,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
    best: Array | None = None,
) -> Array:
    """For each row of the table the sum of the gradients of its uses.

    >>> embedding_bag_grad(np.array([[1.0], [2.0]]), [0, 1, 1], [0, 2], 2).tolist()
    [[0.5], [2.5]]
    """
    grad, index = np.asarray(grad, np.float64), np.asarray(index)
    table = np.zeros((num_embeddings, grad.shape[1]))
    counts = np.bincount(index, minlength=num_embeddings)
    for bag, uses in _bags(index, offsets, padding_idx):
        if best is not None:
            columns = np.flatnonzero((best[bag] >= 0) & (best[bag] != padding_idx))
            table[best[bag, columns], columns] += grad[bag, columns]
            continue
        for use in uses:
            factor = 1 / len(uses) if mode == "mean" else 1.0
            if per_sample_weights is not None:
                factor *= per_sample_weights[use]
            if scale_grad_by_freq:
                factor /= counts[index[use]]
            table[index[use]] += factor * grad[bag]
    return table
