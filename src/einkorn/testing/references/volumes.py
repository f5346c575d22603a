"""Convolution and pooling of volumes (N, C, D, H, W), one kernel tap or window at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .convolution import grouped
from .elementwise import activate
from .geometry import ceil_output_size, output_size, taps, transposed_output_size

Array = np.ndarray
Triple = tuple[int, ...]
IntOrTriple = int | tuple[int, int, int]
Shape = tuple[int, ...]


def _triple(value: IntOrTriple) -> Triple:
    return (value,) * 3 if isinstance(value, int) else tuple(value)


def conv3d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: IntOrTriple = 1,
    padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    """As `conv2d`, with a depth.

    >>> conv3d(np.ones((1, 1, 2, 2, 3)), np.ones((1, 1, 2, 2, 2))).tolist()
    [[[[[8.0, 8.0]]]]]
    """
    x, weight = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    window = weight.shape[2:], _triple(stride), _triple(padding), _triple(dilation)
    size = tuple(map(output_size, x.shape[2:], *window))
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    y = np.zeros((len(x), len(weight), *size))
    for out, tap, at in taps(x.shape[2:], size, *window):
        term = filters[..., *tap] @ grouped(x[:, :, *at], groups)
        y[:, :, *out] += term.reshape(y[:, :, *out].shape)
    if bias is not None:
        y += np.asarray(bias, np.float64)[:, None, None, None]
    return activate(y, activation)


def conv3d_input_grad(
    grad: Array,
    weight: Array,
    input_shape: Shape,
    *,
    stride: IntOrTriple = 1,
    padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv3d` with respect to `x`.

    >>> conv3d_input_grad(np.ones((1, 1, 1, 1, 2)), np.ones((1, 1, 1, 1, 2)), (1, 1, 1, 1, 3))
    array([[[[[1., 2., 1.]]]]])
    """
    grad, weight = np.asarray(grad, np.float64), np.asarray(weight, np.float64)
    window = weight.shape[2:], _triple(stride), _triple(padding), _triple(dilation)
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    result = np.zeros(input_shape)
    for out, tap, at in taps(input_shape[2:], grad.shape[2:], *window):
        term = filters[..., *tap].mT @ grouped(grad[:, :, *out], groups)
        result[:, :, *at] += term.reshape(result[:, :, *at].shape)
    return result


