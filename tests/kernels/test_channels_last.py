"""The implicit algorithm where it turns its source, so that lanes run along channels."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.calls_of_convolutions import of_direction
from einkorn.testing.threads import kernel_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: x, weight, options: maps too narrow for registers of pixels, whose rows of a tile are pixels or
#: images; phases of a stride; taps that meet padding alone; groups; and results of several blocks.
SHAPES = {
    "by images": ((13, 33, 3, 2), (70, 33, 3, 3), {"padding": 1}),
    "by pixels": ((2, 40, 5, 13), (33, 40, 3, 3), {"stride": 2, "padding": 1}),
    "phases": ((9, 34, 5, 5), (48, 34, 5, 5), {"stride": 3, "padding": 1}),
    "pixels that no tap meets": ((7, 32, 7, 6), (17, 32, 2, 2), {"stride": 3}),
    "no tap at all": ((8, 32, 1, 1), (20, 32, 2, 2), {"padding": 2, "stride": 3, "dilation": 4}),
    "dilated": ((3, 20, 9, 7), (80, 20, 3, 3), {"stride": 2, "padding": 3, "dilation": (2, 3)}),
    "groups": ((8, 66, 4, 3), (36, 33, 3, 2), {"padding": 1, "groups": 2}),
    "blocks of rows": ((1, 24, 61, 11), (66, 24, 4, 4), {"stride": 2}),
    "one window": ((2, 20, 9, 9), (260, 10, 9, 9), {"groups": 2}),
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
    actual = getattr(kernels, direction)(*given, algorithm="implicit", **parameters)
    assert_close(actual, getattr(references, direction)(*given, **parameters))


@pytest.mark.parametrize("name", ["by images", "by pixels", "phases"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_is_the_same_for_every_number_of_threads(direction, name):
    given, parameters = arguments(direction, name)

    def compute(threads):
        with kernel_threads(threads):
            return getattr(kernels, direction)(*given, algorithm="implicit", **parameters)

    np.testing.assert_array_equal(compute(1), compute(2), strict=True)


def test_bias_and_activation_of_a_transposed_convolution():
    rng = np.random.default_rng(1)
    x, weight, bias = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((9, 40, 3, 3), (40, 18, 4, 4), (18,))
    )
    options = {"stride": 2, "padding": 1}
    actual = kernels.conv_transpose2d(
        x, weight, bias, activation="relu", algorithm="implicit", **options
    )
    expected = references.conv_transpose2d(x, weight, bias, **options)
    assert_close(actual, np.maximum(expected, 0))
