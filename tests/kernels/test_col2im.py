"""Input gradients as the adjoint of im2col: what is added where, and where the work is cut."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.threads import kernel_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: x, weight, options: several bands of windows, more gradients than one tile adds up, blocks
#: of channels that do not come out even, and taps that meet no pixel, or not all of them.
SHAPES = {
    "bands": ((1, 3, 61, 67), (9, 3, 11, 11), {"stride": 4, "padding": 2}),
    "wide windows": ((2, 2, 40, 300), (5, 2, 7, 7), {"stride": 2, "padding": 3}),
    "many gradients": ((1, 5, 9, 8), (600, 5, 3, 3), {"padding": 1}),
    "uneven blocks": ((1, 19, 7, 9), (6, 19, 2, 3), {}),
    "one row of taps": ((2, 7, 1, 50), (8, 7, 1, 5), {"padding": (0, 2)}),
    "stride over kernel": ((1, 3, 17, 19), (4, 3, 2, 2), {"stride": 3}),
    "strides differ": ((1, 5, 17, 19), (4, 5, 3, 5), {"stride": (1, 3), "padding": (1, 2)}),
    "dilated": ((1, 4, 21, 22), (6, 4, 3, 3), {"stride": 2, "padding": 3, "dilation": (3, 2)}),
    "padding over kernel": ((1, 2, 4, 5), (3, 2, 3, 3), {"padding": (6, 7)}),
    "groups": ((2, 12, 10, 11), (18, 4, 5, 5), {"padding": 2, "groups": 3}),
    "large planes": ((1, 2, 260, 270), (3, 2, 3, 3), {"padding": 1}),
}


def arguments(name, dtype=np.float32):
    x_shape, weight_shape, parameters = SHAPES[name]
    rng = np.random.default_rng(0)
    weight = rng.standard_normal(weight_shape).astype(dtype)
    shape = references.conv2d(np.zeros(x_shape, dtype), weight, **parameters).shape
    return rng.standard_normal(shape).astype(dtype), weight, x_shape, parameters


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SHAPES)
def test_equals_reference(name, dtype):
    grad, weight, x_shape, parameters = arguments(name, dtype)
    actual = kernels.conv2d_input_grad(grad, weight, x_shape, algorithm="col2im", **parameters)
    assert_close(actual, references.conv2d_input_grad(grad, weight, x_shape, **parameters))


@pytest.mark.parametrize("stride", [1, 2, 3, (2, 1), 4])
def test_transposed_equals_reference(stride):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 6, 9, 8)).astype(np.float32)
    weight = rng.standard_normal((6, 5, 4, 4)).astype(np.float32)
    bias = rng.standard_normal(5).astype(np.float32)
    options = {"stride": stride, "padding": 1, "activation": "relu"}
    actual = kernels.conv_transpose2d(x, weight, bias, algorithm="col2im", **options)
    assert_close(actual, references.conv_transpose2d(x, weight, bias, **options))


@pytest.mark.parametrize("name", SHAPES)
def test_is_the_same_for_every_number_of_threads(name):
    grad, weight, x_shape, parameters = arguments(name)

    def compute(threads):
        with kernel_threads(threads):
            return kernels.conv2d_input_grad(
                grad, weight, x_shape, algorithm="col2im", **parameters
            )

    np.testing.assert_array_equal(compute(1), compute(2), strict=True)


def test_an_infinity_stays_in_its_windows():
    grad, weight, x_shape, parameters = arguments("wide windows")
    grad[0, 0, 3, -1] = np.inf
    actual = kernels.conv2d_input_grad(grad, weight, x_shape, algorithm="col2im", **parameters)
    unbounded = np.argwhere(~np.isfinite(actual))
    rows, columns = unbounded[:, 2], unbounded[:, 3]
    assert set(unbounded[:, 0]) == {0}
    assert (rows.min(), rows.max()) == (3, 9)
    assert (columns.min(), columns.max()) == (2 * grad.shape[-1] - 5, 299)


def test_writes_nothing_but_its_result():
    grad, weight, x_shape, parameters = arguments("bands")
    size = int(np.prod(x_shape))
    memory = np.full(size + 1000, 7, np.float32)
    out = memory[500 : 500 + size].reshape(x_shape)
    kernels.conv2d_input_grad(grad, weight, x_shape, algorithm="col2im", out=out, **parameters)
    assert (memory[:500] == 7).all()
    assert (memory[500 + size :] == 7).all()


@pytest.mark.parametrize("function", ["conv2d", "conv2d_weight_grad"])
def test_serves_input_gradients_alone(function):
    x, weight = np.zeros((1, 2, 5, 5)), np.zeros((3, 2, 3, 3))
    given = (x, weight) if function == "conv2d" else (np.zeros((1, 3, 3, 3)), x, weight.shape)
    with pytest.raises(ValueError, match="algorithm"):
        getattr(kernels, function)(*given, algorithm="col2im")
