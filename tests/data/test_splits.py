from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einkorn.data import kfold, stratified_split, train_valid_test_split

shares = (
    st.lists(st.integers(0, 5), min_size=1, max_size=4)
    .filter(sum)
    .map(lambda weights: tuple(weight / sum(weights) for weight in weights))
)
label_lists = st.lists(st.integers(0, 4), max_size=60).map(lambda labels: np.array(labels, int))


def assert_partition(parts: tuple[np.ndarray, ...], count: int) -> None:
    assert np.sort(np.concatenate(parts)).tolist() == list(range(count))
    for part in parts:
        assert part.dtype == np.int64 and np.all(np.diff(part) > 0)


@given(count=st.integers(0, 60), fractions=shares, shuffle=st.booleans())
def test_parts_are_a_partition_of_the_right_sizes(
    count: int, fractions: tuple, shuffle: bool
) -> None:
    parts = train_valid_test_split(count, fractions, shuffle=shuffle)
    assert_partition(parts, count)
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(len(part) - count * fraction) < 1
    if not shuffle:
        assert np.concatenate(parts).tolist() == list(range(count))


@given(labels=label_lists, fractions=shares)
def test_stratified_parts_hold_their_share_of_each_class(
    labels: np.ndarray, fractions: tuple
) -> None:
    parts = stratified_split(labels, fractions)
    assert_partition(parts, len(labels))
    for part, fraction in zip(parts, fractions, strict=True):
        for label in np.unique(labels):
            exact = np.sum(labels == label) * fraction
            assert abs(np.sum(labels[part] == label) - exact) < 1


def test_stratified_totals_stay_near_their_share() -> None:
    labels = np.repeat(np.arange(100), 3)  # rounding each class alone would give 200 or 100
    train, test = stratified_split(labels, (0.5, 0.5))
    assert len(train) == len(test) == 150


def test_seeds_fix_splits() -> None:
    labels = np.arange(40) % 4
    for split in (
        lambda seed: train_valid_test_split(40, seed=seed),
        lambda seed: stratified_split(labels, seed=seed),
        lambda seed: [valid for _, valid in kfold(40, 4, labels=labels, seed=seed)],
    ):
        same = all(np.array_equal(a, b) for a, b in zip(split(1), split(1), strict=True))
        other = all(np.array_equal(a, b) for a, b in zip(split(1), split(2), strict=True))
        assert same and not other


@given(count=st.integers(2, 40), folds=st.integers(2, 40), stratified=st.booleans())
def test_each_sample_is_validated_once(count: int, folds: int, stratified: bool) -> None:
    folds = min(folds, count)
    labels = np.arange(count) % 3 if stratified else None
    pairs = list(kfold(count, folds, labels=labels))
    assert len(pairs) == folds
    for train, valid in pairs:
        assert_partition((train, valid), count)
        assert count // folds <= len(valid) <= -(-count // folds)
        if stratified:
            for label in range(3):
                total = np.sum(labels == label)
                assert abs(np.sum(labels[valid] == label) - total / folds) < 1
    assert_partition((np.sort(np.concatenate([valid for _, valid in pairs])),), count)


@pytest.mark.parametrize("fractions", [(0.5, 0.4), (-0.5, 1.5), (), ((0.5, 0.5),), (float("nan"),)])
def test_fractions_are_shares_of_one(fractions: tuple) -> None:
    with pytest.raises(ValueError, match="fractions: expected non-negative shares that sum to 1"):
        train_valid_test_split(10, fractions)
    with pytest.raises(ValueError, match="fractions"):
        stratified_split(np.zeros(10, int), fractions)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="count: expected at least 0, got -1"):
        train_valid_test_split(-1)
    with pytest.raises(ValueError, match="folds: expected 2 to 10"):
        kfold(10, 11)
    with pytest.raises(ValueError, match="labels: expected 10 of them, got 9"):
        kfold(10, 2, labels=np.zeros(9))
    with pytest.raises(ValueError, match="labels: expected one dimension"):
        stratified_split(np.zeros((2, 2)))