def conv3d_weight_grad(
    grad: Array,
    x: Array,
    weight_shape: Shape,
    *,
    stride: IntOrTriple = 1,
    padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv3d` with respect to `weight`.

    >>> x, grad = np.arange(2.0).reshape(1, 1, 2, 1, 1), np.ones((1, 1, 1, 1, 1))
    >>> conv3d_weight_grad(grad, x, (1, 1, 2, 1, 1)).ravel().tolist()
    [0.0, 1.0]
    """
    grad, x = np.asarray(grad, np.float64), np.asarray(x, np.float64)
    window = weight_shape[2:], _triple(stride), _triple(padding), _triple(dilation)
    result = np.zeros(weight_shape)
    for out, tap, at in taps(x.shape[2:], grad.shape[2:], *window):
        term = grouped(grad[:, :, *out], groups) @ grouped(x[:, :, *at], groups).mT
        result[:, :, *tap] += term.sum(0).reshape(weight_shape[:2])
    return result


def conv_transpose3d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: IntOrTriple = 1,
    padding: IntOrTriple = 0,
    output_padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    """As `conv_transpose2d`, with a depth.

    >>> conv_transpose3d(np.ones((1, 1, 1, 1, 2)), np.ones((1, 1, 1, 1, 2)))
    array([[[[[1., 2., 1.]]]]])
    """
    window = weight.shape[2:], _triple(stride), _triple(padding)
    more, spread = _triple(output_padding), _triple(dilation)
    size = tuple(map(transposed_output_size, x.shape[2:], *window, more, spread))
    shape = (len(x), weight.shape[1] * groups, *size)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    y = conv3d_input_grad(x, weight, shape, **options)
    if bias is not None:
        y += np.asarray(bias, np.float64)[:, None, None, None]
    return activate(y, activation)


def conv_transpose3d_input_grad(
    grad: Array,
    weight: Array,
    *,
    stride: IntOrTriple = 1,
    padding: IntOrTriple = 0,
    output_padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv_transpose3d` with respect to `x`.

    >>> conv_transpose3d_input_grad(np.ones((1, 1, 1, 1, 3)), np.ones((1, 1, 1, 1, 2)))
    array([[[[[2., 2.]]]]])
    """
    window = weight.shape[2:], _triple(stride), _triple(padding), _triple(dilation)
    less = zip(grad.shape[2:], _triple(output_padding), strict=True)
    d, h, w = map(output_size, [n - more for n, more in less], *window)
    whole = conv3d(grad, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return whole[:, :, :d, :h, :w]


def conv_transpose3d_weight_grad(
    grad: Array,
    x: Array,
    weight_shape: Shape,
    *,
    stride: IntOrTriple = 1,
    padding: IntOrTriple = 0,
    output_padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    groups: int = 1,
) -> Array:
    """Gradient of `conv_transpose3d` with respect to `weight`.

    >>> x, grad = np.ones((1, 1, 1, 1, 1)), np.arange(2.0).reshape(1, 1, 1, 1, 2)
    >>> conv_transpose3d_weight_grad(grad, x, (1, 1, 1, 1, 2))
    array([[[[[0., 1.]]]]])
    """
    del output_padding  # It shows in the size of grad, and no tap depends on it.
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return conv3d_weight_grad(x, grad, weight_shape, **options)


def max_pool3d(
    x: Array,
    kernel_size: IntOrTriple,
    *,
    stride: IntOrTriple | None = None,
    padding: IntOrTriple = 0,
    dilation: IntOrTriple = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """Largest of every window and its offset in the volume; the first of equals, NaN wins.

    >>> [part.item() for part in max_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2)]
    [7.0, 7]
    """
    x = np.asarray(x, np.float64)
    kernel = _triple(kernel_size)
    steps = kernel if stride is None else _triple(stride)
    window = kernel, steps, _triple(padding), _triple(dilation)
    size = tuple(map(ceil_output_size if ceil_mode else output_size, x.shape[2:], *window))
    values = np.full((*x.shape[:2], *size), np.nan)
    indices = np.full(values.shape, -1, np.int64)
    offsets = np.arange(np.prod(x.shape[2:])).reshape(x.shape[2:])
    for out, _, at in taps(x.shape[2:], size, *window):
        old, new = values[:, :, *out], x[:, :, *at]
        wins = (indices[:, :, *out] < 0) | (new > old) | (np.isnan(new) & ~np.isnan(old))
        values[:, :, *out] = np.where(wins, new, old)
        indices[:, :, *out] = np.where(wins, offsets[at], indices[:, :, *out])
    return values, indices


def max_pool3d_grad(grad: Array, indices: Array, input_shape: Shape) -> Array:
    """Gradient of `max_pool3d`: each element goes where the maximum came from.

    >>> grad, indices = np.ones((1, 1, 1, 1, 2)), np.full((1, 1, 1, 1, 2), 1)
    >>> max_pool3d_grad(grad, indices, (1, 1, 1, 1, 3)).ravel().tolist()
    [0.0, 2.0, 0.0]
    """
    planes = int(np.prod(input_shape[:2]))
    result = np.zeros((planes, int(np.prod(input_shape[2:]))))
    pairs = (np.reshape(part, (planes, -1)) for part in (np.asarray(grad, np.float64), indices))
    for plane, slopes, places in zip(result, *pairs, strict=True):
        np.add.at(plane, places, slopes)
    return result.reshape(input_shape)


def max_unpool3d(x: Array, indices: Array, output_size: IntOrTriple) -> Array:
    """Zeros with the elements of `x` at `indices`.

    >>> x, indices = np.ones((1, 1, 1, 1, 1)), np.full((1, 1, 1, 1, 1), 1)
    >>> max_unpool3d(x, indices, (1, 1, 2)).ravel().tolist()
    [0.0, 1.0]
    """
    shape = (*x.shape[:2], *_triple(output_size))
    planes = shape[0] * shape[1]
    result = np.zeros((planes, int(np.prod(shape[2:]))))
    np.put_along_axis(result, indices.reshape(planes, -1), x.reshape(planes, -1), 1)
    return result.reshape(shape)


def max_unpool3d_grad(grad: Array, indices: Array) -> Array:
    """Gradient of `max_unpool3d`: the elements at `indices`.

    >>> grad, indices = np.arange(2.0).reshape(1, 1, 1, 1, 2), np.full((1, 1, 1, 1, 1), 1)
    >>> max_unpool3d_grad(grad, indices).item()
    1.0
    """
    planes = grad.shape[0] * grad.shape[1]
    flat = np.asarray(grad, np.float64).reshape(planes, -1)
    return np.take_along_axis(flat, indices.reshape(planes, -1), 1).reshape(indices.shape)


def _means(
    inputs: Shape,
    kernel_size: IntOrTriple,
    stride: IntOrTriple | None,
    padding: IntOrTriple,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> tuple[Shape, list[tuple[Triple, tuple[slice, ...], int]]]:
    """Return the sizes of the result, and for each of its voxels the window and the divisor."""
    kernel = _triple(kernel_size)
    steps, border = kernel if stride is None else _triple(stride), _triple(padding)
    count = ceil_output_size if ceil_mode else output_size
    size = tuple(map(count, inputs, kernel, steps, border, (1, 1, 1)))
    found = []
    for out in np.ndindex(*size):
        begin = [o * s - p for o, s, p in zip(out, steps, border, strict=True)]
        end = [min(b + k, n + p) for b, k, n, p in zip(begin, kernel, inputs, border, strict=True)]
        box = tuple(slice(max(b, 0), min(e, n)) for b, e, n in zip(begin, end, inputs, strict=True))
        spans = [e - b for b, e in zip(begin, end, strict=True)]
        if not count_include_pad:
            spans = [part.stop - part.start for part in box]
        found.append((out, box, divisor_override or int(np.prod(spans))))
    return size, found


def avg_pool3d(
    x: Array,
    kernel_size: IntOrTriple,
    *,
    stride: IntOrTriple | None = None,
    padding: IntOrTriple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Mean of every window.

    >>> avg_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2).item()
    3.5
    """
    x = np.asarray(x, np.float64)
    options = stride, padding, ceil_mode, count_include_pad, divisor_override
    size, windows = _means(x.shape[2:], kernel_size, *options)
    y = np.zeros((*x.shape[:2], *size))
    for out, box, divisor in windows:
        y[:, :, *out] = x[:, :, *box].sum((2, 3, 4)) / divisor
    return y


