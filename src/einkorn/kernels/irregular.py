"""Max pooling over windows that no stride lays out: adaptive and fractional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from einkorn.kernels._sizes import Array, array_of_rank, into, sizes
from einkorn.kernels.max_pool import max_pool2d
from einkorn.kernels.windows import span_max_pool

__all__ = [
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
]

Size = int | Sequence[int]
# Beyond it a number in float32 has no fraction, which is what counts.
_MOST = 2**23
Pooled = tuple[Array, NDArray[np.int64]]


def _pooled(
    x: Array,
    spans: list[NDArray[np.int64]],
    size: tuple[int, ...],
    out: Array | None,
    **more: Array,
) -> Pooled:
    """Pool the last dimensions of `x`, as many as there are sizes."""
    missing = 3 - len(size)
    ones = (1,) * missing
    rows = len(spans[0])
    whole = np.tile(np.array([0, 1]), (rows, missing, 1))
    volume = x.reshape(*x.shape[:2], *ones, *x.shape[2:])
    boxes = np.concatenate([whole, *spans], 1)
    values, indices = span_max_pool(volume, boxes, (*ones, *size))
    shape = (*x.shape[:2], *size)
    return into(out, values.reshape(shape), x=x, **more), indices.reshape(shape)


def _adaptive_spans(old: int, new: int) -> NDArray[np.int64]:
    places = np.arange(new, dtype=np.int64)
    begin, end = places * old // new, -(-(places + 1) * old // new)
    return np.stack([begin, end], 1)[np.newaxis]


def _adaptive(x: ArrayLike, output_size: Size, out: Array | None, dims: int) -> Pooled:
    images = array_of_rank(x, "x", dims + 2)
    size = sizes(output_size, "output_size", dims, 0)
    if 0 in images.shape[1:]:
        raise ValueError(
            f"x: expected at least 1 along every axis but the first, got {images.shape}"
        )
    if dims == 2 and all(n and m % n == 0 for m, n in zip(images.shape[2:], size, strict=True)):
        kernel = (images.shape[2] // size[0], images.shape[3] // size[1])
        return max_pool2d(images, kernel, out=out)
    spans = [_adaptive_spans(m, n) for m, n in zip(images.shape[2:], size, strict=True)]
    return _pooled(images, spans, size, out)


def adaptive_max_pool1d(x: ArrayLike, output_size: Size, *, out: Array | None = None) -> Pooled:
    """Largest elements of so many regions of (N, C, L), and where; see `adaptive_max_pool2d`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> values, indices = kernels.adaptive_max_pool1d(np.array([[[1.0, 3.0, 2.0]]]), 2)
    >>> values.tolist(), indices.tolist()
    ([[[3.0, 3.0]]], [[[1, 1]]])
    """
    return _adaptive(x, output_size, out, 1)


def adaptive_max_pool2d(x: ArrayLike, output_size: Size, *, out: Array | None = None) -> Pooled:
    """Largest elements of so many regions of each plane, and where they lie.

    Region i of n covers ``floor(i * H / n)`` to ``ceil((i + 1) * H / n)``.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64.
    output_size : int or pair of ints
    out : array, shape (N, C, *output_size), optional
        Where to write the values; it must not overlap `x`.

    Returns
    -------
    values : array, shape (N, C, *output_size)
    indices : array of int64, shape (N, C, *output_size)
        Offsets of the values in their input planes. `max_pool2d_grad` takes them.

    Raises
    ------
    TypeError, ValueError
        If `x` is no such array, has no elements, or a size is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> values, indices = kernels.adaptive_max_pool2d(np.arange(6.0).reshape(1, 1, 2, 3), 1)
    >>> values.item(), indices.item()
    (5.0, 5)
    """
    return _adaptive(x, output_size, out, 2)


def adaptive_max_pool3d(x: ArrayLike, output_size: Size, *, out: Array | None = None) -> Pooled:
    """Largest elements of so many regions of each volume; see `adaptive_max_pool2d`.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
        float32 or float64.
    output_size : int or sequence of three ints
    out : array, shape (N, C, *output_size), optional
        Where to write the values; it must not overlap `x`.

    Returns
    -------
    values : array, shape (N, C, *output_size)
    indices : array of int64, shape (N, C, *output_size)
        Offsets of the values in their volumes. `max_pool3d_grad` takes them.

    Raises
    ------
    TypeError, ValueError
        As `adaptive_max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_max_pool3d(np.ones((1, 2, 5, 4, 3)), (2, 1, 2))[0].shape
    (1, 2, 2, 1, 2)
    """
    return _adaptive(x, output_size, out, 3)


def _fractional_spans(samples: Array, old: int, kernel: int, new: int) -> NDArray[np.int64]:
    """Return where windows begin and end: one row a plane, of which `samples` has a number each."""
    begins = np.full((len(samples), new), old - kernel, np.int64)
    if new > 1:
        # In the dtype of the numbers: rounding decides where a window begins.
        step = samples.dtype.type(old - kernel) / samples.dtype.type(new - 1)
        places = np.arange(new - 1, dtype=samples.dtype) + samples[:, np.newaxis]
        first = (samples * step).astype(np.int64)[:, np.newaxis]
        begins[:, :-1] = (places * step).astype(np.int64) - first
    return np.stack([begins, begins + kernel], 2)


def _fractional(
    x: ArrayLike,
    kernel_size: Size,
    output_size: Size,
    samples: ArrayLike,
    out: Array | None,
    dims: int,
) -> Pooled:
    images = array_of_rank(x, "x", dims + 2)
    kernel = sizes(kernel_size, "kernel_size", dims, 1)
    size = sizes(output_size, "output_size", dims, 1)
    for old, k, new in zip(images.shape[2:], kernel, size, strict=True):
        if k + new - 1 > old:
            raise ValueError(
                f"kernel_size: expected {new} windows of {k} within {old}, got kernel_size "
                f"{kernel_size!r} with output_size {output_size!r}"
            )
    if images.dtype.type not in (np.float32, np.float64):
        raise TypeError(f"x: expected an array of float32 or float64, got {images.dtype}")
    numbers: Any = np.asarray(samples)
    if numbers.dtype.type is not images.dtype.type:
        raise TypeError(f"samples: expected {images.dtype} as x, got {numbers.dtype}")
    shape = (*images.shape[:2], dims)
    if numbers.shape != shape:
        raise ValueError(f"samples: expected shape {shape}, got {numbers.shape}")
    if numbers.size and not np.abs(numbers).max() < _MOST:
        raise ValueError(f"samples: expected numbers from 0 to 1, or at least of less than {_MOST}")
    flat = numbers.reshape(shape[0] * shape[1], dims)
    # PyTorch's order: width before height in images, but depth first in volumes.
    columns = (1, 0) if dims == 2 else (0, 1, 2)
    spans = [
        _fractional_spans(flat[:, column], *axis)
        for column, *axis in zip(columns, images.shape[2:], kernel, size, strict=True)
    ]
    return _pooled(images, spans, size, out, samples=numbers)


def fractional_max_pool2d(
    x: ArrayLike,
    kernel_size: Size,
    output_size: Size,
    samples: ArrayLike,
    *,
    out: Array | None = None,
) -> Pooled:
    """Largest elements of windows at pseudorandom places, and where they lie.

    With :math:`a = (I - K) / (O - 1)` window i begins at
    :math:`\\lfloor a (i + u) \\rfloor - \\lfloor a u \\rfloor`, the last one at :math:`I - K`
    (B. Graham, "Fractional max-pooling", arXiv:1412.6071, 2014).

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64.
    kernel_size, output_size : int or pair of ints
        K and O.
    samples : array, shape (N, C, 2)
        u for the width and for the height of each plane, from 0 to 1.
    out : array, shape (N, C, *output_size), optional
        Where to write the values; it must not overlap `x`.

    Returns
    -------
    values : array, shape (N, C, *output_size)
    indices : array of int64, shape (N, C, *output_size)
        Offsets of the values in their input planes. `max_pool2d_grad` takes them.

    Raises
    ------
    TypeError, ValueError
        If an array or size does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, samples = np.arange(16.0).reshape(1, 1, 4, 4), np.full((1, 1, 2), 0.5)
    >>> kernels.fractional_max_pool2d(x, 2, 2, samples)[0].tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    return _fractional(x, kernel_size, output_size, samples, out, 2)


def fractional_max_pool3d(
    x: ArrayLike,
    kernel_size: Size,
    output_size: Size,
    samples: ArrayLike,
    *,
    out: Array | None = None,
) -> Pooled:
    """`fractional_max_pool2d` of (N, C, D, H, W); `samples` are of depth, height and width.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, samples = np.arange(8.0).reshape(1, 1, 2, 2, 2), np.zeros((1, 1, 3))
    >>> kernels.fractional_max_pool3d(x, 2, 1, samples)[0].item()
    7.0
    """
    return _fractional(x, kernel_size, output_size, samples, out, 3)
