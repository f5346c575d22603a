from __future__ import annotations

import numpy as np
import pytest

from einkorn.data import ArrayDataset, Subset


def test_indexing_goes_through_to_every_array() -> None:
    x, t = np.arange(12.0).reshape(4, 3), np.arange(4)
    dataset = ArrayDataset(x, t)
    for index in (2, -1, slice(1, 3), [3, 0, 3], np.array([True, False, False, True])):
        rows, labels = dataset[index]
        np.testing.assert_array_equal(rows, x[index])
        np.testing.assert_array_equal(labels, t[index])


@pytest.mark.parametrize("arrays", [(), (np.array(1.0),), (np.zeros(3), np.zeros(4))])
def test_arrays_must_agree_in_length(arrays: tuple) -> None:
    with pytest.raises(ValueError, match="arrays: expected"):
        ArrayDataset(*arrays)


def test_subsets_nest_and_repeat() -> None:
    dataset = ArrayDataset(np.arange(10) * 10)
    subset = Subset(Subset(dataset, [9, 7, 5]), [2, 2, 0])
    assert len(subset) == 3
    np.testing.assert_array_equal(subset[np.arange(3)][0], [50, 50, 90])
    assert len(Subset(dataset, [])) == 0


@pytest.mark.parametrize("index", [-1, 10])
def test_subset_indices_must_exist(index: int) -> None:
    with pytest.raises(IndexError, match=f"indices: {index} is outside a data set of 10"):
        Subset(ArrayDataset(np.arange(10)), [0, index])


@pytest.mark.parametrize("indices", [[0.5], [[1]], [True]])
def test_subset_indices_must_be_integers(indices: list) -> None:
    with pytest.raises(ValueError, match="one-dimensional array of integers"):
        Subset(ArrayDataset(np.arange(10)), indices)