def avg_pool3d_grad(
    grad: Array,
    input_shape: Shape,
    kernel_size: IntOrTriple,
    *,
    stride: IntOrTriple | None = None,
    padding: IntOrTriple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Gradient of `avg_pool3d`.

    >>> avg_pool3d_grad(np.ones((1, 1, 1, 1, 1)), (1, 1, 1, 1, 2), (1, 1, 2)).ravel().tolist()
    [0.5, 0.5]
    """
    grad = np.asarray(grad, np.float64)
    options = stride, padding, ceil_mode, count_include_pad, divisor_override
    result = np.zeros(input_shape)
    for out, box, divisor in _means(input_shape[2:], kernel_size, *options)[1]:
        result[:, :, *box] += (grad[:, :, *out] / divisor)[:, :, None, None, None]
    return result


def _regions(inputs: Shape, size: Shape) -> Iterator[tuple[Triple, tuple[slice, ...]]]:
    for out in np.ndindex(*size):
        axes = zip(out, inputs, size, strict=True)
        yield out, tuple(slice(o * n // m, -(-(o + 1) * n // m)) for o, n, m in axes)


def adaptive_avg_pool3d(x: Array, output_size: IntOrTriple) -> Array:
    """Means of so many regions.

    >>> adaptive_avg_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 1).item()
    3.5
    """
    x, size = np.asarray(x, np.float64), _triple(output_size)
    y = np.zeros((*x.shape[:2], *size))
    for out, box in _regions(x.shape[2:], size):
        y[:, :, *out] = x[:, :, *box].mean((2, 3, 4))
    return y


def adaptive_avg_pool3d_grad(grad: Array, input_shape: Shape) -> Array:
    """Gradient of `adaptive_avg_pool3d`.

    >>> adaptive_avg_pool3d_grad(np.ones((1, 1, 1, 1, 1)), (1, 1, 1, 1, 2)).ravel().tolist()
    [0.5, 0.5]
    """
    grad = np.asarray(grad, np.float64)
    result = np.zeros(input_shape)
    for out, box in _regions(input_shape[2:], grad.shape[2:]):
        count = np.prod([part.stop - part.start for part in box])
        result[:, :, *box] += (grad[:, :, *out] / count)[:, :, None, None, None]
    return result


def _largest(box: Array, offsets: Array) -> tuple[Array, Array]:
    """Return the first of the largest elements of each plane's box, and its offset."""
    flat = box.reshape(*box.shape[:2], -1)
    # The first NaN is what argmax finds, and the first of equals.
    winner = flat.argmax(-1)
    values = np.take_along_axis(flat, winner[..., None], -1)[..., 0]
    return values, offsets.reshape(-1)[winner]


