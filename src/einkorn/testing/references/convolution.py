"""Convolution (cross-correlation) and its relatives, one kernel tap at a time.

Shapes: input ``x`` (N, C, H, W); ``weight`` (K, C/groups, KH, KW), for the transposed
convolution (C, K/groups, KH, KW); output (N, K, OH, OW). The sums over taps are the loop of
`geometry.taps`; what meets under one tap is a product of matrices.
"""

from __future__ import annotations

import math

import numpy as np

from .elementwise import activate
from .geometry import Pair, as_pair, output_size, taps, transposed_output_size

Array = np.ndarray
IntOrPair = int | tuple[int, int]
Shape = tuple[int, ...]


def _outputs(size: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    height, width = (
        output_size(*axis) for axis in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    return height, width


def grouped(pixels: Array, groups: int) -> Array:
    """View pixels (N, C, ...) as (N, groups, C/groups, number of pixels)."""
    batch, channels, *sizes = pixels.shape
    return pixels.reshape(batch, groups, channels // groups, math.prod(sizes))


def im2col(
    x: Array,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
) -> Array:
    """Copy every window into a column: (N, C*KH*KW, OH*OW).

    >>> im2col(np.arange(4.0).reshape(1, 1, 2, 2), (2, 1)).tolist()
    [[[0.0, 1.0], [2.0, 3.0]]]
    """
    x = np.asarray(x, np.float64)
    kernel = as_pair(kernel_size)
    window = kernel, as_pair(stride), as_pair(padding), as_pair(dilation)
    out = _outputs(x.shape[2:], *window)
    cols = np.zeros((*x.shape[:2], *kernel, *out))
    for (oh, ow), (kh, kw), (ih, iw) in taps(x.shape[2:], out, *window):
        cols[:, :, kh, kw, oh, ow] = x[:, :, ih, iw]
    return cols.reshape(x.shape[0], x.shape[1] * kernel[0] * kernel[1], out[0] * out[1])


def col2im(
    cols: Array,
    output_size: IntOrPair,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
) -> Array:
    """Add every column back to its window: the adjoint of `im2col`.

    >>> col2im(np.ones((1, 2, 2)), (1, 3), (1, 2)).tolist()
    [[[[1.0, 2.0, 1.0]]]]
    """
    cols = np.asarray(cols, np.float64)
    size, kernel = as_pair(output_size), as_pair(kernel_size)
    window = kernel, as_pair(stride), as_pair(padding), as_pair(dilation)
    pixels = _outputs(size, *window)
    batch, channels = cols.shape[0], cols.shape[1] // (kernel[0] * kernel[1])
    cols = cols.reshape(batch, channels, *kernel, *pixels)
    x = np.zeros((batch, channels, *size))
    for (oh, ow), (kh, kw), (ih, iw) in taps(size, pixels, *window):
        x[:, :, ih, iw] += cols[:, :, kh, kw, oh, ow]
    return x


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    r""":math:`y_{nkpq} = b_k + \sum_{cij} w_{kcij}\, x_{n,c,\,pS-P+iD,\,qS-P+jD}`.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))).tolist()
    [[[[4.0, 4.0], [4.0, 4.0]]]]
    """
    x, weight = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    window = weight.shape[2:], as_pair(stride), as_pair(padding), as_pair(dilation)
    out = _outputs(x.shape[2:], *window)
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    y = np.zeros((x.shape[0], weight.shape[0], *out))
    for (oh, ow), (kh, kw), (ih, iw) in taps(x.shape[2:], out, *window):
        term = filters[..., kh, kw] @ grouped(x[:, :, ih, iw], groups)
        y[:, :, oh, ow] += term.reshape(y[:, :, oh, ow].shape)
    if bias is not None:
        y += np.asarray(bias, np.float64)[:, None, None]
    return activate(y, activation)


def conv2d_input_grad(
    grad: Array,
    weight: Array,
    input_shape: Shape,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv2d` with respect to `x`: every tap sends its share back.

    >>> conv2d_input_grad(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), (1, 1, 3, 3)).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    grad, weight = np.asarray(grad, np.float64), np.asarray(weight, np.float64)
    window = weight.shape[2:], as_pair(stride), as_pair(padding), as_pair(dilation)
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    x_grad = np.zeros(input_shape)
    for (oh, ow), (kh, kw), (ih, iw) in taps(input_shape[2:], grad.shape[2:], *window):
        term = filters[..., kh, kw].mT @ grouped(grad[:, :, oh, ow], groups)
        x_grad[:, :, ih, iw] += term.reshape(x_grad[:, :, ih, iw].shape)
    return x_grad


def conv2d_weight_grad(
    grad: Array,
    x: Array,
    weight_shape: Shape,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv2d` with respect to `weight`.

    >>> x, grad = np.arange(4.0).reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1))
    >>> conv2d_weight_grad(grad, x, (1, 1, 2, 2)).tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    window = weight_shape[2:], as_pair(stride), as_pair(padding), as_pair(dilation)
    w_grad = np.zeros(weight_shape)
    for (oh, ow), (kh, kw), (ih, iw) in taps(x.shape[2:], grad.shape[2:], *window):
        term = grouped(grad[:, :, oh, ow], groups) @ grouped(x[:, :, ih, iw], groups).mT
        w_grad[:, :, kh, kw] += term.sum(0).reshape(weight_shape[:2])
    return w_grad


def conv2d_bias_grad(grad: Array) -> Array:
    """Gradient of `conv2d` with respect to `bias`.

    >>> conv2d_bias_grad(np.ones((2, 3, 4, 5))).tolist()
    [40.0, 40.0, 40.0]
    """
    return np.asarray(grad, np.float64).sum((0, 2, 3))


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    """The adjoint of `conv2d`: every input pixel adds a scaled filter to the output.

    >>> x = np.ones((1, 1, 1, 2))
    >>> conv_transpose2d(x, np.ones((1, 1, 1, 2))).tolist()
    [[[[1.0, 2.0, 1.0]]]]
    """
    x, weight = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    window = weight.shape[2:], as_pair(stride), as_pair(padding), as_pair(dilation)
    kernel, stride, padding, dilation = window
    axes = zip(x.shape[2:], kernel, stride, padding, as_pair(output_padding), dilation, strict=True)
    size = tuple(transposed_output_size(*axis) for axis in axes)
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    y = np.zeros((x.shape[0], groups * weight.shape[1], *size))
    # Seen from the adjoint, the pixels of x are outputs and those of y are inputs.
    for (ih, iw), (kh, kw), (oh, ow) in taps(size, x.shape[2:], *window):
        term = filters[..., kh, kw].mT @ grouped(x[:, :, ih, iw], groups)
        y[:, :, oh, ow] += term.reshape(y[:, :, oh, ow].shape)
    if bias is not None:
        y += np.asarray(bias, np.float64)[:, None, None]
    return activate(y, activation)


def conv_transpose2d_input_grad(
    grad: Array,
    weight: Array,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv_transpose2d` with respect to `x`.

    The adjoint of an adjoint is the convolution itself, less the last `output_padding` rows
    and columns, into which a whole further window might fit.

    >>> conv_transpose2d_input_grad(np.ones((1, 1, 1, 3)), np.ones((1, 1, 1, 2))).tolist()
    [[[[2.0, 2.0]]]]
    """
    extra = as_pair(output_padding)
    kernel = weight.shape[2:]
    window = kernel, as_pair(stride), as_pair(padding), as_pair(dilation)
    size = tuple(total - more for total, more in zip(grad.shape[2:], extra, strict=True))
    height, width = _outputs(size, *window)
    whole = conv2d(grad, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return whole[:, :, :height, :width]


def conv_transpose2d_weight_grad(
    grad: Array,
    x: Array,
    weight_shape: Shape,
    *,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    output_padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv_transpose2d` with respect to `weight`.

    >>> x, grad = np.ones((1, 1, 1, 1)), np.arange(2.0).reshape(1, 1, 1, 2)
    >>> conv_transpose2d_weight_grad(grad, x, (1, 1, 1, 2)).tolist()
    [[[[0.0, 1.0]]]]
    """
    del output_padding  # It shows in the size of grad, and no tap depends on it.
    # The roles of the two images are exchanged; the filters' two leading axes are not.
    return conv2d_weight_grad(
        x, grad, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
