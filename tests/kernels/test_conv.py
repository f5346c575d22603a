"""Convolution, its gradients and relatives, against the references and PyTorch."""

import functools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, conv2d_cases, conv_transpose2d_cases
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")


def normal(dtype, *shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def check_conv2d(dtype, x_shape, weight_shape, parameters, seed=0):
    """Compare the convolution and both gradients with the references."""
    x, weight, bias = normal(dtype, x_shape, weight_shape, weight_shape[:1], seed=seed)
    y = kernels.conv2d(x, weight, bias, **parameters)
    assert_close(y, references.conv2d(x, weight, bias, **parameters), what="conv2d")
    (grad,) = normal(dtype, y.shape, seed=seed + 1)
    for name, other, shape in [
        ("conv2d_input_grad", weight, x_shape),
        ("conv2d_weight_grad", x, weight_shape),
    ]:
        actual = getattr(kernels, name)(grad, other, shape, **parameters)
        expected = getattr(references, name)(grad, other, shape, **parameters)
        assert_close(actual, expected, what=name)


def check_conv_transpose2d(dtype, x_shape, weight_shape, parameters, seed=0):
    """Compare the transposed convolution and both gradients with the references."""
    channels = weight_shape[1] * parameters.get("groups", 1)
    x, weight, bias = normal(dtype, x_shape, weight_shape, (channels,), seed=seed)
    y = kernels.conv_transpose2d(x, weight, bias, **parameters)
    expected = references.conv_transpose2d(x, weight, bias, **parameters)
    assert_close(y, expected, what="conv_transpose2d")
    (grad,) = normal(dtype, y.shape, seed=seed + 1)
    assert_close(
        kernels.conv_transpose2d_input_grad(grad, weight, **parameters),
        references.conv_transpose2d_input_grad(grad, weight, **parameters),
        what="input_grad",
    )
    assert_close(
        kernels.conv_transpose2d_weight_grad(grad, x, weight_shape, **parameters),
        references.conv_transpose2d_weight_grad(grad, x, weight_shape, **parameters),
        what="weight_grad",
    )


@settings(max_examples=80)
@given(conv2d_cases(), SEEDS)
def test_conv2d_equals_reference(dtype, case, seed):
    check_conv2d(dtype, *case.shapes, case.parameters, seed)


@settings(max_examples=80)
@given(conv_transpose2d_cases(), SEEDS)
def test_conv_transpose2d_equals_reference(dtype, case, seed):
    check_conv_transpose2d(dtype, *case.shapes, case.parameters, seed)


#: Layers of well-known networks, cut down in channels and size: the shapes kernels specialise in.
LAYERS = {
    "vgg 3x3": ((2, 16, 14, 14), (32, 16, 3, 3), {"padding": 1}),
    "resnet 1x1": ((2, 64, 7, 7), (40, 64, 1, 1), {}),
    "resnet 1x1 s2": ((2, 24, 9, 9), (40, 24, 1, 1), {"stride": 2}),
    "resnet 3x3 s2": ((1, 24, 15, 15), (24, 24, 3, 3), {"stride": 2, "padding": 1}),
    "resnet 7x7 s2": ((1, 3, 30, 30), (16, 3, 7, 7), {"stride": 2, "padding": 3}),
    "alexnet 11x11 s4": ((1, 3, 35, 35), (17, 3, 11, 11), {"stride": 4, "padding": 2}),
    "lenet 5x5": ((3, 1, 16, 16), (6, 1, 5, 5), {"padding": 2}),
    "inception 1x7": ((1, 9, 8, 12), (9, 9, 1, 7), {"padding": (0, 3)}),
    "dilated": ((1, 8, 12, 12), (8, 8, 3, 3), {"padding": 2, "dilation": 2}),
    "depthwise": ((2, 33, 8, 9), (33, 1, 3, 3), {"padding": 1, "groups": 33}),
    "depthwise s2 x2": ((1, 8, 9, 9), (16, 1, 3, 3), {"stride": 2, "padding": 1, "groups": 8}),
    "depthwise 5x5": ((2, 9, 14, 17), (9, 1, 5, 5), {"padding": 2, "groups": 9}),
    "depthwise 5x5 s2": ((1, 9, 28, 37), (9, 1, 5, 5), {"stride": 2, "padding": 2, "groups": 9}),
    "depthwise 7x7 map": ((3, 40, 7, 7), (40, 1, 3, 3), {"padding": 1, "groups": 40}),
    "depthwise x3": ((2, 4, 11, 13), (12, 1, 3, 3), {"padding": 1, "groups": 4}),
    "depthwise x7 of one channel": ((2, 1, 9, 69), (7, 1, 3, 3), {"padding": 1}),
    "depthwise x5 of a line": ((1, 2, 5, 69), (10, 1, 2, 4), {"padding": (1, 2), "groups": 2}),
    "depthwise valid": ((1, 3, 37, 37), (3, 1, 3, 3), {"groups": 3}),
    "depthwise line": ((2, 3, 1, 500), (3, 1, 1, 31), {"padding": (0, 15), "groups": 3}),
    "depthwise dilated": (
        (1, 5, 20, 21),
        (10, 1, 3, 3),
        {"stride": 2, "padding": 3, "dilation": 2, "groups": 5},
    ),
    "depthwise over image": ((2, 3, 2, 3), (3, 1, 5, 5), {"padding": 2, "groups": 3}),
    "depthwise stride over kernel": ((1, 3, 11, 10), (3, 1, 2, 2), {"stride": 3, "groups": 3}),
    "depthwise narrow": ((5, 3, 20, 2), (3, 1, 3, 3), {"padding": 1, "groups": 3}),
    "depthwise points s3": ((2, 19, 13, 16), (19, 1, 1, 1), {"stride": 3, "groups": 19}),
    "depthwise 11x11 s2": (
        (3, 20, 4, 3),
        (20, 1, 11, 11),
        {"stride": 2, "padding": 5, "groups": 20},
    ),
    "depthwise x5 dilated": (
        (2, 6, 5, 7),
        (30, 1, 3, 2),
        {"padding": (2, 1), "dilation": 2, "groups": 6},
    ),
    "resnext": ((1, 32, 6, 6), (48, 4, 3, 3), {"padding": 1, "groups": 8}),
    "whole image": ((4, 5, 3, 4), (20, 5, 3, 4), {}),
    "mostly padding": ((1, 2, 2, 1), (3, 2, 3, 3), {"padding": 5}),
    "long line": ((1, 3, 1, 70), (5, 3, 1, 3), {"padding": (0, 1)}),
    "stride over kernel": ((1, 3, 11, 11), (4, 3, 2, 2), {"stride": 5}),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_of_networks(layer, dtype):
    check_conv2d(dtype, *LAYERS[layer])


TRANSPOSED_LAYERS = {
    "dcgan 4x4 s2": ((2, 24, 5, 5), (24, 16, 4, 4), {"stride": 2, "padding": 1}),
    "dcgan first": ((3, 20, 1, 1), (20, 16, 4, 4), {}),
    "3x3 s2": (
        (1, 8, 5, 6),
        (8, 12, 3, 3),
        {"stride": 2, "padding": 1, "output_padding": 1},
    ),
    "2x2 s2": ((2, 6, 4, 4), (6, 3, 2, 2), {"stride": 2}),
    "grouped": ((1, 6, 4, 5), (6, 2, 3, 3), {"groups": 3, "dilation": 2}),
    "stride over kernel": ((1, 2, 3, 3), (2, 2, 2, 2), {"stride": 4, "output_padding": 3}),
}


@pytest.mark.parametrize("place", ["image", "gradient"])
@pytest.mark.parametrize(("size", "width", "targets"), [(3, 19, 1), (5, 19, 1), (3, 69, 4)])
def test_depthwise_weight_gradient_keeps_infinities_apart(place, size, width, targets, dtype):
    """What no window sees must not reach the sums, not even as zero times infinity."""
    x, weight = normal(dtype, (1, 3, 9, width), (3 * targets, 1, size, size))
    (grad,) = normal(dtype, kernels.conv2d(x, weight, groups=3).shape, seed=1)
    (x if place == "image" else grad)[0, 1 if place == "image" else targets, -1, -1] = np.inf
    actual = kernels.conv2d_weight_grad(grad, x, weight.shape, groups=3)
    touched = slice(targets, 2 * targets) if place == "image" else [targets]
    assert np.isfinite(np.delete(actual, touched, axis=0)).all()
    if place == "image":
        assert np.isfinite(actual[touched].reshape(targets, -1)[:, :-1]).all()
    assert not np.isfinite(actual[touched, 0, -1, -1]).any()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 3), (7, 7), (9, 14), (28, 28), (61, 15)])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_writes_nothing_but_its_result(size, stride, dtype):
    """Registers reach over the ends of narrow rows, never over the end of the last one."""
    channels, parameters = 37, {"stride": stride, "padding": 1, "groups": 37}
    x, weight = normal(dtype, (2, channels, *size), (channels, 1, 3, 3))
    y = kernels.conv2d(x, weight, **parameters)
    for function, operands in (
        (kernels.conv2d, (x, weight)),
        (kernels.conv2d_input_grad, (y, weight, x.shape)),
    ):
        expected = function(*operands, **parameters)
        around = np.full(expected.size + 128, 7, dtype)
        result = around[64:-64].reshape(expected.shape)
        function(*operands, **parameters, out=result)
        np.testing.assert_array_equal(result, expected)
        assert (around[:8] == 7).all() and (around[-64:] == 7).all()


