"""Pooling over windows of an image (N, C, H, W), one tap or one window at a time.

Indices are flat offsets in the input plane (H * W), int64. The first maximum in row-major
order wins, and a NaN counts as larger than every number.
"""

from __future__ import annotations

import numpy as np

from .geometry import Pair, as_pair, ceil_output_size, output_size, taps

Array = np.ndarray
IntOrPair = int | tuple[int, int]
Shape = tuple[int, ...]


def _outputs(
    size: Shape, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Pair:
    count = ceil_output_size if ceil_mode else output_size
    height, width = (
        count(*axis) for axis in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    return height, width


def max_pool2d(
    x: Array,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """Largest element of every window, and where it was. Padding never wins.

    >>> values, indices = max_pool2d(np.array([[[[1.0, 3.0], [3.0, 2.0]]]]), 2)
    >>> values.item(), indices.item()
    (3.0, 1)
    """
    x = np.asarray(x, np.float64)
    kernel = as_pair(kernel_size)
    step = kernel if stride is None else as_pair(stride)
    window = kernel, step, as_pair(padding), as_pair(dilation)
    out = _outputs(x.shape[2:], *window, ceil_mode)
    values = np.zeros((*x.shape[:2], *out))
    indices = np.full(values.shape, -1, np.int64)
    offsets = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    for (oh, ow), _, (ih, iw) in taps(x.shape[2:], out, *window):
        candidate, best = x[:, :, ih, iw], values[:, :, oh, ow]
        first = indices[:, :, oh, ow] == -1
        wins = first | (candidate > best) | (np.isnan(candidate) & ~np.isnan(best))
        values[:, :, oh, ow] = np.where(wins, candidate, best)
        indices[:, :, oh, ow] = np.where(wins, offsets[ih, iw], indices[:, :, oh, ow])
    return values, indices


def max_pool2d_grad(grad: Array, indices: Array, input_shape: Shape) -> Array:
    """Send every gradient to the pixel that won; overlapping windows add up.

    >>> grad, indices = np.ones((1, 1, 1, 2)), np.full((1, 1, 1, 2), 2)
    >>> max_pool2d_grad(grad, indices, (1, 1, 2, 2)).tolist()
    [[[[0.0, 0.0], [2.0, 0.0]]]]
    """
    x_grad = np.zeros(input_shape)
    width = input_shape[3]
    for n, c, oh, ow in np.ndindex(grad.shape):
        row, column = divmod(int(indices[n, c, oh, ow]), width)
        x_grad[n, c, row, column] += grad[n, c, oh, ow]
    return x_grad


def max_unpool2d(x: Array, indices: Array, output_size: IntOrPair) -> Array:
    """Put every value where its index says, zeros elsewhere; of several, the last remains.

    >>> max_unpool2d(np.full((1, 1, 1, 1), 5.0), np.full((1, 1, 1, 1), 3), 2).tolist()
    [[[[0.0, 0.0], [0.0, 5.0]]]]
    """
    height, width = as_pair(output_size)
    y = np.zeros((*x.shape[:2], height, width))
    for n, c, i, j in np.ndindex(x.shape):
        row, column = divmod(int(indices[n, c, i, j]), width)
        y[n, c, row, column] = x[n, c, i, j]
    return y


def max_unpool2d_grad(grad: Array, indices: Array) -> Array:
    """Gradient of `max_unpool2d` for distinct indices: read where was written.

    >>> max_unpool2d_grad(np.arange(4.0).reshape(1, 1, 2, 2), np.full((1, 1, 1, 1), 3)).item()
    3.0
    """
    x_grad = np.zeros(indices.shape)
    for n, c, i, j in np.ndindex(indices.shape):
        row, column = divmod(int(indices[n, c, i, j]), grad.shape[3])
        x_grad[n, c, i, j] = grad[n, c, row, column]
    return x_grad


def _average_divisors(
    size: Shape,
    out: Pair,
    window: tuple[Pair, Pair, Pair],
    count_include_pad: bool,
    divisor_override: int | None,
) -> Array:
    """Divisor of every window (OH, OW).

    Padding counts where `count_include_pad`, but what `ceil_mode` adds beyond it never does.
    """
    divisors = np.zeros(out)
    for pixel in np.ndindex(out):
        counts = []
        for o, total, kernel, stride, padding in zip(pixel, size, *window, strict=True):
            start = o * stride - padding
            stop = min(start + kernel, total + padding)
            if not count_include_pad:
                start, stop = max(start, 0), min(stop, total)
            counts.append(stop - start)
        divisors[pixel] = counts[0] * counts[1] if divisor_override is None else divisor_override
    return divisors


def avg_pool2d(
    x: Array,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Sum of every window over its divisor.

    >>> avg_pool2d(np.arange(4.0).reshape(1, 1, 2, 2), 2).item()
    1.5
    """
    x = np.asarray(x, np.float64)
    kernel = as_pair(kernel_size)
    step = kernel if stride is None else as_pair(stride)
    window = kernel, step, as_pair(padding)
    out = _outputs(x.shape[2:], *window, (1, 1), ceil_mode)
    y = np.zeros((*x.shape[:2], *out))
    for (oh, ow), _, (ih, iw) in taps(x.shape[2:], out, *window, (1, 1)):
        y[:, :, oh, ow] += x[:, :, ih, iw]
    return y / _average_divisors(x.shape[2:], out, window, count_include_pad, divisor_override)


def avg_pool2d_grad(
    grad: Array,
    input_shape: Shape,
    kernel_size: IntOrPair,
    *,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Share every gradient out equally over its window.

    >>> avg_pool2d_grad(np.ones((1, 1, 1, 1)), (1, 1, 1, 2), (1, 2)).tolist()
    [[[[0.5, 0.5]]]]
    """
    kernel = as_pair(kernel_size)
    step = kernel if stride is None else as_pair(stride)
    window = kernel, step, as_pair(padding)
    size = input_shape[2:]
    out = _outputs(size, *window, (1, 1), ceil_mode)
    share = np.asarray(grad, np.float64) / _average_divisors(
        size, out, window, count_include_pad, divisor_override
    )
    x_grad = np.zeros(input_shape)
    for (oh, ow), _, (ih, iw) in taps(size, out, *window, (1, 1)):
        x_grad[:, :, ih, iw] += share[:, :, oh, ow]
    return x_grad


def _adaptive_range(position: int, size: int, count: int) -> slice:
    """Window `position` of `count`: from floor(p I / O) to ceil((p + 1) I / O)."""
    return slice(position * size // count, -(-(position + 1) * size // count))


def adaptive_avg_pool2d(x: Array, output_size: IntOrPair) -> Array:
    """Average over windows that divide the image into `output_size` parts, nearly equal.

    >>> adaptive_avg_pool2d(np.arange(3.0).reshape(1, 1, 1, 3), (1, 2)).tolist()
    [[[[0.5, 1.5]]]]
    """
    x = np.asarray(x, np.float64)
    out = as_pair(output_size)
    y = np.zeros((*x.shape[:2], *out))
    for oh, ow in np.ndindex(out):
        rows = _adaptive_range(oh, x.shape[2], out[0])
        columns = _adaptive_range(ow, x.shape[3], out[1])
        y[:, :, oh, ow] = x[:, :, rows, columns].mean(axis=(2, 3))
    return y


def adaptive_avg_pool2d_grad(grad: Array, input_shape: Shape) -> Array:
    """Share every gradient out equally over its window.

    >>> adaptive_avg_pool2d_grad(np.ones((1, 1, 1, 1)), (1, 1, 1, 4)).tolist()
    [[[[0.25, 0.25, 0.25, 0.25]]]]
    """
    grad = np.asarray(grad, np.float64)
    x_grad = np.zeros(input_shape)
    for oh, ow in np.ndindex(grad.shape[2:]):
        rows = _adaptive_range(oh, input_shape[2], grad.shape[2])
        columns = _adaptive_range(ow, input_shape[3], grad.shape[3])
        count = (rows.stop - rows.start) * (columns.stop - columns.start)
        x_grad[:, :, rows, columns] += grad[:, :, oh, ow, None, None] / count
    return x_grad
