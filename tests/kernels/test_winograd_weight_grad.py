"""The weight gradient by Winograd's transforms: shapes that strain it, its error, its order."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: x, weight, options: every kernel size, strides whose phases differ in taps, maps that tiles do
#: not divide, channels that vectors do not, and blocks of tiles that do not come out even.
SHAPES = {
    "3x3": ((2, 16, 14, 14), (32, 16, 3, 3), {"padding": 1}),
    "odd channels, odd map": ((1, 72, 37, 37), (88, 72, 3, 3), {"padding": 1}),
    "one channel": ((1, 1, 9, 9), (1, 1, 3, 3), {}),
    "smaller than a tile": ((1, 3, 2, 2), (4, 3, 3, 3), {"padding": 1}),
    "one pixel": ((3, 5, 3, 3), (70, 5, 3, 3), {}),
    "wide": ((1, 2, 5, 300), (3, 2, 3, 3), {"padding": 1}),
    "tall": ((1, 2, 300, 5), (3, 2, 3, 3), {"padding": 1}),
    "padding over tiles": ((1, 20, 23, 20), (24, 20, 3, 3), {"padding": (5, 9)}),
    "many small images": ((100, 40, 7, 7), (65, 40, 3, 3), {"padding": 1}),
    "one block": ((10, 64, 30, 32), (48, 64, 4, 4), {"stride": 2, "padding": 1}),
    "two parts": ((3, 48, 62, 63), (81, 48, 3, 3), {"padding": 1}),
    "2x2": ((2, 20, 13, 13), (30, 20, 2, 2), {}),
    "4x4": ((2, 20, 13, 13), (30, 20, 4, 4), {"padding": 2}),
    "5x5 grouped": ((2, 36, 13, 13), (18, 12, 5, 5), {"padding": 2, "groups": 3}),
    "3x3 s2": ((2, 24, 15, 15), (24, 24, 3, 3), {"stride": 2, "padding": 1}),
    "4x4 s2": ((2, 21, 16, 16), (40, 21, 4, 4), {"stride": 2, "padding": 1}),
    "5x5 s3": ((1, 30, 23, 22), (33, 30, 5, 5), {"stride": 3, "padding": 2}),
    "6x6 s2": ((2, 33, 21, 19), (50, 33, 6, 6), {"stride": 2, "padding": 2}),
    "7x7 s2": ((2, 3, 30, 30), (16, 3, 7, 7), {"stride": 2, "padding": 3}),
    "11x11 s4": ((1, 3, 51, 51), (17, 3, 11, 11), {"stride": 4}),
    "dilated": ((2, 20, 21, 22), (24, 20, 3, 3), {"padding": 2, "dilation": 2}),
    "dilated 5x5": ((1, 7, 30, 31), (9, 7, 5, 5), {"padding": 3, "dilation": 3}),
    "dilation over the map": ((2, 5, 9, 9), (4, 5, 3, 3), {"padding": 4, "dilation": 4}),
    "eight points, 2x2": ((1, 33, 7, 36), (40, 33, 2, 2), {}),
    "eight points, 3x3": ((2, 20, 9, 34), (40, 20, 3, 3), {"padding": 1}),
    "eight points, 4x4": ((2, 20, 13, 35), (36, 20, 4, 4), {"padding": 2}),
    "eight points, 5x5": ((1, 40, 13, 26), (65, 40, 5, 5), {"padding": 2}),
    "seven points, 3x3": ((2, 32, 15, 20), (48, 32, 3, 3), {"padding": 1}),
    "seven points, 5x5": ((1, 40, 12, 15), (40, 40, 5, 5), {"padding": 2}),
    "eight points, 7x7 s2": ((1, 12, 40, 50), (30, 12, 7, 7), {"stride": 2, "padding": 3}),
    "eight points, dilated": ((1, 20, 21, 57), (24, 20, 3, 3), {"padding": 2, "dilation": 2}),
    "rest of the image unseen": ((1, 4, 30, 29), (5, 4, 7, 7), {"stride": 4}),
}


def arguments(x_shape, weight_shape, parameters, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(x_shape).astype(np.float32)
    shape = references.conv2d(x, np.zeros(weight_shape, np.float32), **parameters).shape
    return rng.standard_normal(shape).astype(np.float32), x, weight_shape


@pytest.mark.parametrize("name", SHAPES)
def test_equals_reference(name):
    x_shape, weight_shape, parameters = SHAPES[name]
    call = arguments(x_shape, weight_shape, parameters)
    actual = kernels.conv2d_weight_grad(*call, algorithm="winograd", **parameters)
    assert_close(actual, references.conv2d_weight_grad(*call, **parameters))


def test_writes_nothing_but_its_result():
    _, weight_shape, parameters = SHAPES["4x4 s2"]
    call = arguments(*SHAPES["4x4 s2"])
    size = np.prod(weight_shape)
    memory = np.full(size + 1000, 7, np.float32)
    out = memory[500 : 500 + size].reshape(weight_shape)
    kernels.conv2d_weight_grad(*call, algorithm="winograd", out=out, **parameters)
    assert (memory[:500] == 7).all()
    assert (memory[500 + size :] == 7).all()


@pytest.mark.parametrize(
    "name", ["odd channels, odd map", "many small images", "7x7 s2", "one block", "two parts"]
)
def test_bits_do_not_depend_on_threads(name):
    call, parameters = arguments(*SHAPES[name]), SHAPES[name][2]
    assert_same_for_threads(
        lambda: kernels.conv2d_weight_grad(*call, algorithm="winograd", **parameters)
    )


#: The sum runs over tiles, so that their number matters and not that of channels.
@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "stride", "bound"),
    [
        ((1, 512, 16, 16), (8, 512, 3, 3), 1, 1e-5),
        ((1, 2048, 8, 8), (4, 2048, 3, 3), 1, 2e-5),
        ((16, 8, 112, 112), (4, 8, 3, 3), 1, 1e-5),
        ((1, 64, 24, 36), (64, 64, 2, 2), 1, 1e-5),
        ((4, 64, 24, 36), (64, 64, 4, 4), 1, 1e-5),
        ((4, 32, 28, 28), (48, 32, 5, 5), 1, 1e-5),
        ((16, 4, 84, 84), (32, 4, 5, 5), 1, 1e-5),
        ((4, 3, 224, 224), (64, 3, 7, 7), 2, 1e-5),
    ],
)
def test_error_bound(isa, x_shape, weight_shape, stride, bound):
    parameters = {"padding": weight_shape[2] // 2, "stride": stride}
    call = arguments(x_shape, weight_shape, parameters)
    expected = references.conv2d_weight_grad(
        *[np.float64(a) for a in call[:2]], weight_shape, **parameters
    )
    actual = kernels.conv2d_weight_grad(*call, algorithm="winograd", **parameters)
    error = np.abs(actual - expected).max() / np.abs(expected).max()
    assert error <= bound, error


def test_no_images_make_no_gradient():
    call = (np.zeros((0, 4, 8, 8), np.float32), np.zeros((0, 3, 8, 8), np.float32), (4, 3, 3, 3))
    actual = kernels.conv2d_weight_grad(*call, padding=1, algorithm="winograd")
    np.testing.assert_array_equal(actual, np.zeros((4, 3, 3, 3)))


@pytest.mark.parametrize(
    "parameters",
    [{"stride": 3}, {"stride": 2, "dilation": 2}, {"stride": (1, 2)}, {"dilation": (1, 2)}],
)
def test_refuses_what_it_cannot_run(parameters):
    call = arguments((1, 3, 9, 9), (4, 3, 3, 3), parameters)
    with pytest.raises(ValueError, match="algorithm"):
        kernels.conv2d_weight_grad(*call, algorithm="winograd", **parameters)


def test_float64_and_strict_stay_direct():
    shapes = ((8, 64, 28, 28), (8, 64, 28, 28), (64, 64, 3, 3))
    chosen = kernels.algorithms("conv2d_weight_grad", *shapes, padding=1)
    assert chosen["auto"] == "winograd"
    listing = kernels.algorithms("conv2d_weight_grad", *shapes, padding=1, dtype="float64")
    assert "winograd" not in listing
    grad, x, weight_shape = arguments((2, 16, 14, 14), (16, 16, 3, 3), {"padding": 1})
    strict = kernels.conv2d_weight_grad(grad, x, weight_shape, padding=1, precision="strict")
    expected = references.conv2d_weight_grad(grad, x, weight_shape, padding=1)
    assert np.abs(strict - expected).max() <= 5e-7 * np.abs(expected).max()
