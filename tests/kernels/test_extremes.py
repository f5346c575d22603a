"""Extremes over axes and their places, limits and choices."""

import itertools

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.threads import assert_same_for_threads

pytestmark = pytest.mark.usefixtures("isa")

#: Shapes that take each way: rows short and long, spans, pieces of a row, blocks of columns.
SHAPES = [
    ((7,), 0),
    ((1,), 0),
    ((4097,), 0),
    ((300_007,), None),
    ((3, 140_001), 1),
    ((37, 41), 1),
    ((37, 41), 0),
    ((5001, 3), 0),
    ((5, 131, 7), 1),
    ((67, 2051), 0),
    ((3, 50, 65), 1),
    ((20, 9001), 1),
    ((3, 5, 1), 2),
    ((1, 40), 0),
]
NAMES = ["amax", "amin", "argmax", "argmin"]


def few_values(shape, dtype):
    """Numbers of which many are equal."""
    return np.random.default_rng(0).integers(-50, 50, shape).astype(dtype)


def assert_equal_to_reference(name, x, axis, keepdims=False):
    ours = getattr(kernels, name)(x, axis, keepdims)
    expected = getattr(references, name)(x, axis, keepdims)
    assert ours.dtype == (np.int64 if name.startswith("arg") else x.dtype)
    np.testing.assert_array_equal(ours, expected)
    assert ours.shape == expected.shape


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_first_of_equals(name, shape, axis, keepdims, dtype):
    assert_equal_to_reference(name, few_values(shape, dtype), axis, keepdims)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_first_nan_is_beyond_all(name, shape, axis, dtype):
    x = few_values(shape, dtype)
    x.flat[:: max(x.size // 7, 2)] = np.nan
    x.flat[1::31] = np.inf
    x.flat[2::37] = -np.inf
    assert_equal_to_reference(name, x, axis)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 0.0])
def test_all_the_same(name, value, dtype):
    for shape, axis in SHAPES[:3] + SHAPES[5:9]:
        assert_equal_to_reference(name, np.full(shape, value, dtype), axis)


@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize(
    "axes", [axes for n in range(5) for axes in itertools.combinations(range(4), n)]
)
def test_any_axes(name, axes, dtype):
    assert_equal_to_reference(name, few_values((3, 4, 5, 6), dtype), axes)


@pytest.mark.parametrize("name", NAMES)
def test_place_in_every_position(name, dtype):
    """The place is found wherever it is, in vectors, spans and pieces."""
    for n in (1, 15, 16, 17, 63, 64, 65, 130):
        for at in range(n):
            x = np.zeros(n, dtype)
            x[at] = 1 if name.endswith("max") else -1
            assert_equal_to_reference(name, x, 0)
            assert_equal_to_reference(name, np.tile(x[:, None], 3), 0)


@pytest.mark.parametrize("name", ["amax", "amin"])
def test_no_results(name, dtype):
    assert getattr(kernels, name)(np.zeros((0, 3), dtype), 1).shape == (0,)


@pytest.mark.parametrize("n", [0, 1, 15, 33, 1000, 200_003])
@pytest.mark.parametrize("limits", [(-1, 1), (None, 0.5), (0.25, None), (1, -1), (None, None)])
def test_clamp(n, limits, dtype):
    x = np.random.default_rng(0).standard_normal(n).astype(dtype)
    x[::7], x[1::11], x[2::13] = np.nan, np.inf, -np.inf
    x[3::5] = 1
    grad = np.random.default_rng(1).standard_normal(n).astype(dtype)
    ours = kernels.clamp(x, *limits)
    np.testing.assert_array_equal(ours, references.clamp(x, *limits).astype(dtype))
    gx = kernels.clamp_grad(grad, x, *limits)
    np.testing.assert_array_equal(gx, references.clamp_grad(grad, x, *limits).astype(dtype))


@pytest.mark.parametrize("n", [0, 1, 15, 33, 1000, 200_003])
def test_where(n, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, n)).astype(dtype)
    a[::7] = np.nan
    condition, one, two = rng.random(n) < 0.5, np.array(1, dtype), np.array(2, dtype)
    for x, y in ((a, b), (a, two), (one, b), (one, two)):
        ours = kernels.where(condition, x, y)
        np.testing.assert_array_equal(ours, references.where(condition, x, y).astype(dtype))


def test_where_counts_no_byte_but_zero_as_false(dtype):
    odd = np.arange(256, dtype=np.uint8).view(bool)
    ours = kernels.where(odd, np.ones(256, dtype), np.zeros(256, dtype))
    np.testing.assert_array_equal(ours, np.arange(256) > 0)


def test_clamp_streams_past_the_caches(dtype):
    x = np.random.default_rng(0).standard_normal(6_000_001).astype(dtype)
    np.testing.assert_array_equal(kernels.clamp(x, -1, 1), np.clip(x, -1, 1))
    np.testing.assert_array_equal(
        kernels.where(x > 0, x, np.array(0, dtype)), np.where(x > 0, x, 0)
    )


@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize("shape", [(3401, 3109), (7001, 1601)])
def test_rows_from_memory_are_read_whole(name, shape):
    """More than the caches hold: the best of blocks of rows. NaN passes from each of them."""
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    x[:: shape[0] // 9, :10].flat[::11] = np.nan
    ours = assert_same_for_threads(lambda: getattr(kernels, name)(x, 0))
    np.testing.assert_array_equal(ours, getattr(np, name)(x, 0))
