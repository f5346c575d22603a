# cython: wraparound=True
"""The operators of convolution, compiled: a small layer's kernel takes no longer than its call.

A convolution is linear in its input and in its weight, so its gradients are convolutions of other
kinds, and theirs again: the operators here form a closed group of three, and every second
derivative is one of them.

===================  ==========================  ==========================
operator             gradient by the first       gradient by the second
===================  ==========================  ==========================
Conv(x, w)           InputGrad(g, w)             WeightGrad(g, x)
InputGrad(g, w)      Conv(., w)                  WeightGrad(g, .)
WeightGrad(g, x)     Conv(x, .)                  InputGrad(g, .)
===================  ==========================  ==========================

The same table holds for the transposed convolution. Both may end in an activation, which is
differentiated first, from the output. Whether it is transposed and the number of spatial dimensions
decide which kernels an operator calls, and nothing else.
"""

import math
from collections import namedtuple

import numpy as np

cimport numpy as cnp

from einkorn.autograd.tape cimport Operator, TensorBase, alias_of

from einkorn.autograd.operators.activation import through_activation
from einkorn.autograd.operators.common import as_sizes, spatial, to_tensor
from einkorn.autograd.operators.padding import pad
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import retain_crosswise
from einkorn.kernels import (
    conv1d,
    conv1d_input_grad,
    conv1d_weight_grad,
    conv2d,
    conv2d_bias_grad,
    conv2d_input_grad,
    conv2d_weight_grad,
    conv3d,
    conv3d_input_grad,
    conv3d_weight_grad,
    conv_transpose1d,
    conv_transpose1d_input_grad,
    conv_transpose1d_weight_grad,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
    conv_transpose3d,
    conv_transpose3d_input_grad,
    conv_transpose3d_weight_grad,
    linear,
    matmul,
)

__all__ = ["conv_activated", "conv_transpose_activated"]

cnp.import_array()

# What computes a convolution, and its gradients from two factors and their own shape.
Kernels = namedtuple("Kernels", ("forward", "input_grad", "weight_grad"), module=__name__)


def _without_shape(input_grad):
    """Return the input gradient of a transposed convolution: the gradient tells x's shape."""

    def call(grad, weight, shape, **options):
        return input_grad(grad, weight, **options)

    return call


# By number of spatial dimensions.
cdef list CONVS = [
    None,
    Kernels(conv1d, conv1d_input_grad, conv1d_weight_grad),
    Kernels(conv2d, conv2d_input_grad, conv2d_weight_grad),
    Kernels(conv3d, conv3d_input_grad, conv3d_weight_grad),
]
cdef list TRANSPOSED_CONVS = [
    None,
    Kernels(
        conv_transpose1d, _without_shape(conv_transpose1d_input_grad), conv_transpose1d_weight_grad
    ),
    Kernels(
        conv_transpose2d, _without_shape(conv_transpose2d_input_grad), conv_transpose2d_weight_grad
    ),
    Kernels(
        conv_transpose3d, _without_shape(conv_transpose3d_input_grad), conv_transpose3d_weight_grad
    ),
]


cdef class Geometry(Operator):
    """What all operators here have: two factors and how the filter moves."""

    __slots__ = ("kernels", "options", "shape")
    retain = retain_crosswise
    cdef public object kernels
    cdef public dict options
    cdef public tuple shape

    def __cinit__(self, by=None, options=None, *_):
        self.kernels = by
        self.options = options
        self.shape = ()


def _bias_grad(grad):
    if grad.ndim == 4:
        return conv2d_bias_grad(grad)
    shape = grad.shape
    return conv2d_bias_grad(grad.reshape(*shape[:2], 1, math.prod(shape[2:])))


def _composed_bias_grad(grad):
    return grad.sum((0, *range(2, grad.ndim)))


