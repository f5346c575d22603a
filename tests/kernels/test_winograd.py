"""Winograd's convolution: every form of it, its error bound, and when it may run."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: x, weight and options: sizes that fill no tile, register or block of filters evenly.
CASES = {
    "3x3": ((2, 16, 12, 12), (32, 16, 3, 3), {"padding": 1}),
    "odd channels": ((1, 72, 37, 37), (88, 72, 3, 3), {"padding": 1}),
    "one channel": ((2, 1, 9, 9), (1, 1, 3, 3), {"padding": 1}),
    "one filter": ((1, 20, 6, 7), (1, 20, 3, 3), {}),
    "one pixel": ((5, 33, 1, 1), (17, 33, 3, 3), {"padding": 1}),
    "5x5 maps": ((7, 24, 5, 5), (40, 24, 3, 3), {"padding": 1}),
    # Tiles of six points and of eight, with and without the last, for two and more taps.
    "13x13 maps": ((3, 24, 13, 13), (40, 24, 3, 3), {"padding": 1}),
    "tall": ((2, 40, 38, 9), (40, 40, 3, 3), {"padding": 1}),
    "broad": ((2, 40, 9, 38), (40, 40, 3, 3), {"padding": 1}),
    "many 2x2": ((2, 40, 36, 36), (40, 40, 2, 2), {}),
    "many 5x5": ((2, 40, 36, 36), (40, 40, 5, 5), {"padding": 2}),
    "padding over kernel": ((1, 5, 4, 3), (7, 5, 3, 3), {"padding": (5, 4)}),
    "asymmetric": ((2, 6, 3, 70), (9, 6, 3, 3), {"padding": (0, 2)}),
    "wide": ((1, 3, 7, 401), (4, 3, 3, 3), {"padding": 1}),
    "2x2": ((2, 9, 11, 10), (20, 9, 2, 2), {}),
    "4x4": ((1, 9, 11, 13), (20, 9, 4, 4), {"padding": 1}),
    "5x5": ((1, 8, 15, 17), (20, 8, 5, 5), {"padding": 2}),
    "1x3": ((2, 9, 8, 21), (9, 9, 1, 3), {"padding": (0, 1)}),
    "5x2": ((2, 9, 8, 21), (9, 9, 5, 2), {}),
    "3x3 s2": ((2, 20, 15, 14), (24, 20, 3, 3), {"stride": 2, "padding": 1}),
    "7x7 s2": ((1, 3, 30, 31), (18, 3, 7, 7), {"stride": 2, "padding": 3}),
    "11x11 s4": ((1, 3, 43, 47), (17, 3, 11, 11), {"stride": 4, "padding": 2}),
    "4x4 s2": ((2, 20, 16, 18), (24, 20, 4, 4), {"stride": 2, "padding": 1}),
    # Passes of the input gradient that spare a point, of two to four taps.
    "4x4 s2 of eights": ((2, 20, 16, 32), (24, 20, 4, 4), {"stride": 2, "padding": 1}),
    "6x6 s2": ((2, 20, 6, 12), (24, 20, 6, 6), {"stride": 2, "padding": 2}),
    "8x8 s2": ((1, 20, 4, 8), (24, 20, 8, 8), {"stride": 2, "padding": 3}),
    "many 4x4 s2 of eights": ((1, 160, 16, 16), (168, 160, 4, 4), {"stride": 2, "padding": 1}),
    "stride over kernel": ((1, 3, 17, 19), (4, 3, 2, 2), {"stride": 3}),
    "strides differ": ((1, 5, 17, 19), (4, 5, 3, 5), {"stride": (1, 3), "padding": (1, 2)}),
    "dilated": ((2, 8, 14, 13), (8, 8, 3, 3), {"padding": 3, "dilation": (3, 2)}),
    "dilated s2": ((1, 8, 14, 13), (8, 8, 3, 3), {"stride": 2, "padding": 2, "dilation": 2}),
    "grouped": ((2, 48, 9, 9), (36, 16, 3, 3), {"padding": 1, "groups": 3}),
    # So many filters that they are transformed a block at a time.
    "many filters": ((2, 304, 7, 7), (312, 304, 3, 3), {"padding": 1}),
    "many filters s2": ((1, 208, 9, 9), (224, 208, 3, 3), {"stride": 2, "padding": 1}),
    "many 4x4 s2": ((1, 160, 10, 10), (168, 160, 4, 4), {"stride": 2, "padding": 1}),
    "many in groups": ((2, 600, 5, 5), (304, 300, 3, 3), {"padding": 1, "groups": 2}),
}


def normal(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


def relative_error(actual, expected):
    return np.abs(actual - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
@pytest.mark.parametrize("case", CASES)
def test_forward_equals_reference(case, activation):
    x_shape, weight_shape, options = CASES[case]
    x, weight, bias = normal(x_shape, weight_shape, weight_shape[:1])
    weight /= np.sqrt(weight[0].size)  # tanh would hide, or single out, what is large
    options = options | {"activation": activation}
    for vector in (None, bias) if activation is None else (bias,):
        actual = kernels.conv2d(x, weight, vector, algorithm="winograd", **options)
        assert_close(actual, references.conv2d(x, weight, vector, **options))


@pytest.mark.parametrize("case", CASES)
def test_input_gradient_equals_reference(case):
    x_shape, weight_shape, options = CASES[case]
    x, weight = normal(x_shape, weight_shape)
    (grad,) = normal(references.conv2d(x, weight, **options).shape, seed=1)
    actual = kernels.conv2d_input_grad(grad, weight, x_shape, algorithm="winograd", **options)
    assert_close(actual, references.conv2d_input_grad(grad, weight, x_shape, **options))


@pytest.mark.parametrize("stride", [1, 2, 3, (2, 1), 4])
@pytest.mark.parametrize("kernel", [2, 3, 4, (3, 5)])
def test_transposed_equals_reference(kernel, stride):
    rows, columns = np.broadcast_to(kernel, 2)
    x, weight, bias = normal((2, 12, 7, 9), (12, 18, rows, columns), (18,))
    options = {"stride": stride, "padding": 1, "activation": "relu"}
    actual = kernels.conv_transpose2d(x, weight, bias, algorithm="winograd", **options)
    assert_close(actual, references.conv_transpose2d(x, weight, bias, **options))


# Small maps are cut into tiles of six points, larger ones into tiles of eight.
@pytest.mark.parametrize("channels", [32, 128, 512, 2048])
@pytest.mark.parametrize("size", [2, 3, 4, 5])
@pytest.mark.parametrize("pixels", [9, 24])
def test_error_bound(channels, size, pixels):
    """What `set_precision` promises."""
    x, weight = normal((1, channels, pixels, pixels), (16, channels, size, size))
    bound = 1e-5 if channels <= 512 else 2e-5
    y = references.conv2d(x, weight, padding=1)
    assert relative_error(kernels.conv2d(x, weight, padding=1, algorithm="winograd"), y) < bound
    x_grad = kernels.conv2d_input_grad(
        *(x, weight.transpose(1, 0, 2, 3)),
        (1, 16, pixels + size - 1, pixels + size - 1),
        algorithm="winograd",
    )
    expected = references.conv_transpose2d(x, weight.transpose(1, 0, 2, 3))
    assert relative_error(x_grad, expected) < bound


def test_more_tiles_than_are_kept_at_once():
    x, weight, bias = normal((76, 304, 7, 7), (312, 304, 3, 3), (312,))
    actual, expected = (
        kernels.conv2d(x, weight, bias, padding=1, algorithm=name)
        for name in ("winograd", "implicit")
    )
    assert_close(actual, expected)


THREADED = ["odd channels", "5x5 maps", "4x4 s2 of eights", "grouped", "wide", "many filters"]


@pytest.mark.parametrize("case", THREADED)
def test_bits_do_not_depend_on_the_number_of_threads(case):
    x_shape, weight_shape, options = CASES[case]
    x, weight = normal(x_shape, weight_shape)

    def compute():
        y = kernels.conv2d(x, weight, algorithm="winograd", **options)
        return y, kernels.conv2d_input_grad(y, weight, x_shape, algorithm="winograd", **options)

    assert_same_for_threads(compute)


LAYER = ((4, 64, 28, 28), (64, 64, 3, 3))


def test_auto_takes_it_where_it_is_cheaper():
    for function, shapes in [("conv2d", LAYER), ("conv2d_input_grad", (*LAYER, LAYER[0]))]:
        assert kernels.algorithms(function, *shapes, padding=1)["auto"] == "winograd"
    # A transform costs more than it saves where each is used but once or twice.
    few = kernels.algorithms("conv2d", (1, 1, 28, 28), (2, 1, 3, 3))
    assert few["auto"] != "winograd"
    assert few["winograd"] == "winograd"


def test_strict_and_double_never_take_it():
    for options in ({"precision": "strict"}, {"dtype": "float64"}):
        listing = kernels.algorithms("conv2d", *LAYER, padding=1, **options)
        assert "winograd" not in {*listing, *listing.values()}
    x, weight = normal(*LAYER)
    with pytest.raises(ValueError, match="strict"):
        kernels.conv2d(x, weight, algorithm="winograd", precision="strict")
    with pytest.raises(ValueError, match="winograd"):
        kernels.conv2d(x.astype("f8"), weight.astype("f8"), algorithm="winograd")
    strict = kernels.conv2d(x, weight, padding=1, precision="strict")
    kernels.set_precision("strict")
    try:
        np.testing.assert_array_equal(kernels.conv2d(x, weight, padding=1), strict)
        loose = kernels.conv2d(x, weight, padding=1, precision="auto")
    finally:
        kernels.set_precision("auto")
    assert (loose != strict).any()


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "options"),
    [
        ((1, 4, 9, 9), (4, 4, 1, 1), {}),
        ((1, 4, 9, 9), (4, 4, 7, 7), {"padding": 3}),
        ((1, 4, 40, 40), (4, 4, 17, 17), {"stride": 4}),
        ((1, 4, 40, 40), (4, 4, 3, 3), {"stride": 17}),
        ((1, 4, 40, 40), (4, 4, 3, 3), {"dilation": 17}),
    ],
)
def test_shapes_without_such_a_form_are_refused(x_shape, weight_shape, options):
    assert "winograd" not in kernels.algorithms("conv2d", x_shape, weight_shape, **options)
    with pytest.raises(ValueError, match="winograd"):
        kernels.conv2d(*normal(x_shape, weight_shape), algorithm="winograd", **options)


def test_nan_reaches_every_output_that_sees_it():
    x, weight = normal((1, 2, 9, 9), (3, 2, 3, 3))
    x[0, 1, 4, 3] = np.nan
    actual = kernels.conv2d(x, weight, padding=1, algorithm="winograd", activation="relu")
    assert np.isnan(actual[:, :, 3:6, 2:5]).all()
