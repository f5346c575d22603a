"""Images taken apart, put together and resized: windows, pixel shuffles, interpolation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import as_pair, to_tensor
from einkorn.autograd.operators.indexing import index_select
from einkorn.autograd.operators.pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)
from einkorn.autograd.operators.products import matmul
from einkorn.autograd.operators.shape import permute, reshape
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "channel_shuffle",
    "fold",
    "interpolate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

_LINEAR_MODES = {"linear": 1, "bilinear": 2, "trilinear": 3}
_RANKS = {**_LINEAR_MODES, "bicubic": 2}
_MODES = ("nearest", "nearest-exact", "area", "bicubic", *_LINEAR_MODES)
_AREAS = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}


class Unfold(Operator):
    """The windows of images side by side: (N, C, H, W) -> (N, C * kernel, windows)."""

    __slots__ = ("options", "shape")

    def __init__(self, options: dict[str, Any], shape: tuple[int, ...]) -> None:
        self.options = options
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return kernels.im2col(x, **self.options)

    def backward(self, grad: Any) -> Any:
        return Fold(self.options, self.shape).forward(grad)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return Fold(self.options, self.shape).apply(grad)


class Fold(Operator):
    """The adjoint of `Unfold`: windows added into images."""

    __slots__ = ("options", "shape")

    def __init__(self, options: dict[str, Any], shape: tuple[int, ...]) -> None:
        self.options = options
        self.shape = shape

    def forward(self, columns: Any) -> Any:
        return kernels.col2im(columns, self.shape[-2:], **self.options)

    def backward(self, grad: Any) -> Any:
        return Unfold(self.options, self.shape).forward(grad)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return Unfold(self.options, self.shape).apply(grad)


def _window_options(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, Any]:
    return {
        "kernel_size": as_pair(kernel_size),
        "stride": as_pair(stride),
        "padding": as_pair(padding),
        "dilation": as_pair(dilation),
    }


def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Return the windows of images as columns (im2col).

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size, dilation, padding, stride : int or pair of int

    Returns
    -------
    Tensor
        Shape (N, C * KH * KW, windows), without N for a single image.

    Raises
    ------
    RuntimeError
        If `input` has another rank.
    ValueError
        If no window fits, or a size is not positive.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.unfold(ek.ones(1, 2, 3, 3), 2).shape
    (1, 8, 4)
    """
    x = to_tensor(input)
    if x.ndim not in (3, 4):
        raise RuntimeError(f"input: expected (N, C, H, W) or (C, H, W), got shape {x.shape}")
    options = _window_options(kernel_size, dilation, padding, stride)
    images = x if x.ndim == 4 else reshape(x, (1, *x.shape))
    columns = Unfold(options, images.shape).apply(images)
    return columns if x.ndim == 4 else reshape(columns, columns.shape[1:])