cdef class Conv(Geometry):
    """A convolution, plain or transposed, with its bias and an activation."""

    __slots__ = ("activation", "shapes")
    saved_output = 2
    cdef public object activation
    cdef public tuple shapes

    def __cinit__(self, by=None, options=None, activation=None):
        self.activation = activation

    def retain(self, inputs, output):
        """Retain the factors that are read, and the output where an activation ends it."""
        factors = retain_crosswise(self, inputs, output)
        return factors if self.activation is None else (*factors, alias_of(output))

    def forward(self, x, weight, bias=None):
        self.shapes = (x.shape, weight.shape)
        return self.kernels.forward(x, weight, bias, activation=self.activation, **self.options)

    def backward(self, grad, /, x, weight, y=None):
        grad = through_activation(self.activation, grad, y)
        needs, options, by = self.needs, self.options, self.kernels
        shape_x, shape_w = self.shapes
        return (
            by.input_grad(grad, weight, shape_x, **options) if needs[0] else None,
            by.weight_grad(grad, x, shape_w, **options) if needs[1] else None,
            _bias_grad(grad) if len(needs) == 3 and needs[2] else None,
        )

    def compose_backward(self, grad, /, x, weight, y=None):
        grad = through_activation(self.activation, grad, y)
        needs, options, by = self.needs, self.options, self.kernels
        shape_x, shape_w = self.shapes
        return (
            InputGrad(by, options, shape_x).apply(grad, weight) if needs[0] else None,
            WeightGrad(by, options, shape_w).apply(grad, x) if needs[1] else None,
            _composed_bias_grad(grad) if len(needs) == 3 and needs[2] else None,
        )


cdef class ConvAtOnePlace(Conv):
    """The same for filters as large as the input: an affine map of whole images."""

    __slots__ = ()

    def forward(self, x, weight, bias=None):
        self.shapes = (x.shape, weight.shape)
        images, filters = len(x), len(weight)
        rows, matrix = x.reshape(images, -1), weight.reshape(filters, -1)
        result = linear(rows, matrix, bias, activation=self.activation)
        return result.reshape(images, filters, *(1,) * (x.ndim - 2))

    def backward(self, grad, /, x, weight, y=None):
        grad = through_activation(self.activation, grad, y)
        needs, (shape_x, shape_w) = self.needs, self.shapes
        images, filters = shape_x[0], shape_w[0]
        by_bias = _bias_grad(grad) if len(needs) == 3 and needs[2] else None
        grad, by_x, by_weight = grad.reshape(images, filters), None, None
        if needs[0]:
            by_x = np.empty(shape_x, grad.dtype)
            matmul(grad, weight.reshape(filters, -1), out=by_x.reshape(images, -1))
        if needs[1]:
            by_weight = np.empty(shape_w, grad.dtype)
            rows, out = x.reshape(images, -1), by_weight.reshape(filters, -1)
            matmul(grad, rows, transpose_a=True, out=out)
        return by_x, by_weight, by_bias


cdef class InputGrad(Geometry):
    """The gradient of a convolution by its input, as a function of (grad, weight)."""

    __slots__ = ("weight_shape",)
    cdef public tuple weight_shape

    def __cinit__(self, by=None, options=None, shape=()):
        self.shape = shape

    def forward(self, grad, weight):
        self.weight_shape = weight.shape
        return self.kernels.input_grad(grad, weight, self.shape, **self.options)

    def backward(self, outer, /, grad, weight):
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.weight_shape
        return (
            by.forward(outer, weight, **options) if needs[0] else None,
            by.weight_grad(grad, outer, shape, **options) if needs[1] else None,
        )

    def compose_backward(self, outer, /, grad, weight):
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.weight_shape
        return (
            Conv(by, options).apply(outer, weight) if needs[0] else None,
            WeightGrad(by, options, shape).apply(grad, outer) if needs[1] else None,
        )


cdef class WeightGrad(Geometry):
    """The gradient of a convolution by its weight, as a function of (grad, x)."""

    __slots__ = ("input_shape",)
    cdef public tuple input_shape

    def __cinit__(self, by=None, options=None, shape=()):
        self.shape = shape

    def forward(self, grad, x):
        self.input_shape = x.shape
        return self.kernels.weight_grad(grad, x, self.shape, **self.options)

    def backward(self, outer, /, grad, x):
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.input_shape
        return (
            by.forward(x, outer, **options) if needs[0] else None,
            by.input_grad(grad, outer, shape, **options) if needs[1] else None,
        )

    def compose_backward(self, outer, /, grad, x):
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.input_shape
        return (
            Conv(by, options).apply(x, outer) if needs[0] else None,
            InputGrad(by, options, shape).apply(grad, outer) if needs[1] else None,
        )


