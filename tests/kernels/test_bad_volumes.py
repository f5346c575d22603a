"""Calls of the functions of volumes that must be refused by name; see `test_bad_input`."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.kernels.windows import span_max_pool
from einkorn.testing.calls_of_volumes import CALLS_OF_VOLUMES

pytestmark = pytest.mark.usefixtures("isa")


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


X = ones(2, 4, 4, 5, 6)
W = ones(6, 4, 3, 3, 3)
Y = ones(2, 6, 2, 3, 4)
W_T = ones(4, 6, 3, 3, 3)
Y_T = ones(2, 6, 6, 7, 8)
P = ones(2, 4, 2, 2, 3)
I = np.zeros(P.shape, np.int64)  # noqa: E741 - the indices

#: A valid call of every function; a row of the table replaces some of its arguments.
VALID = {
    "conv3d": {"x": X, "weight": W},
    "conv3d_input_grad": {"grad": Y, "weight": W, "input_shape": X.shape},
    "conv3d_weight_grad": {"grad": Y, "x": X, "weight_shape": W.shape},
    "conv_transpose3d": {"x": X, "weight": W_T},
    "conv_transpose3d_input_grad": {"grad": Y_T, "weight": W_T},
    "conv_transpose3d_weight_grad": {"grad": Y_T, "x": X, "weight_shape": W_T.shape},
    "max_pool3d": {"x": X, "kernel_size": 2},
    "max_pool3d_grad": {"grad": P, "indices": I, "input_shape": X.shape},
    "max_unpool3d": {"x": P, "indices": I, "output_size": (4, 5, 6)},
    "max_unpool3d_grad": {"grad": X, "indices": I},
    "avg_pool3d": {"x": X, "kernel_size": 2},
    "avg_pool3d_grad": {"grad": P, "input_shape": X.shape, "kernel_size": 2},
    "adaptive_avg_pool3d": {"x": X, "output_size": 2},
    "adaptive_avg_pool3d_grad": {"grad": P, "input_shape": X.shape},
    "adaptive_max_pool2d": {"x": X[0], "output_size": 2},
    "adaptive_max_pool3d": {"x": X, "output_size": 2},
    "fractional_max_pool2d": {
        "x": X[0],
        "kernel_size": 2,
        "output_size": 2,
        "samples": np.zeros((4, 4, 2), np.float32),
    },
}
CONVOLUTIONS = "conv3d conv3d_input_grad conv3d_weight_grad"
TRANSPOSED = "conv_transpose3d conv_transpose3d_input_grad conv_transpose3d_weight_grad"
WINDOWS = "max_pool3d avg_pool3d avg_pool3d_grad"
ROWS = []


def refuse(names, error, blame=None, **replaced):
    """Add a row for each function: the argument to be named is the first one replaced."""
    for name in names.split():
        ROWS.append((name, error, blame or next(iter(replaced)), replaced))


for size in (0, -1, (1, 0, 1), (1, 1), (1, 1, 1, 1), 2**63):
    refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, stride=size)
    refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, dilation=size)
    refuse(WINDOWS, ValueError, stride=size)
    refuse(WINDOWS, ValueError, kernel_size=size)
    refuse("max_pool3d", ValueError, dilation=size)
    if size != (1, 1):
        refuse("fractional_max_pool2d", ValueError, kernel_size=size)
for size in (1.5, "3", None, True):
    refuse(f"{CONVOLUTIONS} {TRANSPOSED}", TypeError, dilation=size)
    refuse("max_pool3d", TypeError, dilation=size)
    refuse("adaptive_avg_pool3d adaptive_max_pool3d max_unpool3d", TypeError, output_size=size)
for size in (-1, (1, 1), (0, 0, -1)):
    refuse(f"{CONVOLUTIONS} {TRANSPOSED} {WINDOWS}", ValueError, padding=size)
    refuse(TRANSPOSED, ValueError, output_padding=size)
    refuse("adaptive_avg_pool3d adaptive_max_pool3d max_unpool3d", ValueError, output_size=size)
refuse(TRANSPOSED, ValueError, "output_padding|grad", output_padding=1)
refuse(TRANSPOSED, ValueError, "output_padding|grad", output_padding=(0, 0, 2), stride=2)
refuse(WINDOWS, ValueError, padding=2)
for groups in (0, -1, 3, 5):
    refuse(f"{CONVOLUTIONS} conv_transpose3d", ValueError, "groups|weight", groups=groups)
refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, algorithm="magic")
refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, precision="magic")
refuse("conv3d conv_transpose3d", ValueError, activation="magic")
refuse("conv3d", ValueError, weight=ones(6, 4, 5, 3, 3))
refuse("conv3d", ValueError, weight=ones(6, 3, 3, 3, 3))
refuse("conv3d", ValueError, weight=ones(6, 4, 3, 0, 3))
refuse("conv_transpose3d", ValueError, weight=ones(3, 6, 3, 3, 3))
refuse("conv3d conv_transpose3d", ValueError, bias=ones(5))
refuse("conv3d", TypeError, bias=ones(6, dtype=np.float64))
refuse("conv3d max_pool3d avg_pool3d adaptive_avg_pool3d", ValueError, x=X[0])
refuse("conv3d max_pool3d avg_pool3d adaptive_max_pool3d", TypeError, x=X.astype(np.float16))
refuse("adaptive_max_pool3d", ValueError, x=ones(2, 4, 0, 5, 6))
refuse("adaptive_max_pool2d", ValueError, x=X)
refuse("conv3d_input_grad conv3d_weight_grad", ValueError, grad=Y[:, :, :1])
refuse("conv_transpose3d_weight_grad", ValueError, grad=Y_T[:, :, :5])
refuse("conv_transpose3d_input_grad", ValueError, grad=ones(2, 6, 2, 7, 8))
refuse("avg_pool3d_grad", ValueError, grad=P[:, :, :1])
refuse("conv3d_input_grad", ValueError, input_shape=(2, 4, 4, 5))
refuse("conv3d_weight_grad", ValueError, "weight_shape", weight_shape=(6, 4, 3, 3))
for shape in ((2, 4, 4, 5), (2, 4, 4, 5, -1)):
    refuse("max_pool3d_grad avg_pool3d_grad", ValueError, input_shape=shape)
    refuse("adaptive_avg_pool3d_grad", ValueError, input_shape=shape)
for index in (-1, 4 * 5 * 6):
    refuse("max_pool3d_grad max_unpool3d max_unpool3d_grad", IndexError, indices=I + index)
refuse("max_pool3d_grad max_unpool3d", ValueError, "grad|x|indices", indices=I[:1])
refuse("max_pool3d_grad max_unpool3d max_unpool3d_grad", TypeError, indices=P)
refuse("avg_pool3d avg_pool3d_grad", ValueError, divisor_override=0)
refuse("fractional_max_pool2d", ValueError, "kernel_size", output_size=6)
refuse("fractional_max_pool2d", ValueError, samples=np.zeros((4, 4, 3), np.float32))
refuse("fractional_max_pool2d", ValueError, samples=np.full((4, 4, 2), np.inf, np.float32))
refuse("fractional_max_pool2d", ValueError, samples=np.full((4, 4, 2), np.nan, np.float32))
refuse("fractional_max_pool2d", TypeError, samples=np.zeros((4, 4, 2)))


@pytest.mark.parametrize("name", VALID)
def test_rows_start_from_a_valid_call(name):
    getattr(kernels, name)(**VALID[name])


def test_every_function_has_rows():
    assert set(VALID) == set(CALLS_OF_VOLUMES) == {name for name, *_ in ROWS}


@pytest.mark.parametrize(("name", "error", "blame", "replaced"), ROWS)
def test_bad_call_is_refused_by_name(name, error, blame, replaced):
    with pytest.raises(error, match=blame):
        getattr(kernels, name)(**{**VALID[name], **replaced})


@pytest.mark.parametrize("span", [(-1, 1), (0, 3), (1, 1), (2, 1)])
def test_boxes_outside_the_volume_are_refused(span):
    spans = np.array([[span, (0, 1), (0, 1)]])
    with pytest.raises(ValueError, match="spans"):
        span_max_pool(ones(1, 1, 2, 1, 1), spans, (1, 1, 1))
