"""Copies of arrays of any strides."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einkorn import kernels

pytestmark = pytest.mark.usefixtures("isa")


def numbered(shape, dtype):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def assert_copied(x):
    y = kernels.copy(x)
    assert y.flags.c_contiguous
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal(y, x, strict=True)


@pytest.mark.parametrize("order", itertools.permutations(range(4)))
@pytest.mark.parametrize("shape", [(3, 5, 17, 33), (2, 64, 1, 129), (19, 2, 2, 4)])
def test_permutations(shape, order, dtype):
    assert_copied(numbered(shape, dtype).transpose(order))


@pytest.mark.parametrize("n", [1, 7, 8, 9, 15, 16, 17, 63, 127, 128, 129, 300])
@pytest.mark.parametrize("m", [1, 3, 8, 16, 31, 128, 257])
def test_transposed_matrices(n, m, dtype):
    assert_copied(numbered((n, m), dtype).T)
    assert_copied(numbered((n + 1, m + 3), dtype)[1:, 3:].T)


@pytest.mark.parametrize("step", [2, 3, -1, -2])
@pytest.mark.parametrize("n", [1, 2, 16, 17, 33, 40_001])
def test_steps(step, n, dtype):
    x = numbered((3, 7 * n), dtype)
    assert_copied(x[:, : n * abs(step)][:, ::step])
    assert_copied(x[::-1, ::step])
    assert_copied(x.T[::step])


@pytest.mark.parametrize("shape", [(5, 70), (70, 5), (3, 40, 40), (40, 1, 33)])
def test_broadcast(shape, dtype):
    assert_copied(np.broadcast_to(numbered(shape[-1:], dtype), shape))
    assert_copied(np.broadcast_to(numbered((*shape[:-1], 1), dtype), shape))
    assert_copied(np.broadcast_to(numbered(shape[-1:], dtype), shape).T)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (1, 1, 1), (1, 5, 1)])
def test_few_elements(shape, dtype):
    assert_copied(numbered(shape, dtype))
    assert_copied(numbered(shape, dtype).T)


def test_past_the_caches(dtype):
    """Results so large that they are streamed, aligned and not."""
    wide = numbered((2304, 2432), dtype)
    assert_copied(wide.T)
    assert_copied(wide[1:, 1:].T)
    assert_copied(wide[:, 3:])
    out = np.empty(2432 * 2304 + 1, dtype)[1:].reshape(2432, 2304)
    np.testing.assert_array_equal(kernels.copy(wide.T, out=out), wide.T)


def test_bits_are_kept(dtype):
    """A signalling NaN and its payload, -0 and denormals."""
    width = np.dtype(dtype).itemsize
    bits = np.arange(40 * 40, dtype=f"u{width}").reshape(40, 40) * np.array(40503, f"u{width}")
    bits[:, 0] = np.array([np.nan], dtype).view(bits.dtype) - 1
    for view in (bits.T, bits[:, ::3], bits[:, ::2], bits[::-1]):
        copied = kernels.copy(view.view(dtype)).view(bits.dtype)
        np.testing.assert_array_equal(copied, view)


@given(st.data())
def test_any_view(dtype, data):
    rank = data.draw(st.integers(1, 5))
    x = numbered(data.draw(st.lists(st.integers(1, 9), min_size=rank, max_size=rank)), dtype)
    steps = data.draw(st.lists(st.sampled_from([1, 1, 2, -1, 3]), min_size=rank, max_size=rank))
    x = x[tuple([slice(None, None, step) for step in steps])]
    assert_copied(x.transpose(data.draw(st.permutations(range(rank)))))


def test_out_must_not_overlap(dtype):
    x = numbered((8, 8), dtype)
    with pytest.raises(ValueError, match="out: must not overlap x"):
        kernels.copy(x.T, out=x)