@pytest.mark.parametrize("size", [(7, 7), (56, 58)])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_results_past_the_caches(size, stride):
    """Large calls write past the caches: the same results as those of their first image alone."""
    parameters = {"stride": stride, "padding": 1, "groups": 64}
    x, weight = normal("float32", (8, 64, *size), (64, 1, 3, 3))
    x = np.tile(x, (math.ceil(11_000_000 / x.size), 1, 1, 1))
    y = kernels.conv2d(x, weight, activation="relu", **parameters)
    few = kernels.conv2d(x[:8], weight, activation="relu", **parameters)
    np.testing.assert_array_equal(y[-8:], few)
    x_grad = kernels.conv2d_input_grad(y, weight, x.shape, **parameters)
    few = kernels.conv2d_input_grad(few, weight, (8, *x.shape[1:]), **parameters)
    np.testing.assert_array_equal(x_grad[-8:], few)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(120, 2100), (225, 97)])
def test_depthwise_images_that_are_cut_into_blocks(size, stride, dtype):
    parameters = {"stride": stride, "padding": 1, "groups": 2}
    x, weight = normal(dtype, (1, 2, *size), (2, 1, 3, 3))
    y = kernels.conv2d(x, weight, **parameters)
    (grad,) = normal(dtype, y.shape, seed=1)
    wide, filters = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (1, 1), (1, 1)]), weight[:, 0]
    expected, x_grad, w_grad = np.zeros(y.shape), np.zeros(wide.shape), np.zeros(weight.shape)
    for a, b in np.ndindex(3, 3):
        rows, columns = (
            slice(i, i + stride * (n - 1) + 1, stride)
            for i, n in zip((a, b), y.shape[2:], strict=True)
        )
        expected += filters[:, a, b, None, None] * wide[:, :, rows, columns]
        x_grad[:, :, rows, columns] += filters[:, a, b, None, None] * grad
        w_grad[:, 0, a, b] = (wide[:, :, rows, columns] * grad).sum((0, 2, 3))
    assert_close(y, expected)
    actual = kernels.conv2d_input_grad(grad, weight, x.shape, **parameters)
    assert_close(actual, x_grad[:, :, 1:-1, 1:-1])
    assert_close(kernels.conv2d_weight_grad(grad, x, weight.shape, **parameters), w_grad)


