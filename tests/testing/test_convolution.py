"""The convolution references against PyTorch, and their gradients against central differences."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, conv2d_cases, conv_transpose2d_cases


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


@settings(max_examples=50)
@given(conv2d_cases(), SEEDS)
def test_conv2d_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x, weight = map(rng.standard_normal, case.shapes)
    bias = rng.standard_normal(weight.shape[0])
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, weight, bias)]
    y = torch.nn.functional.conv2d(*tensors, **case.parameters)
    close(references.conv2d(x, weight, bias, **case.parameters), y.detach())

    grad = rng.standard_normal(y.shape)
    y.backward(torch.tensor(grad))
    close(references.conv2d_input_grad(grad, weight, x.shape, **case.parameters), tensors[0].grad)
    close(references.conv2d_weight_grad(grad, x, weight.shape, **case.parameters), tensors[1].grad)


@settings(max_examples=50)
@given(conv_transpose2d_cases(), SEEDS)
def test_conv_transpose2d_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x, weight = map(rng.standard_normal, case.shapes)
    bias = rng.standard_normal(weight.shape[1] * case.parameters["groups"])
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, weight, bias)]
    y = torch.nn.functional.conv_transpose2d(*tensors, **case.parameters)
    close(references.conv_transpose2d(x, weight, bias, **case.parameters), y.detach())

    grad = rng.standard_normal(y.shape)
    y.backward(torch.tensor(grad))
    close(references.conv_transpose2d_input_grad(grad, weight, **case.parameters), tensors[0].grad)
    close(
        references.conv_transpose2d_weight_grad(grad, x, weight.shape, **case.parameters),
        tensors[1].grad,
    )


@settings(max_examples=30)
@given(conv2d_cases(), SEEDS)
def test_columns_equal_torch(case, seed):
    torch = pytest.importorskip("torch")
    x_shape, weight_shape = case.shapes
    window = {key: case.parameters[key] for key in ("stride", "padding", "dilation")}
    x = np.random.default_rng(seed).standard_normal(x_shape)
    unfold = torch.nn.functional.unfold(torch.tensor(x), weight_shape[2:], **window)
    cols = references.im2col(x, weight_shape[2:], **window)
    close(cols, unfold)
    fold = torch.nn.functional.fold(unfold, x_shape[2:], weight_shape[2:], **window)
    close(references.col2im(cols, x_shape[2:], weight_shape[2:], **window), fold)


PARAMETERS = [
    {},
    {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2},
]


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_conv2d_gradients(parameters):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 4, 5, 4))
    weight = rng.standard_normal((6, 4 // parameters.get("groups", 1), 2, 2))
    grad = rng.standard_normal(references.conv2d(x, weight, **parameters).shape)
    assert_gradients(
        lambda x, weight: references.conv2d(x, weight, **parameters),
        [x, weight],
        grad,
        [
            references.conv2d_input_grad(grad, weight, x.shape, **parameters),
            references.conv2d_weight_grad(grad, x, weight.shape, **parameters),
        ],
    )


@pytest.mark.parametrize("parameters", [*PARAMETERS, {"stride": 2, "output_padding": (1, 0)}])
def test_conv_transpose2d_gradients(parameters):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 4, 3, 4))
    weight = rng.standard_normal((4, 3, 3, 2))
    grad = rng.standard_normal(references.conv_transpose2d(x, weight, **parameters).shape)
    assert_gradients(
        lambda x, weight: references.conv_transpose2d(x, weight, **parameters),
        [x, weight],
        grad,
        [
            references.conv_transpose2d_input_grad(grad, weight, **parameters),
            references.conv_transpose2d_weight_grad(grad, x, weight.shape, **parameters),
        ],
    )


def test_conv2d_equals_scipy():
    signal = pytest.importorskip("scipy.signal")
    rng = np.random.default_rng(3)
    x, weight = rng.standard_normal((1, 1, 7, 6)), rng.standard_normal((1, 1, 3, 2))
    expected = signal.correlate2d(x[0, 0], weight[0, 0], mode="valid")
    close(references.conv2d(x, weight)[0, 0], expected)
