"""Sums and means over axes."""

import itertools

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: Shapes that take each way: rows, narrow columns side by side, blocks of rows and of columns.
SHAPES = [
    ((), ()),
    ((), None),
    ((1,), 0),
    ((7,), 0),
    ((0,), 0),
    ((3, 0, 2), 1),
    ((0, 5), 1),
    ((300_007,), None),
    ((3, 70_001), 1),
    ((37, 41), 1),
    ((37, 41), 0),
    ((70_001, 3), 0),
    ((5, 131, 7), 1),
    ((517, 129), 0),
    ((1031, 130), 0),
    ((67, 4099), 0),
    ((3, 2050, 65), 1),
    ((20, 33, 1030), 1),
    ((3, 5, 1), 2),
    ((67, 13), 1),
    ((4, 5, 6), ()),
]


def array(shape, dtype):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_equals_reference(name, shape, axis, keepdims, dtype):
    x = array(shape, dtype)
    ours = getattr(kernels, name)(x, axis, keepdims)
    expected = getattr(references, name)(x, axis, keepdims)
    assert ours.dtype == dtype
    assert ours.shape == expected.shape
    assert_close(ours, expected)


AXES = [axes for n in range(5) for axes in itertools.combinations(range(4), n)]


@pytest.mark.parametrize("axes", AXES)
def test_any_axes(axes, dtype):
    x = array((3, 5, 4, 7), dtype)
    assert_close(kernels.sum(x, axes), references.sum(x, axes))
    assert_close(kernels.mean(x, axes[::-1]), references.mean(x, axes))


@pytest.mark.parametrize(("shape", "axis"), [((300_007,), 0), ((9, 4099), 1), ((1030, 9), 0)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_pass(shape, axis, value, dtype):
    x = array(shape, dtype)
    x[tuple(n // 2 for n in shape)] = value
    np.testing.assert_array_equal(np.isfinite(kernels.sum(x, axis)), np.isfinite(x.sum(axis)))


def test_many_equal_numbers_keep_their_accuracy():
    """A running sum in float32 would stop at 2 ** 24."""
    x = np.ones((1 << 25,), np.float32)
    assert kernels.sum(x) == 1 << 25
    assert kernels.mean(x) == 1
    assert kernels.sum(x.reshape(-1, 2), 0).tolist() == [1 << 24, 1 << 24]


@pytest.mark.parametrize("shape", [(3401, 3109), (7001, 1601)])
def test_rows_from_memory_are_read_whole(shape):
    """More than the caches hold: blocks of rows, whose sums are added in their order."""
    x = array(shape, np.float32)
    assert_same_for_threads(lambda: kernels.sum(x, 0))
    np.testing.assert_allclose(kernels.sum(x, 0), x.sum(0, dtype=np.float64), atol=1e-3)


def test_gradient_by_central_differences():
    x, grad = array((3, 4, 5), np.float64), array((4,), np.float64)
    spread = np.broadcast_to(grad[:, None], x.shape)
    assert_gradients(lambda x: kernels.sum(x, (0, 2)), [x], grad, [spread])
    assert_gradients(lambda x: kernels.mean(x, (0, 2)), [x], grad, [spread / 15])