cdef tuple factors_of(object input, object weight, object bias, int dims):
    """What enters the operator; raises where dimensions or dtypes do not fit."""
    cdef TensorBase x = spatial(input, dims), w = to_tensor(weight), b
    if cnp.PyArray_NDIM(w._data) != dims + 2:
        raise RuntimeError(f"weight: expected {dims + 2} dimensions, got shape {w._data.shape}")
    expect_dtype("weight", w, x)
    if bias is None:
        return (x, w)
    b = to_tensor(bias)
    expect_dtype("bias", b, x)
    return (x, w, b)


cdef int expect_dtype(str name, TensorBase factor, TensorBase x) except -1:
    cdef object found = factor._data.dtype, expected = x._data.dtype
    if found is not expected and found != expected:
        raise RuntimeError(f"{name}: expected the dtype {expected} of input, got {found}")
    return 0


cdef tuple same_padding(object x, object weight, tuple stride, tuple dilation):
    """The input, padded where an odd total needs one more at the end, and the padding."""
    if stride != (1,) * len(stride):
        raise ValueError(f"padding: 'same' needs stride 1, got {stride}")
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any([total % 2 for total in totals]):
        x = pad(x, [width for total in reversed(totals) for width in (0, total % 2)])
    return x, tuple([total // 2 for total in totals])


cdef bint is_at_one_place(TensorBase x, TensorBase weight, tuple stride, tuple padding,
                          tuple dilation, object groups) except -1:
    """Whether the filters are as large as the input, and neither is empty."""
    cdef cnp.ndarray images = x._data, filters = weight._data
    cdef int axis
    for axis in range(1, cnp.PyArray_NDIM(images)):
        if cnp.PyArray_DIM(images, axis) != cnp.PyArray_DIM(filters, axis):
            return False
    if not cnp.PyArray_SIZE(images) or not cnp.PyArray_SIZE(filters) or groups != 1:
        return False
    return min(stride) > 0 and not any(padding) and dilation == (1,) * len(dilation)


def conv_activated(int dims, input, weight, bias, stride, padding, dilation, groups, activation):
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of a convolution of so many axes."""
    cdef tuple given = factors_of(input, weight, bias, dims)
    cdef bint unbatched = cnp.PyArray_NDIM((<TensorBase>given[0])._data) == dims + 1
    cdef tuple steps = as_sizes(stride, dims, "stride"), border
    cdef tuple spread = as_sizes(dilation, dims, "dilation")
    x = unsqueeze(given[0], 0) if unbatched else given[0]
    if not isinstance(padding, str):
        border = as_sizes(padding, dims, "padding")
    elif padding == "same":
        x, border = same_padding(x, given[1], steps, spread)
    elif padding == "valid":
        border = (0,) * dims
    else:
        raise ValueError(f"padding: expected numbers, 'same' or 'valid', got {padding!r}")
    options = {"stride": steps, "padding": border, "dilation": spread, "groups": groups}
    cdef Conv conv
    if is_at_one_place(x, given[1], steps, border, spread, groups):
        conv = ConvAtOnePlace.__new__(ConvAtOnePlace, CONVS[dims], options, activation)
    else:
        conv = Conv.__new__(Conv, CONVS[dims], options, activation)
    result = conv.apply_to((x, *given[1:]))
    return squeeze(result, 0) if unbatched else result


def conv_transpose_activated(int dims, input, weight, bias, stride, padding, output_padding, groups,
                             dilation, activation):
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of a transposed convolution."""
    cdef tuple given = factors_of(input, weight, bias, dims)
    cdef bint unbatched = cnp.PyArray_NDIM((<TensorBase>given[0])._data) == dims + 1
    x = unsqueeze(given[0], 0) if unbatched else given[0]
    options = {
        "stride": as_sizes(stride, dims, "stride"),
        "padding": as_sizes(padding, dims, "padding"),
        "output_padding": as_sizes(output_padding, dims, "output_padding"),
        "dilation": as_sizes(dilation, dims, "dilation"),
        "groups": groups,
    }
    cdef Conv conv = Conv.__new__(Conv, TRANSPOSED_CONVS[dims], options, activation)
    result = conv.apply_to((x, *given[1:]))
    return squeeze(result, 0) if unbatched else result
