"""Bags of embeddings: sums, means and greatest elements of rows, and the table's gradient."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: Rows and width of the table, and the sizes of the bags.
SHAPES = [
    (1, 1, [1]),
    (5, 3, [2, 0, 7, 1]),
    (300, 17, [50, 3, 0, 0, 200]),
    (11, 64, [9] * 40),
    (7, 131, [1000, 4]),
    (50, 199, [3, 1, 0]),
    (4, 0, [3]),
    (6, 5, []),
    (6, 5, [0, 0]),
]
MODES = ["sum", "mean", "max"]


def bags(rows, width, sizes, dtype):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((rows, width)).astype(dtype)
    index = rng.integers(0, rows, sum(sizes))
    offsets = np.cumsum([0, *sizes], dtype=np.int64)[: len(sizes)]
    grad = rng.standard_normal((len(sizes), width)).astype(dtype)
    weights = rng.standard_normal(sum(sizes)).astype(dtype)
    return table, index, offsets, grad, weights


@pytest.mark.parametrize(("rows", "width", "sizes"), SHAPES)
@pytest.mark.parametrize("padding", [None, 0])
@pytest.mark.parametrize("mode", [*MODES, "weighted"])
def test_equals_reference(rows, width, sizes, padding, mode, dtype):
    table, index, offsets, grad, weights = bags(rows, width, sizes, dtype)
    options = {"mode": mode, "padding_idx": padding}
    if mode == "weighted":
        options |= {"mode": "sum", "per_sample_weights": weights}
    ours = kernels.embedding_bag(table, index, offsets, **options)
    expected = references.embedding_bag(table, index, offsets, **options)
    best = {}
    if mode == "max":
        np.testing.assert_array_equal(ours[1], expected[1])
        best["best"], ours, expected = ours[1], ours[0], expected[0]
    assert ours.dtype == dtype
    assert_close(ours, expected)
    for by_frequency in (False, True) if mode != "max" else (False,):
        chosen = options | best | {"scale_grad_by_freq": by_frequency}
        ours = kernels.embedding_bag_grad(grad, index, offsets, rows, **chosen)
        assert ours.dtype == dtype
        expected = references.embedding_bag_grad(grad, index, offsets, rows, **chosen)
        assert_close(ours, expected)


@pytest.mark.parametrize("mode", MODES)
def test_gradient_by_central_differences(mode):
    table, index, offsets, grad, _ = bags(6, 3, [4, 0, 2, 5], np.float64)

    def result(table):
        found = kernels.embedding_bag(table, index, offsets, mode=mode)
        return found[0] if mode == "max" else found

    best = kernels.embedding_bag(table, index, offsets, mode=mode)[1] if mode == "max" else None
    ours = kernels.embedding_bag_grad(grad, index, offsets, 6, mode=mode, best=best)
    assert_gradients(result, [table], grad, [ours])


def test_rows_are_added_in_their_order(dtype):
    """Each sum is rounded as one from left to right is."""
    table, index, offsets, _, _ = bags(30, 75, [501, 2, 80], dtype)
    expected = np.zeros((3, 75), dtype)
    np.add.at(expected, np.repeat(np.arange(3), [501, 2, 80]), table[index])
    found = kernels.embedding_bag(table, index, offsets, mode="sum")
    np.testing.assert_array_equal(found, expected)


def test_the_first_of_equals_is_the_greatest_and_nan_wins(dtype):
    table = np.array([[1, np.nan], [1, 5], [1, np.nan]], dtype)
    y, best = kernels.embedding_bag(table, [1, 0, 2], [0], mode="max")
    np.testing.assert_array_equal(y, np.array([[1, np.nan]], dtype))
    np.testing.assert_array_equal(best, [[1, 0]])


@pytest.mark.parametrize("bad", [-1, 4, 2**32 + 3, -(2**63)])
@pytest.mark.parametrize("place", [0, 2000])
@pytest.mark.parametrize("mode", MODES)
def test_an_index_out_of_range_is_named(bad, place, mode, dtype):
    index = np.zeros(2001, np.int64)
    index[place] = bad
    offsets = np.arange(0, 2001, 3)
    with pytest.raises(IndexError, match=rf"index: expected indices in \[0, 4\), got {bad}"):
        kernels.embedding_bag(np.ones((4, 20), dtype), index, offsets, mode=mode)
    if mode != "max":
        with pytest.raises(IndexError, match=rf"index: expected indices in \[0, 4\), got {bad}"):
            kernels.embedding_bag_grad(
                np.ones((len(offsets), 20), dtype), index, offsets, 4, mode=mode
            )


def test_a_row_out_of_range_among_the_greatest_is_named(dtype):
    grad, best = np.ones((2, 3), dtype), np.zeros((2, 3), np.int64)
    for bad in (-2, 4, 2**40):
        best[1, 2] = bad
        with pytest.raises(IndexError, match=rf"best: expected indices in \[-1, 4\), got {bad}"):
            kernels.embedding_bag_grad(grad, [0, 1], [0, 1], 4, mode="max", best=best)


def test_large_tables_of_large_bags(dtype):
    table, index, offsets, grad, _ = bags(5000, 96, [37] * 400, dtype)
    ours = kernels.embedding_bag(table, index, offsets)
    assert_close(ours, references.embedding_bag(table, index, offsets))
    ours = kernels.embedding_bag_grad(grad, index, offsets, 5000)
    assert_close(ours, references.embedding_bag_grad(grad, index, offsets, 5000))