def adaptive_max_pool2d(x: Array, output_size: int | tuple[int, int]) -> tuple[Array, Array]:
    """Largest elements of so many regions, and their offsets.

    >>> [part.item() for part in adaptive_max_pool2d(np.arange(4.0).reshape(1, 1, 2, 2), 1)]
    [3.0, 3]
    """
    size = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    values, indices = adaptive_max_pool3d(np.asarray(x)[:, :, None], (1, *size))
    return values[:, :, 0], indices[:, :, 0]


def adaptive_max_pool3d(x: Array, output_size: IntOrTriple) -> tuple[Array, Array]:
    """Largest elements of so many regions, and their offsets.

    >>> [part.item() for part in adaptive_max_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 1)]
    [7.0, 7]
    """
    x, size = np.asarray(x, np.float64), _triple(output_size)
    values = np.zeros((*x.shape[:2], *size))
    indices = np.zeros(values.shape, np.int64)
    offsets = np.arange(np.prod(x.shape[2:])).reshape(x.shape[2:])
    for out, box in _regions(x.shape[2:], size):
        found = _largest(x[:, :, *box], offsets[box])
        values[:, :, *out], indices[:, :, *out] = found
    return values, indices


def fractional_max_pool2d(
    x: Array, kernel_size: int | tuple[int, int], output_size: int | tuple[int, int], samples: Array
) -> tuple[Array, Array]:
    """Largest elements of windows at pseudorandom places, and their offsets.

    >>> x, samples = np.arange(4.0).reshape(1, 1, 2, 2), np.zeros((1, 1, 2))
    >>> [part.item() for part in fractional_max_pool2d(x, 2, 1, samples)]
    [3.0, 3]
    """
    pairs = [(v,) * 2 if isinstance(v, int) else tuple(v) for v in (kernel_size, output_size)]
    kernel, size = pairs
    image = np.asarray(x, np.float64)
    values = np.zeros((*image.shape[:2], *size))
    indices = np.zeros(values.shape, np.int64)
    offsets = np.arange(np.prod(image.shape[2:])).reshape(image.shape[2:])
    for n, c in np.ndindex(*image.shape[:2]):
        begins = [
            _fractional_begins(samples[n, c, 1 - axis], image.shape[2 + axis], *window)
            for axis, window in enumerate(zip(kernel, size, strict=True))
        ]
        for i, j in np.ndindex(*size):
            starts = begins[0][i], begins[1][j]
            box = tuple(slice(b, b + k) for b, k in zip(starts, kernel, strict=True))
            found = _largest(image[n, c][box][None, None], offsets[box])
            values[n, c, i, j], indices[n, c, i, j] = found[0].item(), found[1].item()
    return values, indices


def _fractional_begins(sample: np.floating, old: int, kernel: int, new: int) -> list[int]:
    kind = type(sample)
    step = kind(old - kernel) / kind(max(new - 1, 1))
    inner = [int((kind(i) + sample) * step) - int(sample * step) for i in range(new - 1)]
    return [*inner, old - kernel]
