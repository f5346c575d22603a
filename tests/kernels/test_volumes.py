"""Convolution and pooling of volumes and signals against the references and PyTorch."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.calls_of_volumes import CALLS_OF_VOLUMES
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")


def normal(dtype, *shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def assert_alike(ours, theirs):
    if isinstance(theirs, tuple):
        for first, second in zip(ours, theirs, strict=True):
            assert_alike(first, second)
    elif theirs.dtype.kind == "i":
        np.testing.assert_array_equal(ours, theirs, strict=True)
    else:
        assert_close(ours, theirs)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("name", CALLS_OF_VOLUMES)
def test_equals_reference(name, seed, dtype):
    arguments = CALLS_OF_VOLUMES[name](np.random.default_rng(seed), dtype)
    expected = getattr(references, name)(**arguments)
    assert_alike(getattr(kernels, name)(**arguments), expected)


#: Shapes that take more than one stack, or none, or that hardly touch the input.
LAYERS = {
    "several stacks": ((2, 40, 9, 34, 35), (8, 40, 3, 3, 3), {"padding": 1}),
    "one image a stack": ((1, 80, 3, 130, 110), (4, 80, 3, 1, 3), {}),
    "kernel of one pixel": ((2, 5, 4, 3, 5), (6, 5, 1, 1, 1), {}),
    "kernel along the depth": (
        (2, 6, 7, 3, 5),
        (4, 3, 3, 1, 1),
        {"stride": (2, 1, 1), "groups": 2},
    ),
    "kernel of one pixel, strides": ((2, 5, 5, 7, 6), (6, 5, 1, 1, 1), {"stride": (2, 3, 2)}),
    "strides beyond the depth": (
        (2, 4, 6, 5, 8),
        (6, 2, 2, 1, 1),
        {"stride": (3, 2, 3), "padding": (1, 0, 0), "groups": 2},
    ),
    "kernel in the plane": ((2, 3, 4, 7, 6), (4, 3, 1, 3, 3), {"padding": (0, 1, 1)}),
    "whole depth": ((3, 4, 3, 6, 6), (5, 4, 3, 3, 3), {"padding": (0, 1, 1)}),
    "whole volume": ((3, 4, 3, 2, 4), (5, 4, 3, 2, 4), {}),
    "mostly padding": ((1, 2, 1, 2, 1), (3, 2, 3, 3, 3), {"padding": 4}),
    "stride over kernel": ((1, 2, 9, 8, 7), (3, 2, 2, 2, 2), {"stride": 4}),
    "depthwise": ((1, 6, 4, 5, 6), (6, 1, 3, 3, 3), {"padding": 1, "groups": 6}),
    "no sample": ((0, 2, 3, 3, 3), (3, 2, 2, 2, 2), {}),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_equal_torch(layer, dtype):
    x_shape, weight_shape, options = LAYERS[layer]
    x, weight = normal(dtype, *x_shape), normal(dtype, *weight_shape, seed=1)
    bias = normal(dtype, weight_shape[0], seed=2)
    y = kernels.conv3d(x, weight, bias, **options)
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(part.astype(np.float64), requires_grad=True) for part in (x, weight)]
    z = torch.nn.functional.conv3d(*tensors, torch.tensor(bias.astype(np.float64)), **options)
    assert_close(y, z.detach().numpy())
    grad = normal(dtype, *y.shape, seed=3)
    z.backward(torch.tensor(grad.astype(np.float64)))
    assert_close(
        kernels.conv3d_input_grad(grad, weight, x.shape, **options), tensors[0].grad.numpy()
    )
    assert_close(
        kernels.conv3d_weight_grad(grad, x, weight.shape, **options), tensors[1].grad.numpy()
    )


@pytest.mark.parametrize("name", ["conv3d", "conv_transpose3d"])
@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("biased", [False, True])
def test_bias_and_activation(name, activation, biased, dtype):
    x, weight = normal(dtype, 2, 3, 4, 4, 4), normal(dtype, 3, 3, 2, 2, 2)
    bias = normal(dtype, 3, seed=1) if biased else None
    expected = getattr(references, name)(x, weight, bias, activation=activation)
    assert_close(getattr(kernels, name)(x, weight, bias, activation=activation), expected)


@pytest.mark.parametrize("algorithm", ["im2col", "implicit", "direct", "winograd"])
def test_algorithms_can_be_forced(algorithm):
    x, weight = normal(np.float32, 1, 4, 3, 8, 8), normal(np.float32, 4, 4, 3, 3, 3)
    listed = kernels.algorithms("conv3d", x.shape, weight.shape, padding=1)
    assert listed[algorithm] == algorithm
    expected = references.conv3d(x, weight, padding=1)
    assert_close(kernels.conv3d(x, weight, padding=1, algorithm=algorithm), expected)


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "options"),
    [
        ((2, 5, 7, 13, 11), (19, 5, 3, 3, 3), {"padding": 1}),
        (
            (3, 6, 6, 9, 17),
            (8, 3, 2, 3, 3),
            {"stride": (3, 1, 1), "padding": (2, 0, 1), "groups": 2},
        ),
        ((2, 40, 5, 14, 15), (33, 40, 3, 3, 3), {"stride": 2, "padding": (3, 1, 1)}),
        ((1, 17, 9, 10, 30), (4, 17, 3, 3, 2), {"dilation": (3, 2, 1), "padding": (4, 0, 0)}),
        ((1, 2, 2, 40, 90), (3, 2, 2, 4, 4), {"stride": (1, 2, 2)}),
    ],
)
def test_winograd_reads_slices_where_they_lie(x_shape, weight_shape, options):
    x, weight = normal(np.float32, *x_shape), normal(np.float32, *weight_shape, seed=1)
    bias = normal(np.float32, weight_shape[0], seed=2)
    expected = references.conv3d(x, weight, bias, activation="relu", **options)
    out = np.full(expected.shape, np.nan, np.float32)
    forced = {**options, "algorithm": "winograd"}
    assert_close(kernels.conv3d(x, weight, bias, activation="relu", out=out, **forced), expected)
    grad = normal(np.float32, *expected.shape, seed=3)
    expected = references.conv3d_weight_grad(grad, x, weight_shape, **options)
    # Winograd's weight gradient asks for square windows of two to five taps.
    if weight_shape[3] == weight_shape[4]:
        assert_close(kernels.conv3d_weight_grad(grad, x, weight_shape, **forced), expected)


@pytest.mark.parametrize(
    ("x_shape", "size", "options"),
    [
        ((2, 3, 4, 6, 5), (3, 3, 3), {"padding": 1}),
        ((1, 5, 6, 7, 20), (2, 3, 3), {"padding": (0, 1, 1), "stride": (1, 2, 2)}),
        ((2, 4, 5, 4, 3), (3, 1, 2), {"padding": (2, 0, 1), "dilation": (2, 1, 1)}),
        ((0, 3, 4, 6, 5), (2, 2, 2), {}),
        ((3, 2, 8, 120, 90), (3, 3, 3), {"padding": 1}),
        ((1, 4, 8, 160, 150), (3, 3, 3), {"padding": 1}),
    ],
)
def test_depthwise(isa, x_shape, size, options, dtype):
    x = normal(dtype, *x_shape)
    weight, bias = normal(dtype, x_shape[1], 1, *size, seed=1), normal(dtype, x_shape[1], seed=2)
    options = {**options, "groups": x_shape[1]}
    expected = references.conv3d(x, weight, bias, activation="relu", **options)
    assert_close(kernels.conv3d(x, weight, bias, activation="relu", **options), expected)
    assert kernels.algorithms("conv3d", x_shape, weight.shape, **options)["auto"] == "depthwise"


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("conv3d_input_grad", [(1, 4, 2, 4, 4), (4, 3, 2, 2, 2), (1, 3, 3, 5, 5)]),
        ("conv3d_weight_grad", [(1, 4, 2, 4, 4), (1, 3, 3, 5, 5), (4, 3, 2, 2, 2)]),
        ("conv_transpose3d", [(1, 4, 2, 4, 4), (4, 3, 2, 2, 2)]),
        ("conv_transpose3d_input_grad", [(1, 3, 3, 5, 5), (4, 3, 2, 2, 2)]),
        ("conv_transpose3d_weight_grad", [(1, 3, 3, 5, 5), (1, 4, 2, 4, 4), (4, 3, 2, 2, 2)]),
        ("conv3d", [(1, 3, 3, 5, 5), (4, 3, 2, 1, 1)]),
    ],
)
def test_algorithms_are_listed(name, shapes):
    listed = kernels.algorithms(name, *shapes)
    assert listed["auto"] in listed


def test_gradients():
    x, weight = normal(np.float64, 1, 2, 3, 4, 3), normal(np.float64, 2, 1, 2, 2, 2)
    options = {"stride": (1, 2, 1), "padding": (1, 0, 1), "groups": 2}

    def convolve(x, weight):
        return kernels.conv3d(x, weight, **options)

    grad = normal(np.float64, *convolve(x, weight).shape, seed=2)
    gradients = (
        kernels.conv3d_input_grad(grad, weight, x.shape, **options),
        kernels.conv3d_weight_grad(grad, x, weight.shape, **options),
    )
    assert_gradients(convolve, [x, weight], grad, gradients)


def test_first_of_equals_and_nan_win(dtype):
    x = np.zeros((1, 1, 4, 4, 4), dtype)
    _, indices = kernels.max_pool3d(x, 2)
    np.testing.assert_array_equal(indices[0, 0, 0], [[0, 2], [8, 10]])
    np.testing.assert_array_equal(kernels.adaptive_max_pool3d(x, 2)[1], indices)
    x[0, 0, 1, 1, 1] = np.nan
    for values, indices in (kernels.max_pool3d(x, 2), kernels.adaptive_max_pool3d(x, 2)):
        assert np.isnan(values[0, 0, 0, 0, 0])
        assert indices[0, 0, 0, 0, 0] == 21


SIGNALS = {
    "max_pool1d": {"kernel_size": 3, "stride": 2, "padding": 1},
    "avg_pool1d": {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False},
    "adaptive_avg_pool1d": {"output_size": 4},
    "adaptive_max_pool1d": {"output_size": 4},
}


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("length", [3, 7, 40])
def test_signals_are_volumes_of_one_row(name, length, dtype):
    x = normal(dtype, 2, 3, length)
    options = SIGNALS[name]
    deep = {
        key: value if isinstance(value, bool) else (1 - (key == "padding"),) * 2 + (value,)
        for key, value in options.items()
    }
    expected = getattr(references, name.replace("1d", "3d"))(x[:, :, None, None], **deep)
    parts = expected if isinstance(expected, tuple) else (expected,)
    result = getattr(kernels, name)(x, **options)
    results = result if isinstance(result, tuple) else (result,)
    for ours, theirs in zip(results, parts, strict=True):
        assert_alike(ours, theirs[:, :, 0, 0])


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("conv3d", [(2, 16, 9, 31, 33), (12, 8, 3, 3, 3)], {"padding": 1, "groups": 2}),
        ("conv3d", [(2, 16, 9, 31, 33), (16, 1, 3, 3, 3)], {"padding": 1, "groups": 16}),
        ("conv3d", [(2, 33, 5, 31, 33), (40, 33, 3, 3, 3)], {"padding": 1, "stride": 2}),
        ("conv_transpose3d", [(2, 16, 5, 17, 18), (16, 6, 2, 4, 4)], {"stride": 2}),
        ("max_pool3d", [(2, 8, 9, 31, 33), 3], {"stride": 2}),
        ("avg_pool3d", [(2, 8, 9, 31, 33), 3], {"stride": 2}),
        ("adaptive_max_pool3d", [(2, 8, 9, 31, 33), 7], {}),
    ],
)
def test_bits_do_not_depend_on_the_number_of_threads(name, arguments, options, threads, dtype):
    filled = [normal(dtype, *part) if isinstance(part, tuple) else part for part in arguments]
    assert_same_for_threads(lambda: getattr(kernels, name)(*filled, **options), (1, threads))