@pytest.mark.parametrize("layer", [name for name in LAYERS if "depthwise" in name])
def test_depthwise_is_the_same_for_every_number_of_threads(layer, dtype):
    x_shape, weight_shape, parameters = LAYERS[layer]
    x, weight, bias = normal(dtype, x_shape, weight_shape, weight_shape[:1])

    def compute():
        y = kernels.conv2d(x, weight, bias, activation="relu", **parameters)
        return (
            y,
            kernels.conv2d_input_grad(y, weight, x_shape, **parameters),
            kernels.conv2d_weight_grad(y, x, weight_shape, **parameters),
        )

    assert_same_for_threads(compute)


@pytest.mark.parametrize("layer", TRANSPOSED_LAYERS)
def test_transposed_layers_of_networks(layer, dtype):
    check_conv_transpose2d(dtype, *TRANSPOSED_LAYERS[layer])


@settings(max_examples=60)
@given(conv2d_cases(), SEEDS)
def test_columns_equal_reference(dtype, case, seed):
    x_shape, weight_shape = case.shapes
    window = {key: case.parameters[key] for key in ("stride", "padding", "dilation")}
    (x,) = normal(dtype, x_shape, seed=seed)
    cols = kernels.im2col(x, weight_shape[2:], **window)
    assert_close(cols, references.im2col(x, weight_shape[2:], **window))
    (cols,) = normal(dtype, cols.shape, seed=seed + 1)
    actual = kernels.col2im(cols, x_shape[2:], weight_shape[2:], **window)
    assert_close(actual, references.col2im(cols, x_shape[2:], weight_shape[2:], **window))


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("with_bias", [False, True])
def test_activation_is_fused(activation, with_bias, dtype):
    x, weight, bias = normal(dtype, (2, 4, 6, 7), (4, 4, 3, 3), (4,))
    bias = bias if with_bias else None
    for name in ("conv2d", "conv_transpose2d"):
        actual = getattr(kernels, name)(x, weight, bias, activation=activation)
        assert_close(actual, getattr(references, name)(x, weight, bias, activation=activation))