def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Return images into which columns of windows are added (col2im); the adjoint of `unfold`.

    Parameters
    ----------
    input : Tensor, shape (N, C * KH * KW, windows), or without N
    output_size : int or pair of int
        H and W.
    kernel_size, dilation, padding, stride : int or pair of int

    Returns
    -------
    Tensor
        Shape (N, C, H, W), without N for a single image.

    Raises
    ------
    RuntimeError
        If `input` has another rank, or its rows are no whole number of kernels.
    ValueError
        If the number of windows is another.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.fold(ek.ones(1, 8, 4), 3, 2)[0, 0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    x = to_tensor(input)
    if x.ndim not in (2, 3):
        raise RuntimeError(f"input: expected 2 or 3 dimensions, got shape {x.shape}")
    options = _window_options(kernel_size, dilation, padding, stride)
    columns = x if x.ndim == 3 else reshape(x, (1, *x.shape))
    entries = math.prod(options["kernel_size"])
    if entries < 1 or columns.shape[1] % entries:
        raise RuntimeError(
            f"input: expected a multiple of {entries} rows, as the kernel has, got {x.shape}"
        )
    shape = (columns.shape[0], columns.shape[1] // entries, *as_pair(output_size))
    images = Fold(options, shape).apply(columns)
    return images if x.ndim == 3 else reshape(images, images.shape[1:])


def pixel_shuffle(input: Any, upscale_factor: int) -> Tensor:
    """Return (..., C r², H, W) as (..., C, H r, W r): channels become pixels.

    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network", CVPR 2016.

    Raises
    ------
    RuntimeError
        If the channels are no multiple of the factor's square.
    """
    x, r = to_tensor(input), upscale_factor
    if r < 1 or x.ndim < 3 or x.shape[-3] % (r * r):
        raise RuntimeError(f"input: expected (..., C * {r}², H, W), got shape {x.shape}")
    *lead, channels, height, width = x.shape
    n = len(lead)
    parts = reshape(x, (*lead, channels // (r * r), r, r, height, width))
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return reshape(permute(parts, order), (*lead, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Tensor:
    """Return (..., C, H r, W r) as (..., C r², H, W): the inverse of `pixel_shuffle`.

    Raises
    ------
    RuntimeError
        If height or width are no multiples of the factor.
    """
    x, r = to_tensor(input), downscale_factor
    if r < 1 or x.ndim < 3 or x.shape[-2] % r or x.shape[-1] % r:
        raise RuntimeError(f"input: expected (..., C, H * {r}, W * {r}), got shape {x.shape}")
    *lead, channels, height, width = x.shape
    n = len(lead)
    parts = reshape(x, (*lead, channels, height // r, r, width // r, r))
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return reshape(permute(parts, order), (*lead, channels * r * r, height // r, width // r))


def channel_shuffle(input: Any, groups: int) -> Tensor:
    """Return (N, C, ...) with the channels of `groups` groups dealt out in turn.

    Zhang, Zhou, Lin & Sun, "ShuffleNet: an extremely efficient convolutional neural network for
    mobile devices", CVPR 2018.

    Raises
    ------
    RuntimeError
        If the groups do not divide the channels.
    """
    x = to_tensor(input)
    if x.ndim < 3 or groups < 1 or x.shape[1] % groups:
        raise RuntimeError(f"groups: {groups} does not divide the channels of {x.shape}")
    batch, channels, *sizes = x.shape
    parts = reshape(x, (batch, groups, channels // groups, *sizes))
    return reshape(permute(parts, (0, 2, 1, *range(3, parts.ndim))), x.shape)


def interpolate(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Return images resized.

    Parameters
    ----------
    input : Tensor, shape (N, C, L), (N, C, H, W) or (N, C, D, H, W)
    size : int or sequence of int, optional
        The new sizes.
    scale_factor : float or sequence of float, optional
        Or by how much to multiply them; rounded down.
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"}
    align_corners : bool, optional
        In the linear modes and the cubic one: whether the corners' centres, not their corners,
        stay in place.
    recompute_scale_factor : bool, optional
        Take the ratio of the sizes as scale, not the `scale_factor` given.
    antialias : bool
        Widen the windows where images shrink, so that every pixel counts; of bilinear and bicubic.

    Raises
    ------
    ValueError
        If not just one of size and scale is given, or it has another number of entries, or the
        mode is unknown, or does not know `align_corners` or `antialias`.
    NotImplementedError
        As in PyTorch, for a mode that does not suit the rank.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.interpolate(ek.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    x = to_tensor(input)
    dims = x.ndim - 2
    if mode not in _MODES:
        raise ValueError(f"mode: expected one of {_MODES}, got {mode!r}")
    if dims not in (1, 2, 3) or _RANKS.get(mode, dims) != dims:
        raise NotImplementedError(f"mode: {mode!r} does not suit an input of shape {x.shape}")
    if antialias and (dims != 2 or mode not in ("bilinear", "bicubic")):
        raise ValueError(
            f"antialias: expected mode 'bilinear' or 'bicubic' of images with it, got {mode!r} "
            f"and shape {x.shape}"
        )
    if align_corners is not None and mode not in (*_LINEAR_MODES, "bicubic"):
        raise ValueError(f"align_corners: expected None for mode {mode!r}, got {align_corners}")
    sizes, scales = _sizes_and_scales(x, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return _AREAS[dims](x, sizes[0] if dims == 1 else sizes)
    for axis, (new, scale) in enumerate(zip(sizes, scales, strict=True), 2):
        ratio = x.shape[axis] / new if scale is None else 1 / scale
        if antialias or mode == "bicubic":
            weights = _weights(x.shape[axis], new, ratio, mode, bool(align_corners), antialias)
            x = _weighted(x, axis, weights)
        elif mode in _LINEAR_MODES:
            x = _linear(x, axis, _positions(x.shape[axis], new, ratio, bool(align_corners)))
        else:
            x = _nearest(x, axis, new, ratio, mode == "nearest-exact")
    return x


def upsample(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Return what :func:`interpolate`, its newer name, returns for the same arguments."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """Return what :func:`interpolate` returns with ``mode="nearest"``."""
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """Return what :func:`interpolate` returns with ``mode="bilinear"`` and ``align_corners``."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def _sizes_and_scales(
    x: Tensor, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[list[int], list[float | None]]:
    """Return the new sizes, and the scales that the positions go by where they are not ratios."""
    dims = x.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError("size, scale_factor: expected one of the two")
    given = size if size is not None else scale_factor
    entries = list(given) if isinstance(given, Sequence | np.ndarray) else [given] * dims
    if len(entries) != dims:
        name = "size" if size is not None else "scale_factor"
        raise ValueError(f"{name}: expected {dims} entries, got {given}")
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor: expected no size with it")
        sizes = [int(entry) for entry in entries]
        scales: list[float | None] = [None] * dims
    else:
        sizes = [math.floor(n * s) for n, s in zip(x.shape[2:], entries, strict=True)]
        scales = [None] * dims if recompute else [float(entry) for entry in entries]
    if min(sizes) < 1:
        raise ValueError(f"size: expected positive sizes, got {sizes}")
    return sizes, scales


def _nearest(x: Tensor, axis: int, new: int, ratio: float, exact: bool) -> Tensor:
    """Pick elements along one axis; `exact` goes by the centres of both grids' cells."""
    places = np.floor((np.arange(new) + (0.5 if exact else 0.0)) * ratio).astype(np.int64)
    return index_select(x, axis, np.minimum(places, x.shape[axis] - 1))


def _positions(old: int, new: int, ratio: float, align_corners: bool) -> np.ndarray:
    """Return where in the old grid the new grid's points lie."""
    places = np.arange(new)
    if align_corners:
        return places * ((old - 1) / (new - 1) if new > 1 else 0.0)
    return (places + 0.5) * ratio - 0.5


def _linear(x: Tensor, axis: int, positions: np.ndarray) -> Tensor:
    """Interpolate along one axis between the two neighbours of each position."""
    positions = np.maximum(positions, 0.0)
    low = np.minimum(positions.astype(np.int64), x.shape[axis] - 1)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    shape = [len(positions) if number == axis else 1 for number in range(x.ndim)]
    share = Tensor((positions - low).reshape(shape).astype(x.dtype))
    return index_select(x, axis, low) * (1 - share) + index_select(x, axis, high) * share


def _cubic(distance: np.ndarray, a: float) -> np.ndarray:
    """Return the cubic convolution kernel of R. Keys (1981)."""
    t = np.abs(distance)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = (((t - 5) * t + 8) * t - 4) * a
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def _weights(
    old: int, new: int, ratio: float, mode: str, align_corners: bool, antialias: bool
) -> np.ndarray:
    """Return the share (new, old) of every old point in every new one, along one axis."""
    if align_corners:
        ratio = (old - 1) / (new - 1) if new > 1 else 0.0
    points = np.arange(old)
    if antialias:
        # As in Pillow: the kernel is stretched over all that shrinks into one point.
        stretch = max(ratio, 1.0)
        centre = (np.arange(new) + 0.5)[:, np.newaxis] * ratio
        reach = (2.0 if mode == "bicubic" else 1.0) * stretch
        first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
        last = np.minimum((centre + reach + 0.5).astype(np.int64), old)
        distance = (points - centre + 0.5) / stretch
        linear = np.maximum(1 - np.abs(distance), 0.0)
        weights = _cubic(distance, -0.5) if mode == "bicubic" else linear
        weights = np.where((points >= first) & (points < last), weights, 0.0)
        return weights / weights.sum(1, keepdims=True)
    places = np.arange(new) * ratio if align_corners else (np.arange(new) + 0.5) * ratio - 0.5
    floor = np.floor(places).astype(np.int64)
    weights = np.zeros((new, old))
    for step in (-1, 0, 1, 2):
        # What lies outside counts as the border does.
        at = np.clip(floor + step, 0, old - 1)
        np.add.at(weights, (np.arange(new), at), _cubic(places - floor - step, -0.75))
    return weights


def _weighted(x: Tensor, axis: int, weights: np.ndarray) -> Tensor:
    """Return the weighted sums along the height or the width of images."""
    matrix = Tensor(weights.astype(x.dtype))
    return matmul(matrix, x) if axis == 2 else matmul(x, matrix.transpose(0, 1))
