"""Pooling over windows of signals (N, C, L): images of height 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from einkorn.kernels._sizes import Array, array_of_rank, optional_sizes, sizes, with_axis
from einkorn.kernels.avg_pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    avg_pool2d,
    avg_pool2d_grad,
)
from einkorn.kernels.max_pool import max_pool2d
from einkorn.kernels.unpool import max_pool2d_grad, max_unpool2d, max_unpool2d_grad

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool1d_grad",
    "avg_pool1d",
    "avg_pool1d_grad",
    "max_pool1d",
    "max_pool1d_grad",
    "max_unpool1d",
    "max_unpool1d_grad",
]

Size = int | Sequence[int]


def _image(value: ArrayLike, name: str) -> Array:
    return array_of_rank(value, name, 3)[:, :, np.newaxis]


def _image_shape(shape: Sequence[int], name: str = "input_shape") -> tuple[int, ...]:
    batch, channels, length = sizes(tuple(shape), name, 3, 0)
    return batch, channels, 1, length


def _row(value: Size, name: str, lowest: int, height: int) -> tuple[int, int]:
    return height, sizes(value, name, 1, lowest)[0]


def _window(kernel_size: Size, stride: Size | None, padding: Size) -> dict[str, tuple[int, ...]]:
    kernel = sizes(kernel_size, "kernel_size", 1, 1)
    return {
        "kernel_size": (1, *kernel),
        "stride": (1, *optional_sizes(stride, "stride", 1, 1, kernel)),
        "padding": _row(padding, "padding", 0, 0),
    }


def max_pool1d(
    x: ArrayLike,
    kernel_size: Size,
    *,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> tuple[Array, NDArray[np.int64]]:
    """Largest element of every window of (N, C, L), and where it lies; see `max_pool2d`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> values, indices = kernels.max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    >>> values.tolist(), indices.tolist()
    ([[[3.0, 2.0]]], [[[1, 2]]])
    """
    values, indices = max_pool2d(
        _image(x, "x"),
        **_window(kernel_size, stride, padding),
        dilation=_row(dilation, "dilation", 1, 1),
        ceil_mode=ceil_mode,
        out=with_axis(out, 2),
    )
    return (values[:, :, 0] if out is None else out), indices[:, :, 0]


def max_pool1d_grad(
    grad: ArrayLike, indices: ArrayLike, input_shape: Sequence[int], *, out: Array | None = None
) -> Array:
    """Gradient of `max_pool1d`; see `max_pool2d_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.max_pool1d_grad(np.ones((1, 1, 2)), np.array([[[1, 1]]]), (1, 1, 3))
    array([[[0., 2., 0.]]])
    """
    shape, places = _image_shape(input_shape), _image(indices, "indices")
    result = max_pool2d_grad(_image(grad, "grad"), places, shape, out=with_axis(out, 2))
    return result[:, :, 0] if out is None else out


def max_unpool1d(
    x: ArrayLike, indices: ArrayLike, output_size: Size, *, out: Array | None = None
) -> Array:
    """Zeros with the elements of (N, C, L) at `indices`; see `max_unpool2d`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.max_unpool1d(np.array([[[5.0]]]), np.array([[[1]]]), 3)
    array([[[0., 5., 0.]]])
    """
    size, places = _row(output_size, "output_size", 0, 1), _image(indices, "indices")
    result = max_unpool2d(_image(x, "x"), places, size, out=with_axis(out, 2))
    return result[:, :, 0] if out is None else out


def max_unpool1d_grad(grad: ArrayLike, indices: ArrayLike, *, out: Array | None = None) -> Array:
    """Gradient of `max_unpool1d`; see `max_unpool2d_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.max_unpool1d_grad(np.array([[[1.0, 2.0, 3.0]]]), np.array([[[1]]]))
    array([[[2.]]])
    """
    places = _image(indices, "indices")
    result = max_unpool2d_grad(_image(grad, "grad"), places, out=with_axis(out, 2))
    return result[:, :, 0] if out is None else out


def avg_pool1d(
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
    """Mean of every window of (N, C, L); see `avg_pool2d`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    result = avg_pool2d(
        _image(x, "x"),
        **_window(kernel_size, stride, padding),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
        out=with_axis(out, 2),
    )
    return result[:, :, 0] if out is None else out


def avg_pool1d_grad(
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
    """Gradient of `avg_pool1d`; see `avg_pool2d_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.avg_pool1d_grad(np.ones((1, 1, 1)), (1, 1, 3), 2)
    array([[[0.5, 0.5, 0. ]]])
    """
    result = avg_pool2d_grad(
        _image(grad, "grad"),
        _image_shape(input_shape),
        **_window(kernel_size, stride, padding),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
        out=with_axis(out, 2),
    )
    return result[:, :, 0] if out is None else out


def adaptive_avg_pool1d(x: ArrayLike, output_size: Size, *, out: Array | None = None) -> Array:
    """Means of so many regions of (N, C, L); see `adaptive_avg_pool2d`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_avg_pool1d(np.array([[[1.0, 3.0, 5.0]]]), 2)
    array([[[2., 4.]]])
    """
    size = _row(output_size, "output_size", 1, 1)
    result = adaptive_avg_pool2d(_image(x, "x"), size, out=with_axis(out, 2))
    return result[:, :, 0] if out is None else out


def adaptive_avg_pool1d_grad(
    grad: ArrayLike, input_shape: Sequence[int], *, out: Array | None = None
) -> Array:
    """Gradient of `adaptive_avg_pool1d`; see `adaptive_avg_pool2d_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_avg_pool1d_grad(np.ones((1, 1, 2)), (1, 1, 3))
    array([[[0.5, 1. , 0.5]]])
    """
    shape = _image_shape(input_shape)
    result = adaptive_avg_pool2d_grad(_image(grad, "grad"), shape, out=with_axis(out, 2))
    return result[:, :, 0] if out is None else out