@pytest.mark.parametrize("activation", [None, "relu"])
def test_nan_reaches_every_output_that_sees_it(activation, dtype):
    (x,) = normal(dtype, (1, 2, 9, 9))
    x[0, 1, 4, 3] = np.nan
    weight = np.ones((3, 2, 3, 3), dtype)
    actual = kernels.conv2d(x, weight, padding=1, activation=activation, algorithm="auto")
    spread = np.isnan(actual)
    assert spread[:, :, 3:6, 2:5].all()


@pytest.mark.parametrize("precision", ["strict", "auto"])
def test_precision_by_call(precision, dtype):
    x, weight = normal(dtype, (1, 32, 12, 12), (32, 32, 3, 3))
    actual = kernels.conv2d(x, weight, padding=1, precision=precision)
    expected = references.conv2d(x, weight, padding=1)
    error = np.abs(actual - expected).max() / np.abs(expected).max()
    bound = {"strict": 1e-6, "auto": 1e-5}[precision]
    assert error < (bound if dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("axis", [0, 2, 3])
def test_zero_sizes(groups, axis, dtype):
    shape = [2, 4, 5, 6]
    shape[axis] = 0
    x, weight = normal(dtype, shape, (6, 4 // groups, 1, 1))
    # Two pixels of padding on every side leave an image even where x has none.
    parameters = {"groups": groups, "padding": 2}
    y = kernels.conv2d(x, weight, **parameters)
    assert_close(y, references.conv2d(x, weight, **parameters))
    gx = kernels.conv2d_input_grad(y, weight, x.shape, **parameters)
    assert gx.shape == x.shape
    gw = kernels.conv2d_weight_grad(y, x, weight.shape, **parameters)
    np.testing.assert_array_equal(gw, np.zeros_like(weight), strict=True)


@pytest.mark.parametrize("shape", [(3, 5, 7, 9), (2, 1, 150, 150), (0, 4, 2, 2), (1, 70, 1, 1)])
def test_bias_gradient(shape, dtype):
    (grad,) = normal(dtype, shape)
    expected = references.conv2d_bias_grad(grad)
    actual = kernels.conv2d_bias_grad(grad)
    # Sums of many numbers of either sign nearly cancel: what they are exact to is their terms.
    bound = 4 * np.finfo(dtype).eps * np.abs(grad).sum((0, 2, 3), dtype=np.float64).max(initial=1)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)
    assert actual.dtype == dtype


def test_bias_gradient_of_more_images_than_memory_holds(dtype):
    """They have no pixels, so it is over at once."""
    grad = np.broadcast_to(np.zeros((1, 3, 0, 4), dtype), (2**40, 3, 0, 4))
    np.testing.assert_array_equal(kernels.conv2d_bias_grad(grad), np.zeros(3, dtype))


def test_conv2d_gradients_by_central_differences():
    parameters = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
    x, weight = normal(np.float64, (2, 4, 5, 4), (6, 2, 2, 2), seed=1)
    (grad,) = normal(np.float64, kernels.conv2d(x, weight, **parameters).shape, seed=2)
    assert_gradients(
        lambda x, weight: kernels.conv2d(x, weight, **parameters),
        [x, weight],
        grad,
        [
            kernels.conv2d_input_grad(grad, weight, x.shape, **parameters),
            kernels.conv2d_weight_grad(grad, x, weight.shape, **parameters),
        ],
    )


def test_conv_transpose2d_gradients_by_central_differences():
    parameters = {"stride": 2, "padding": (1, 0), "output_padding": (1, 0), "groups": 2}
    x, weight = normal(np.float64, (2, 4, 3, 4), (4, 3, 3, 2), seed=1)
    (grad,) = normal(np.float64, kernels.conv_transpose2d(x, weight, **parameters).shape, seed=2)
    assert_gradients(
        lambda x, weight: kernels.conv_transpose2d(x, weight, **parameters),
        [x, weight],
        grad,
        [
            kernels.conv_transpose2d_input_grad(grad, weight, **parameters),
            kernels.conv_transpose2d_weight_grad(grad, x, weight.shape, **parameters),
        ],
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_equal_torch(layer, dtype):
    torch = pytest.importorskip("torch")
    x_shape, weight_shape, parameters = LAYERS[layer]
    x, weight, bias = normal(dtype, x_shape, weight_shape, weight_shape[:1])
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, weight)]
    y = torch.nn.functional.conv2d(*tensors, torch.tensor(bias), **parameters)
    assert_close(kernels.conv2d(x, weight, bias, **parameters), y.detach().double().numpy())
    (grad,) = normal(dtype, y.shape, seed=1)
    y.backward(torch.tensor(grad))
    actual = kernels.conv2d_input_grad(grad, weight, x_shape, **parameters)
    assert_close(actual, tensors[0].grad.double().numpy())
    actual = kernels.conv2d_weight_grad(grad, x, weight_shape, **parameters)
    assert_close(actual, tensors[1].grad.double().numpy())


ALGORITHMS = [
    *("im2col", "implicit", "direct", "linear", "winograd", "depthwise", "col2im", "unfold")
]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_algorithm_equals_reference(layer, dtype):
    x_shape, weight_shape, parameters = LAYERS[layer]
    x, weight, bias = normal(dtype, x_shape, weight_shape, weight_shape[:1])
    y = references.conv2d(x, weight, bias, **parameters)
    (grad,) = normal(dtype, y.shape, seed=1)
    calls = [
        ("conv2d", (x, weight, bias)),
        ("conv2d_input_grad", (grad, weight, x_shape)),
        ("conv2d_weight_grad", (grad, x, weight_shape)),
    ]
    for name, arguments in calls:
        expected = getattr(references, name)(*arguments, **parameters)
        shapes = [getattr(value, "shape", value) for value in arguments if value is not bias]
        listing = kernels.algorithms(name, *shapes, dtype=dtype, **parameters)
        assert "auto" in listing
        for algorithm in ["auto", *ALGORITHMS]:
            call = functools.partial(getattr(kernels, name), *arguments, **parameters)
            if algorithm in listing:
                assert_close(call(algorithm=algorithm), expected, what=f"{name} {algorithm}")
            else:
                with pytest.raises(ValueError, match="algorithm"):
                    call(algorithm=algorithm)


@pytest.mark.parametrize("name", ["conv1d", "conv_transpose1d"])
def test_one_dimension_equals_an_image_one_pixel_high(name, dtype):
    x, weight, bias = normal(dtype, (2, 4, 11), (4, 2, 3), (4,))
    parameters = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    wide = {key: (1 if key != "padding" else 0, value) for key, value in parameters.items()}
    wide["groups"] = 2
    y = getattr(kernels, name)(x, weight, bias, **parameters)
    image, filters = x[:, :, None], weight[:, :, None]
    name_2d = name.replace("1d", "2d")
    expected = getattr(references, name_2d)(image, filters, bias, **wide)[:, :, 0]
    assert_close(y, expected)

    (grad,) = normal(dtype, y.shape, seed=1)
    shape = () if "transpose" in name else (x.shape,)
    shape_2d = () if "transpose" in name else (image.shape,)
    actual = getattr(kernels, f"{name}_input_grad")(grad, weight, *shape, **parameters)
    expected = getattr(references, f"{name_2d}_input_grad")(
        grad[:, :, None], filters, *shape_2d, **wide
    )
    assert_close(actual, expected[:, :, 0])
    actual = getattr(kernels, f"{name}_weight_grad")(grad, x, weight.shape, **parameters)
    expected = getattr(references, f"{name_2d}_weight_grad")(
        grad[:, :, None], image, filters.shape, **wide
    )
    assert_close(actual, expected[:, :, 0])


def test_the_choice_does_not_depend_on_what_was_asked_before():
    """A thread remembers some answers; these questions differ in one size, or in the direction."""
    layers = [
        ((n, c, size, size), (k, c, taps, taps), {"stride": stride, "padding": padding})
        for n in (1, 16)
        for c in (1, 6, 128)
        for k in (2, 16, 64)
        for size in (8, 14, 32)
        for taps in (1, 3, 5)
        for stride in (1, 2)
        for padding in (0, 1)
    ]

    def chosen(layer):
        x_shape, weight_shape, options = layer
        forward = kernels.algorithms("conv2d", x_shape, weight_shape, **options)
        strict = kernels.algorithms("conv2d", x_shape, weight_shape, precision="strict", **options)
        out = (x_shape[2] + 2 * options["padding"] - weight_shape[2]) // options["stride"] + 1
        shapes = (x_shape[0], weight_shape[0], out, out), x_shape, weight_shape
        by_weight = kernels.algorithms("conv2d_weight_grad", *shapes, **options)
        return forward["auto"], strict["auto"], by_weight["auto"]

    first = {str(layer): chosen(layer) for layer in layers}
    assert len(set(first.values())) > 5
    assert {str(layer): chosen(layer) for layer in reversed(layers)} == first
    with ThreadPoolExecutor(1) as fresh:
        assert dict(zip(map(str, layers), fresh.map(chosen, layers), strict=True)) == first
