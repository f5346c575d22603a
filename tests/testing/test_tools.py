"""The tools themselves: tolerances that bite, layouts that are what they are called."""

import numpy as np
import pytest

from einkorn.testing.gradients import assert_gradients, numerical_gradients
from einkorn.testing.layouts import LAYOUTS, plain, zero_sizes
from einkorn.testing.tolerances import assert_close


@pytest.mark.parametrize(("dtype", "near", "far"), [("f4", 1e-5, 1e-3), ("f8", 1e-11, 1e-9)])
def test_assert_close_separates_near_from_far(dtype, near, far):
    expected = np.array([1.0, 100.0])
    assert_close((expected * (1 + near)).astype(dtype), expected)
    with pytest.raises(AssertionError):
        assert_close((expected * (1 + far)).astype(dtype), expected)


def test_assert_close_scales_the_absolute_part_by_the_largest():
    assert_close(np.float32([1e-3, 1000]), [0.0, 1000.0])
    with pytest.raises(AssertionError):
        assert_close(np.float32([1e-3, 1]), [0.0, 1.0])


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([np.nan, 1.0], [0.0, 1.0]),
        ([0.0, 1.0], [np.nan, 1.0]),
        ([np.inf, 1.0], [-np.inf, 1.0]),
        ([1e30, 1.0], [np.inf, 1.0]),
        ([1.0], [1.0, 1.0]),
        ([[1.0]], [1.0]),
    ],
)
def test_assert_close_refuses(actual, expected):
    with pytest.raises(AssertionError):
        assert_close(np.float64(actual), np.float64(expected))


def test_assert_close_is_exact_for_integers():
    assert_close(np.array([2**62]), np.array([2**62]))
    with pytest.raises(AssertionError):
        assert_close(np.array([2**62]), np.array([2**62 + 1]))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 0, 2), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_layouts_keep_values(name, shape, dtype):
    array = np.arange(np.prod(shape, dtype=int)).astype(dtype).reshape(shape)
    variant = LAYOUTS[name](array)
    assert variant.shape == shape
    assert variant.dtype == dtype or name == "big_endian"
    if name != "broadcast":
        np.testing.assert_array_equal(variant, array)
    copy = plain(variant)
    assert copy.flags.carray
    assert copy.dtype.isnative
    np.testing.assert_array_equal(copy, variant)


def test_layouts_are_what_they_are_called():
    array = np.arange(24.0).reshape(2, 3, 4)
    variants = {name: layout(array) for name, layout in LAYOUTS.items()}
    assert variants["fortran"].flags.f_contiguous
    assert all(stride < 0 for stride in variants["reversed_axes"].strides)
    assert not variants["sliced"].flags.forc
    assert not variants["big_endian"].dtype.isnative
    assert not variants["misaligned"].flags.aligned
    assert not variants["read_only"].flags.writeable
    assert variants["broadcast"].strides[0] == 0


def test_zero_sizes():
    assert list(zero_sizes((2, 3, 4))) == [(0, 3, 4), (2, 0, 4), (2, 3, 0)]


def test_central_differences_find_a_wrong_gradient():
    x, grad = np.array([0.5, -1.0]), np.array([2.0, 3.0])
    assert_gradients(np.exp, [x], grad, [grad * np.exp(x)])
    with pytest.raises(AssertionError):
        assert_gradients(np.exp, [x], grad, [np.exp(x)])
    with pytest.raises(TypeError, match="float64"):
        numerical_gradients(np.exp, [x.astype(np.float32)], grad)
