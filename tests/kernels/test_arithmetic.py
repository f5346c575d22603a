"""Arithmetic equals NumPy's to the last bit, in every lane, order and place."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn import kernels
from einkorn.testing.strategies import SEEDS, shapes
from einkorn.testing.threads import kernel_threads

pytestmark = pytest.mark.usefixtures("isa")

OPERATIONS = ["add", "subtract", "multiply", "divide", "maximum", "minimum"]
EACH = pytest.mark.parametrize("name", OPERATIONS)
SPECIAL = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan]


def same(actual, expected):
    """Whether the bits are equal, but for the payload of NaN and the sign of its and of zeros."""
    return actual.dtype == expected.dtype and np.array_equal(actual, expected, equal_nan=True)


def expected_of(name, a, b):
    with np.errstate(all="ignore"):
        return getattr(np, name)(a, b)


@EACH
@settings(max_examples=30)
@given(shape=shapes(), seed=SEEDS)
def test_equals_numpy(name, dtype, shape, seed):
    a, b = np.random.default_rng(seed).standard_normal((2, *shape)).astype(dtype)
    kernel = getattr(kernels, name)
    assert same(kernel(a, b), expected_of(name, a, b))
    if a.ndim:
        assert same(kernel(a, 1.7), expected_of(name, a, dtype(1.7)))
        assert same(kernel(1.7, b), expected_of(name, dtype(1.7), b))
        assert same(kernel(a, np.float64(1.7)), expected_of(name, a, dtype(1.7)))


@EACH
@pytest.mark.parametrize("value", SPECIAL)
@pytest.mark.parametrize("other", SPECIAL)
def test_special_values_at_every_lane(name, value, other, dtype):
    kernel = getattr(kernels, name)
    for position in range(37):
        a, b = np.ones((2, 37), dtype)
        a[position], b[position] = value, other
        assert same(kernel(a, b), expected_of(name, a, b))
        assert same(kernel(a, other), expected_of(name, a, dtype(other)))
        assert same(kernel(value, b), expected_of(name, dtype(value), b))


@EACH
def test_layouts_and_places(name, dtype):
    a, b = np.random.default_rng(0).standard_normal((2, 60, 70)).astype(dtype)
    kernel, expected = getattr(kernels, name), expected_of(name, a, b)
    assert same(kernel(np.asfortranarray(a), b[::-1][::-1]), expected)
    out = np.empty((60, 140), dtype)[:, ::2]
    assert kernel(a, b, out=out) is out
    assert same(out, expected)
    first, second = a.copy(), b.copy()
    assert kernel(first, b, out=first) is first
    assert kernel(a, second, out=second) is second
    assert same(first, expected)
    assert same(second, expected)
    with pytest.raises(ValueError, match="out: must not overlap a"):
        kernel(a[:-1], b[:-1], out=a[1:])


@EACH
def test_large_arrays_for_every_number_of_threads(name):
    a, b = np.random.default_rng(0).standard_normal((2, (1 << 22) + 13), np.float32)
    for threads in (1, 2, 3):
        with kernel_threads(threads):
            assert same(getattr(kernels, name)(a, b), expected_of(name, a, b))
            assert same(getattr(kernels, name)(a, 0.3), expected_of(name, a, np.float32(0.3)))
