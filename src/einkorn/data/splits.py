"""Which samples train, which choose, which judge: index arrays, fixed by a seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from einkorn.data.seeds import Seed

__all__ = ["kfold", "stratified_split", "train_valid_test_split"]

Indices = np.ndarray


def train_valid_test_split(
    count: int,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    *,
    seed: Seed = 0,
    shuffle: bool = True,
) -> tuple[Indices, ...]:
    """Deal `count` samples into parts.

    Parameters
    ----------
    count : int
        Number of samples.
    fractions : sequence of float
        One share for each part; they sum to 1.
    seed : int or numpy.random.Generator
        Fixes the choice.
    shuffle : bool
        False cuts the samples in their order, so that the last part holds the last samples.

    Returns
    -------
    tuple of int64 arrays
        For each part the indices of its samples, ascending. Sizes differ from their exact share by
        less than 1.

    Raises
    ------
    ValueError
        `count` is negative or `fractions` are not shares of 1.

    Examples
    --------
    >>> [part.tolist() for part in train_valid_test_split(6, (0.5, 0.5), shuffle=False)]
    [[0, 1, 2], [3, 4, 5]]
    """
    if count < 0:
        raise ValueError(f"count: expected at least 0, got {count}")
    shares = _checked_shares(fractions)
    order = np.random.default_rng(seed).permutation(count) if shuffle else np.arange(count)
    sizes = _sizes(count, shares, np.zeros(len(shares)))
    return tuple(np.sort(part) for part in np.split(order, np.cumsum(sizes)[:-1]))


def stratified_split(
    labels: Any, fractions: Sequence[float] = (0.75, 0.25), *, seed: Seed = 0
) -> tuple[Indices, ...]:
    """Deal samples into parts so that every class is shared out in the same proportions.

    Parameters
    ----------
    labels : array, shape (N,)
        The class of each sample.
    fractions : sequence of float
        One share for each part; they sum to 1.
    seed : int or numpy.random.Generator
        Fixes the choice.

    Returns
    -------
    tuple of int64 arrays
        For each part the indices of its samples, ascending. In every class the sizes differ from
        their exact share by less than 1.

    Raises
    ------
    ValueError
        `labels` is not one-dimensional or `fractions` are not shares of 1.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([0] * 8 + [1] * 4)
    >>> train, test = stratified_split(labels, (0.75, 0.25))
    >>> np.bincount(labels[train]), np.bincount(labels[test])
    (array([6, 3]), array([2, 1]))
    """
    labels = _checked_labels(labels)
    shares = _checked_shares(fractions)
    rng = np.random.default_rng(seed)
    parts: list[list[Indices]] = [[] for _ in shares]
    owed = np.zeros(len(shares))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        sizes = _sizes(len(members), shares, owed)
        owed += len(members) * shares - sizes
        for part, piece in zip(parts, np.split(members, np.cumsum(sizes)[:-1]), strict=True):
            part.append(piece)
    empty = np.empty(0, np.int64)
    return tuple(np.sort(np.concatenate([empty, *part])) for part in parts)


def kfold(
    count: int, folds: int, *, labels: Any = None, seed: Seed = 0
) -> Iterator[tuple[Indices, Indices]]:
    """Give each sample one turn in validation.

    Parameters
    ----------
    count : int
        Number of samples.
    folds : int
        Number of parts, from 2 to `count`.
    labels : array, shape (count,), optional
        Classes; given them, every fold holds its share of each class.
    seed : int or numpy.random.Generator
        Fixes the choice.

    Yields
    ------
    train, valid : int64 arrays
        Indices, ascending; `folds` times.

    Raises
    ------
    ValueError
        `folds` or the shape of `labels` does not fit `count`.

    Examples
    --------
    >>> [len(valid) for train, valid in kfold(10, 3)]
    [4, 3, 3]
    """
    if not 2 <= folds <= count:
        raise ValueError(f"folds: expected 2 to {count} (the number of samples), got {folds}")
    order = np.random.default_rng(seed).permutation(count)
    if labels is not None:
        labels = _checked_labels(labels)
        if len(labels) != count:
            raise ValueError(f"labels: expected {count} of them, got {len(labels)}")
        order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(count, np.int64)
    fold[order] = np.arange(count) % folds
    return ((np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds))


def _checked_shares(fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(fractions, np.float64)
    if shares.ndim != 1 or not np.all(shares >= 0) or not math.isclose(shares.sum(), 1.0):
        raise ValueError(f"fractions: expected non-negative shares that sum to 1, got {fractions}")
    return shares


def _checked_labels(labels: Any) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels: expected one dimension, got shape {labels.shape}")
    return labels


def _sizes(count: int, shares: np.ndarray, owed: np.ndarray) -> np.ndarray:
    """Round ``count * shares`` to whole numbers that sum to `count`.

    What rounding down leaves over goes to the largest remainders, counting what earlier roundings
    owe each part.
    """
    exact = count * shares
    sizes = np.floor(exact + 1e-9).astype(np.int64)
    remainder = exact - sizes
    claims = np.where(remainder > 1e-9, remainder + owed, -np.inf)
    sizes[np.argsort(-claims, kind="stable")[: count - sizes.sum()]] += 1
    return sizes
