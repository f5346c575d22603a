"""Embedding: rows of a table and the gradient of the table."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: Rows and width of the table, and the shape of the indices.
SHAPES = [
    (1, 1, (1,)),
    (5, 3, (4, 7)),
    (300, 17, (2, 3, 50)),
    (11, 64, ()),
    (7, 130, (1000,)),
    (4, 0, (3,)),
    (6, 5, (0, 2)),
]


def arrays(rows, width, shape, dtype):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((rows, width)).astype(dtype)
    grad = rng.standard_normal((*shape, width)).astype(dtype)
    return table, rng.integers(0, rows, shape), grad


@pytest.mark.parametrize(("rows", "width", "shape"), SHAPES)
@pytest.mark.parametrize("padding", [None, 0])
@pytest.mark.parametrize("by_frequency", [False, True])
def test_equals_reference(rows, width, shape, padding, by_frequency, dtype):
    table, index, grad = arrays(rows, width, shape, dtype)
    np.testing.assert_array_equal(kernels.embedding(table, index), table[index])
    options = {"padding_idx": padding, "scale_grad_by_freq": by_frequency}
    ours = kernels.embedding_grad(grad, index, rows, **options)
    assert ours.dtype == dtype
    assert_close(ours, references.embedding_grad(grad, index, rows, **options))


def test_gradient_by_central_differences():
    table, index, grad = arrays(5, 3, (4, 2), np.float64)
    assert_gradients(
        lambda table: kernels.embedding(table, index),
        [table],
        grad,
        [kernels.embedding_grad(grad, index, 5)],
    )


def test_uses_are_added_in_their_order(dtype):
    """Each sum is rounded as one from left to right is."""
    _, index, grad = arrays(3, 20, (501,), dtype)
    expected = np.zeros((3, 20), dtype)
    np.add.at(expected, index, grad)
    np.testing.assert_array_equal(kernels.embedding_grad(grad, index, 3), expected)


@pytest.mark.parametrize("bad", [-1, 4, 2**32 + 3, -(2**63)])
@pytest.mark.parametrize("place", [0, 2000])
def test_an_index_out_of_range_is_named(bad, place, dtype):
    index = np.zeros(2001, np.int64)
    index[place] = bad
    with pytest.raises(IndexError, match=rf"index: expected indices in \[0, 4\), got {bad}"):
        kernels.embedding(np.ones((4, 20), dtype), index)
    with pytest.raises(IndexError, match=rf"index: expected indices in \[0, 4\), got {bad}"):
        kernels.embedding_grad(np.ones((2001, 20), dtype), index, 4)


def test_large_results_go_past_the_caches_unchanged():
    """Above the size from which results are streamed, rows that end off the cache lines."""
    table, index, _ = arrays(1000, 131, (90_000,), np.float32)
    np.testing.assert_array_equal(kernels.embedding(table, index), table[index])


@pytest.mark.parametrize("width", [64, 61])
def test_gradients_of_large_tables_clear_what_nothing_used(width, dtype):
    """Rows that begin on a line of the cache and that do not, some of them of one use alone."""
    rows = 45_000_000 // (width * np.dtype(dtype).itemsize)
    rng = np.random.default_rng(0)
    index = np.append(rng.integers(0, rows, 5000), [0, 0, rows - 1])
    grad = rng.standard_normal((len(index), width)).astype(dtype)
    expected = np.zeros((rows, width), dtype)
    np.add.at(expected, index, grad)
    expected[index[7]] = 0
    ours = kernels.embedding_grad(grad, index, rows, padding_idx=index[7])
    np.testing.assert_array_equal(ours, expected)
    offsets = np.arange(len(index))
    ours = kernels.embedding_bag_grad(grad, index, offsets, rows, mode="sum", padding_idx=index[7])
    np.testing.assert_array_equal(ours, expected)
