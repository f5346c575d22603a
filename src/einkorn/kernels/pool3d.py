"""Pooling over windows of volumes (N, C, D, H, W), as pooling over slices and then over depth.

A maximum of maxima is the maximum, and a mean of means the mean: a box pools as its slices first,
and then, with a slice in each row of an image, along the depth. The first of equals in the order of
the volume is the first of the first slice that has it, so that indices come out the same as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from einkorn.kernels._sizes import Array, array_of_rank, into, optional_sizes, sizes
from einkorn.kernels.avg_pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    avg_pool2d,
    avg_pool2d_grad,
)
from einkorn.kernels.max_pool import max_pool2d
from einkorn.kernels.unpool import max_pool2d_grad, max_unpool2d, max_unpool2d_grad

__all__ = [
    "adaptive_avg_pool3d",
    "adaptive_avg_pool3d_grad",
    "avg_pool3d",
    "avg_pool3d_grad",
    "max_pool3d",
    "max_pool3d_grad",
    "max_unpool3d",
    "max_unpool3d_grad",
]

Size = int | Sequence[int]


def _slices(volume: Array) -> Array:
    """View (N, C, D, H, W) as (N, C D, H, W)."""
    n, c, d, h, w = volume.shape
    return volume.reshape(n, c * d, h, w)


def _rows(volume: Array) -> Array:
    """View (N, C, D, H, W) as (N, C, D, H W)."""
    n, c, d, h, w = volume.shape
    return volume.reshape(n, c, d, h * w)


def _window(
    kernel_size: Size, stride: Size | None, padding: Size, **more: Size
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options for slices, and those for depth."""
    kernel = sizes(kernel_size, "kernel_size", 3, 1)
    options = {
        "kernel_size": kernel,
        "stride": optional_sizes(stride, "stride", 3, 1, kernel),
        "padding": sizes(padding, "padding", 3, 0),
    }
    if any(border > k // 2 for border, k in zip(options["padding"], kernel, strict=True)):
        raise ValueError(
            f"padding: expected at most half of kernel_size {kernel_size!r}, got {padding!r}"
        )
    options |= {name: sizes(value, name, 3, 1) for name, value in more.items()}
    along = {name: (value[0], 0 if name == "padding" else 1) for name, value in options.items()}
    return {name: value[1:] for name, value in options.items()}, along


def max_pool3d(
    x: ArrayLike,
    kernel_size: Size,
    *,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> tuple[Array, NDArray[np.int64]]:
    """Largest element of every window, and where it lies; see `max_pool2d`.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
        float32 or float64.
    kernel_size, stride, padding, dilation : int or sequence of three ints
        As in `max_pool2d`, for depth, height and width.
    ceil_mode : bool
    out : array, shape (N, C, OD, OH, OW), optional
        Where to write the values.

    Returns
    -------
    values : array, shape (N, C, OD, OH, OW)
    indices : array of int64, shape (N, C, OD, OH, OW)
        Offsets of the values in their volumes, ``(d * H + h) * W + w``.

    Raises
    ------
    TypeError, ValueError
        As `max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> values, indices = kernels.max_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    >>> values.item(), indices.item()
    (7.0, 7)
    """
    volume = array_of_rank(x, "x", 5)
    across, along = _window(kernel_size, stride, padding, dilation=dilation)
    n, c, d, h, w = volume.shape
    best, places = max_pool2d(_slices(volume), **across, ceil_mode=ceil_mode)
    oh, ow = best.shape[2:]
    values, deep = max_pool2d(best.reshape(n, c, d, oh * ow), **along, ceil_mode=ceil_mode)
    shape = (n, c, values.shape[2], oh, ow)
    chosen = deep.reshape(n, c, shape[2] * oh * ow)
    indices = np.take_along_axis(places.reshape(n, c, d * oh * ow), chosen, 2)
    indices += chosen // (oh * ow) * (h * w)
    return into(out, values.reshape(shape), x=volume), indices.reshape(shape)


def max_pool3d_grad(
    grad: ArrayLike, indices: ArrayLike, input_shape: Sequence[int], *, out: Array | None = None
) -> Array:
    """Gradient of `max_pool3d`; see `max_pool2d_grad`.

    Parameters
    ----------
    grad : array, shape (N, C, OD, OH, OW)
    indices : array of integers, shape (N, C, OD, OH, OW)
        What `max_pool3d` returned.
    input_shape : tuple (N, C, D, H, W)
    out : array, shape (N, C, D, H, W), optional

    Returns
    -------
    array, shape (N, C, D, H, W)

    Raises
    ------
    TypeError, ValueError, IndexError
        As `max_pool2d_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad, indices = np.ones((1, 1, 1, 1, 1)), np.full((1, 1, 1, 1, 1), 2)
    >>> kernels.max_pool3d_grad(grad, indices, (1, 1, 2, 1, 2)).ravel()
    array([0., 0., 1., 0.])
    """
    n, c, d, h, w = shape = _shape(input_shape)
    slopes, places = array_of_rank(grad, "grad", 5), array_of_rank(indices, "indices", 5)
    _expect_same_shape(slopes, places, "grad")
    result = max_pool2d_grad(_rows(slopes), _rows(places), (n, c, d, h * w))
    return into(out, result.reshape(shape), grad=slopes, indices=places)


def _expect_same_shape(array: Array, indices: Array, name: str) -> None:
    if array.shape != indices.shape:
        raise ValueError(f"{name}: expected shape {indices.shape} as indices, got {array.shape}")


def _shape(value: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError(f"input_shape: expected a tuple (N, C, D, H, W), got {value!r}")
    if len(value) != 5:
        raise ValueError(f"input_shape: expected a tuple (N, C, D, H, W), got {value!r}")
    return tuple([sizes((entry,), "input_shape", 1, 0)[0] for entry in value])


def max_unpool3d(
    x: ArrayLike, indices: ArrayLike, output_size: Size, *, out: Array | None = None
) -> Array:
    """Zeros with the elements of `x` at `indices`; see `max_unpool2d`.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
    indices : array of integers, shape (N, C, D, H, W)
        What `max_pool3d` returned.
    output_size : int or sequence of three ints
    out : array, shape (N, C, *output_size), optional

    Returns
    -------
    array, shape (N, C, *output_size)

    Raises
    ------
    TypeError, ValueError, IndexError
        As `max_unpool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, indices = np.full((1, 1, 1, 1, 1), 5.0), np.full((1, 1, 1, 1, 1), 2)
    >>> kernels.max_unpool3d(x, indices, (2, 1, 2)).ravel()
    array([0., 0., 5., 0.])
    """
    values, places = array_of_rank(x, "x", 5), array_of_rank(indices, "indices", 5)
    _expect_same_shape(values, places, "x")
    d, h, w = sizes(output_size, "output_size", 3, 0)
    result = max_unpool2d(_rows(values), _rows(places), (d, h * w))
    return into(out, result.reshape(*values.shape[:2], d, h, w), x=values, indices=places)


def max_unpool3d_grad(grad: ArrayLike, indices: ArrayLike, *, out: Array | None = None) -> Array:
    """Gradient of `max_unpool3d`; see `max_unpool2d_grad`.

    Parameters
    ----------
    grad : array, shape (N, C, OD, OH, OW)
    indices : array of integers, shape (N, C, D, H, W)
    out : array, shape (N, C, D, H, W), optional

    Returns
    -------
    array, shape (N, C, D, H, W)

    Raises
    ------
    TypeError, ValueError, IndexError
        As `max_unpool2d_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad, indices = np.arange(4.0).reshape(1, 1, 2, 1, 2), np.full((1, 1, 1, 1, 1), 2)
    >>> kernels.max_unpool3d_grad(grad, indices).item()
    2.0
    """
    slopes, places = array_of_rank(grad, "grad", 5), array_of_rank(indices, "indices", 5)
    result = max_unpool2d_grad(_rows(slopes), _rows(places))
    return into(out, result.reshape(places.shape), grad=slopes, indices=places)


def avg_pool3d(
    x: ArrayLike,
    kernel_size: Size,
    *,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    out: Array | None = None,
) -> Array:
    """Mean of every window; see `avg_pool2d`.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
        float32 or float64.
    kernel_size, stride, padding : int or sequence of three ints
        As in `avg_pool2d`, for depth, height and width.
    ceil_mode, count_include_pad : bool
    divisor_override : int, optional
    out : array, shape (N, C, OD, OH, OW), optional

    Returns
    -------
    array, shape (N, C, OD, OH, OW)

    Raises
    ------
    TypeError, ValueError
        As `avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.avg_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2).item()
    3.5
    """
    volume = array_of_rank(x, "x", 5)
    across, along = _averages(
        kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    n, c, d = volume.shape[:3]
    means = avg_pool2d(_slices(volume), **across)
    oh, ow = means.shape[2:]
    result = avg_pool2d(means.reshape(n, c, d, oh * ow), **along)
    return into(out, result.reshape(n, c, result.shape[2], oh, ow), x=volume)


def _averages(
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    both = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    across, along = _window(kernel_size, stride, padding)
    # The one divisor divides once.
    first = None if divisor_override is None else 1
    return (
        {**across, **both, "divisor_override": first},
        {**along, **both, "divisor_override": divisor_override},
    )


def avg_pool3d_grad(
    grad: ArrayLike,
    input_shape: Sequence[int],
    kernel_size: Size,
    *,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    out: Array | None = None,
) -> Array:
    """Gradient of `avg_pool3d`; see `avg_pool2d_grad`.

    Parameters
    ----------
    grad : array, shape (N, C, OD, OH, OW)
    input_shape : tuple (N, C, D, H, W)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        Those of the forward pass.
    out : array, shape (N, C, D, H, W), optional

    Returns
    -------
    array, shape (N, C, D, H, W)

    Raises
    ------
    TypeError, ValueError
        As `avg_pool2d_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.avg_pool3d_grad(np.ones((1, 1, 1, 1, 1)), (1, 1, 2, 1, 2), (2, 1, 2)).ravel()
    array([0.25, 0.25, 0.25, 0.25])
    """
    n, c, d, h, w = shape = _shape(input_shape)
    slopes = array_of_rank(grad, "grad", 5)
    across, along = _averages(
        kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )
    oh, ow = slopes.shape[3:]
    deep = avg_pool2d_grad(_rows(slopes), (n, c, d, oh * ow), **along)
    result = avg_pool2d_grad(deep.reshape(n, c * d, oh, ow), (n, c * d, h, w), **across)
    return into(out, result.reshape(shape), grad=slopes)


def adaptive_avg_pool3d(x: ArrayLike, output_size: Size, *, out: Array | None = None) -> Array:
    """Means of so many regions of each volume; see `adaptive_avg_pool2d`.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
        float32 or float64.
    output_size : int or sequence of three ints
    out : array, shape (N, C, *output_size), optional

    Returns
    -------
    array, shape (N, C, *output_size)

    Raises
    ------
    TypeError, ValueError
        As `adaptive_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_avg_pool3d(np.ones((1, 2, 5, 4, 3)), (2, 1, 2)).shape
    (1, 2, 2, 1, 2)
    """
    volume = array_of_rank(x, "x", 5)
    n, c, d = volume.shape[:3]
    od, oh, ow = sizes(output_size, "output_size", 3, 1)
    means = adaptive_avg_pool2d(_slices(volume), (oh, ow))
    result = adaptive_avg_pool2d(means.reshape(n, c, d, oh * ow), (od, oh * ow))
    return into(out, result.reshape(n, c, od, oh, ow), x=volume)


def adaptive_avg_pool3d_grad(
    grad: ArrayLike, input_shape: Sequence[int], *, out: Array | None = None
) -> Array:
    """Gradient of `adaptive_avg_pool3d`; see `adaptive_avg_pool2d_grad`.

    Parameters
    ----------
    grad : array, shape (N, C, OD, OH, OW)
    input_shape : tuple (N, C, D, H, W)
    out : array, shape (N, C, D, H, W), optional

    Returns
    -------
    array, shape (N, C, D, H, W)

    Raises
    ------
    TypeError, ValueError
        As `adaptive_avg_pool2d_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_avg_pool3d_grad(np.ones((1, 1, 1, 1, 1)), (1, 1, 2, 1, 2)).ravel()
    array([0.25, 0.25, 0.25, 0.25])
    """
    n, c, d, h, w = shape = _shape(input_shape)
    slopes = array_of_rank(grad, "grad", 5)
    oh, ow = slopes.shape[3:]
    deep = adaptive_avg_pool2d_grad(_rows(slopes), (n, c, d, oh * ow))
    result = adaptive_avg_pool2d_grad(deep.reshape(n, c * d, oh, ow), (n, c * d, h, w))
    return into(out, result.reshape(shape), grad=slopes)
