"""Convolution by the matrix of windows: where blocks of images end, and which taps take part."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.calls_of_convolutions import of_direction
from einkorn.testing.threads import kernel_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: x, weight, options: one image and several to a block, blocks that do not come out even, taps that
#: meet padding alone at either end or in between, and rows of windows of every length.
SHAPES = {
    "one image": ((1, 5, 9, 8), (7, 5, 3, 3), {"stride": 3, "padding": 1}),
    "many images": ((9, 6, 6, 7), (5, 6, 2, 2), {"stride": 2}),
    "uneven blocks": ((7, 40, 40, 41), (3, 40, 4, 4), {"stride": 2, "padding": 1}),
    "images over a block": ((3, 24, 130, 65), (2, 24, 5, 5), {"padding": 2, "stride": 2}),
    "no tap at the ends": ((3, 4, 2, 1), (6, 4, 5, 7), {"padding": (2, 3), "stride": 2}),
    "no tap in between": ((2, 3, 1, 1), (4, 3, 6, 6), {"padding": 4, "stride": 3}),
    "no tap at all": ((2, 3, 1, 1), (4, 3, 2, 2), {"padding": 2, "stride": 3, "dilation": 4}),
    "wide windows": ((2, 2, 7, 300), (5, 2, 7, 7), {"padding": 3, "stride": (1, 2)}),
    "stride over kernel": ((2, 3, 17, 19), (4, 3, 2, 2), {"stride": 5}),
    "dilated": ((3, 4, 21, 22), (6, 4, 3, 3), {"stride": 2, "padding": 3, "dilation": (3, 2)}),
    "patches": ((2, 3, 32, 48), (20, 3, 16, 16), {"stride": 16}),
    "rows of one": ((11, 13, 4, 4), (17, 13, 4, 4), {}),
}
DIRECTIONS = ["conv2d", "conv2d_input_grad", "conv2d_weight_grad"]


def arguments(direction, name, dtype=np.float32):
    x_shape, weight_shape, parameters = SHAPES[name]
    return of_direction(direction, x_shape, weight_shape, dtype, **parameters), parameters


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_equals_reference(direction, name, dtype):
    given, parameters = arguments(direction, name, dtype)
    actual = getattr(kernels, direction)(*given, algorithm="unfold", **parameters)
    assert_close(actual, getattr(references, direction)(*given, **parameters))


def test_weights_that_no_tap_uses_have_a_gradient():
    """Of one image nothing is unfolded then, and no workspace is asked for."""
    grad, x = np.ones((1, 16, 1, 9), np.float32), np.ones((1, 8, 1, 9), np.float32)
    out = np.full((16, 8, 5, 5), np.nan, np.float32)
    options = {"stride": (5, 1), "padding": (5, 2), "dilation": (2, 1), "algorithm": "unfold"}
    kernels.conv2d_weight_grad(grad, x, out.shape, out=out, **options)
    np.testing.assert_array_equal(out, 0)


@pytest.mark.parametrize("stride", [1, 2, 3, (2, 1), 4])
def test_transposed_equals_reference(stride):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3, 6, 9, 8)).astype(np.float32)
    weight = rng.standard_normal((6, 5, 4, 4)).astype(np.float32)
    bias = rng.standard_normal(5).astype(np.float32)
    options = {"stride": stride, "padding": 1, "activation": "relu"}
    actual = kernels.conv_transpose2d(x, weight, bias, algorithm="unfold", **options)
    assert_close(actual, references.conv_transpose2d(x, weight, bias, **options))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_is_the_same_for_every_number_of_threads(direction, name):
    given, parameters = arguments(direction, name)

    def compute(threads):
        with kernel_threads(threads):
            return getattr(kernels, direction)(*given, algorithm="unfold", **parameters)

    np.testing.assert_array_equal(compute(1), compute(2), strict=True)


@pytest.mark.parametrize("name", ["many images", "one image", "no tap at the ends"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_writes_nothing_but_its_result(direction, name):
    given, parameters = arguments(direction, name)
    call = getattr(kernels, direction)
    shape = call(*given, algorithm="unfold", **parameters).shape
    size = int(np.prod(shape))
    memory = np.full(size + 1000, 7, np.float32)
    out = memory[500 : 500 + size].reshape(shape)
    call(*given, algorithm="unfold", out=out, **parameters)
    assert (memory[:500] == 7).all()
    assert (memory[500 + size :] == 7).all()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_images_leave_nothing_and_no_gradient(direction):
    x, weight, grad = np.zeros((0, 3, 5, 5)), np.ones((2, 3, 3, 3)), np.zeros((0, 2, 3, 3))
    given = {
        "conv2d": (x, weight),
        "conv2d_input_grad": (grad, weight, x.shape),
        "conv2d_weight_grad": (grad, x, weight.shape),
    }
    actual = getattr(kernels, direction)(*given[direction], algorithm="unfold")
    assert (actual == 0).all()


def test_serves_one_group_alone():
    with pytest.raises(ValueError, match="algorithm"):
        kernels.conv2d(np.zeros((1, 4, 5, 5)), np.zeros((4, 2, 3, 3)), groups=2, algorithm="unfold")


def test_an_infinity_stays_in_its_windows():
    given, parameters = arguments("conv2d", "many images")
    given[0][4, 2, 3, 5] = np.inf
    actual = kernels.conv2d(*given, algorithm="unfold", **parameters)
    unbounded = np.unique(np.argwhere(~np.isfinite(actual))[:, [0, 2, 3]], axis=0)
    np.testing.assert_array_equal(unbounded, [[4, 1, 2]])
