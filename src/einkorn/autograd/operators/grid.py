"""Images and volumes sampled at given places, and the places of affine maps.

A sample is a sum of pixels with weights that the place decides. Which pixels they are is constant
wherever a derivative exists, so everything is composed of products and of `GatherPlane`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.max_pool import GatherPlane
from einkorn.autograd.operators.products import matmul
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]

_PADDINGS = ("zeros", "border", "reflection")
Array = Any


class Pieces(Operator):
    """`slope` times `x` plus `offset`, both constant: one piece of a function with kinks."""

    __slots__ = ("offset", "slope")

    def __init__(self, slope: Array, offset: Array) -> None:
        self.slope = slope
        self.offset = offset

    def forward(self, x: Any) -> Any:
        return x * self.slope + self.offset

    def backward(self, grad: Any) -> Any:
        return grad * self.slope

    def compose_backward(self, grad: Tensor) -> Tensor:
        return grad * Tensor(self.slope)


def _reflected(places: Array, size: int, align_corners: bool) -> tuple[Array, Array]:
    """Return places mirrored into the image, and the sign with which they move there."""
    low, span = (0.0, float(size - 1)) if align_corners else (-0.5, float(size))
    if span == 0:
        return np.zeros_like(places), np.zeros_like(places)
    away = np.abs(places - low)
    flips, rest = np.floor(away / span), np.fmod(away, span)
    even = flips % 2 == 0
    signs = np.where(places - low < 0, -1, 1) * np.where(even, 1, -1)
    return np.where(even, rest, span - rest) + low, signs.astype(places.dtype)


def _padded(places: Array, size: int, padding: str, align_corners: bool) -> tuple[Array, Array]:
    """Return where in the image places outside it are taken from, and the slope of that."""
    slope = np.ones_like(places)
    if padding == "reflection":
        places, slope = _reflected(places, size, align_corners)
    if padding != "zeros":
        slope = slope * ((places > 0) & (places < size - 1))
        places = np.clip(places, 0, size - 1)
    return places, slope


def _whole(places: Array) -> Array:
    """Return places as integers; what is no number, or far away, as one outside the image."""
    return np.clip(np.nan_to_num(places, nan=-1.0), -2, 2**40).astype(np.int64)


def _pixels(x: Tensor, corner: Sequence[Array], sizes: Sequence[int]) -> Tensor:
    """Return the pixels (N, C, places) at whole numbers, zeros outside the image."""
    index: Any = 0
    inside: Any = True
    for places, size in zip(corner, sizes, strict=True):
        inside = inside & (places >= 0) & (places < size)
        index = index * size + np.clip(places, 0, size - 1)
    shape = (x.shape[0], x.shape[1], 1, index.shape[-1])
    flat = np.ascontiguousarray(np.broadcast_to(index[:, np.newaxis, np.newaxis], shape))
    planes = reshape(x, (*shape[:3], int(np.prod(sizes))))
    picked = reshape(GatherPlane(flat).apply(planes), (*shape[:2], shape[-1]))
    return picked if inside.all() else picked * Tensor(inside[:, np.newaxis].astype(x.dtype))


def _linear_weights(share: Tensor) -> list[tuple[int, Tensor]]:
    return [(0, 1 - share), (1, share)]


def _cubic_weights(share: Tensor) -> list[tuple[int, Tensor]]:
    """Return the weights of the four neighbours (R. Keys, 1981, with a = -0.75)."""
    a = -0.75

    def far(t: Tensor) -> Tensor:
        return ((t * a - 5 * a) * t + 8 * a) * t - 4 * a

    def near(t: Tensor) -> Tensor:
        return (t * (a + 2) - (a + 3)) * t * t + 1

    weights = (far(share + 1), near(share), near(1 - share), far(2 - share))
    return list(zip((-1, 0, 1, 2), weights, strict=True))


def grid_sample(
    input: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Return samples of images or volumes at the places of `grid`.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (N, C, D, H, W)
    grid : Tensor of shape (N, OH, OW, 2) or (N, OD, OH, OW, 3)
        Places (x, y) or (x, y, z), from -1 to 1 within the image.
    mode : {"bilinear", "nearest", "bicubic"}
        Bicubic interpolation is of images alone.
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside.
    align_corners : bool, optional
        Whether -1 and 1 are the centres of the corner pixels, not their outer edges.

    Returns
    -------
    Tensor of shape (N, C, OH, OW) or (N, C, OD, OH, OW)

    Raises
    ------
    ValueError, RuntimeError
        If a shape or dtype does not fit, or a mode is unknown.

    References
    ----------
    M. Jaderberg, K. Simonyan, A. Zisserman and K. Kavukcuoglu, "Spatial transformer networks",
    NIPS 2015.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, place = ek.arange(4.0).reshape(1, 1, 2, 2), ek.zeros(1, 1, 1, 2)
    >>> ek.nn.functional.grid_sample(x, place, align_corners=False).item()
    1.5
    """
    x, places = to_tensor(input), to_tensor(grid)
    dims = x.ndim - 2
    _check(x, places, mode, padding_mode)
    sizes, align = x.shape[2:], bool(align_corners)
    out = places.shape[1:-1]
    flat = reshape(places, (x.shape[0], int(np.prod(out)), dims))
    # From the last axis to the first, as the coordinates come.
    coordinates = [
        (flat[..., dims - 1 - axis] + 1) * ((size - 1) / 2)
        if align
        else ((flat[..., dims - 1 - axis] + 1) * size - 1) / 2
        for axis, size in enumerate(sizes)
    ]
    if mode != "bicubic":
        moved = []
        for coordinate, size in zip(coordinates, sizes, strict=True):
            where, slope = _padded(coordinate.numpy(), size, padding_mode, align)
            offset = np.where(slope == 0, where, where - coordinate.numpy() * slope)
            slope = np.where(np.isfinite(coordinate.numpy()), slope, 0).astype(x.dtype)
            moved.append(Pieces(slope, np.nan_to_num(offset, nan=-1.0)).apply(coordinate))
        coordinates = moved
    if mode == "nearest":
        corner = [_whole(np.rint(c.numpy())) for c in coordinates]
        return reshape(_pixels(x, corner, sizes), (*x.shape[:2], *out))
    floors = [np.floor(c.numpy()) for c in coordinates]
    weights_of = _cubic_weights if mode == "bicubic" else _linear_weights
    axes = [weights_of(c - Tensor(f)) for c, f in zip(coordinates, floors, strict=True)]
    result: Any = 0
    for neighbour in product(*axes):
        corner, weight = [], None
        for (step, share), floor, size in zip(neighbour, floors, sizes, strict=True):
            at = floor + step
            if mode == "bicubic":
                at = _padded(at, size, padding_mode, align)[0]
            corner.append(_whole(at))
            weight = share if weight is None else weight * share
        result = result + _pixels(x, corner, sizes) * reshape(weight, (x.shape[0], 1, -1))
    return reshape(result, (*x.shape[:2], *out))


def _check(x: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    dims = x.ndim - 2
    if dims not in (2, 3) or grid.ndim != x.ndim:
        raise RuntimeError(
            f"input, grid: expected 4 or 5 dimensions in both, got shapes {x.shape}, {grid.shape}"
        )
    if grid.shape[0] != x.shape[0] or grid.shape[-1] != dims:
        expected = f"({x.shape[0]}, ..., {dims})"
        raise RuntimeError(f"grid: expected shape {expected}, got {grid.shape}")
    if 0 in x.shape[2:]:
        raise RuntimeError(f"input: expected positive height and width, got shape {x.shape}")
    if grid.dtype != x.dtype:
        raise RuntimeError(f"grid: expected the dtype {x.dtype} of input, got {grid.dtype}")
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(f"mode: expected 'bilinear', 'nearest' or 'bicubic', got {mode!r}")
    if mode == "bicubic" and dims == 3:
        raise RuntimeError(f"mode: 'bicubic' is of images alone, got an input of shape {x.shape}")
    if padding_mode not in _PADDINGS:
        raise ValueError(f"padding_mode: expected one of {_PADDINGS}, got {padding_mode!r}")


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Return the places to which affine maps take those of a regular grid; for :func:`grid_sample`.

    Parameters
    ----------
    theta : Tensor of shape (N, 2, 3) or (N, 3, 4)
        The maps, of images or volumes.
    size : sequence of int
        (N, C, H, W) or (N, C, D, H, W): the shape that the samples will have.
    align_corners : bool, optional
        As in :func:`grid_sample`.

    Returns
    -------
    Tensor of shape (N, H, W, 2) or (N, D, H, W, 3)

    Raises
    ------
    ValueError
        If a shape or dtype does not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> theta = ek.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> ek.nn.functional.affine_grid(theta, (1, 1, 1, 2), align_corners=True).tolist()
    [[[[-1.0, 0.0], [1.0, 0.0]]]]
    """
    maps = to_tensor(theta)
    if maps.dtype.kind != "f":
        raise ValueError(f"theta: expected floating point numbers, got {maps.dtype}")
    dims = len(size) - 2
    if dims not in (2, 3):
        raise NotImplementedError(f"size: expected 4 or 5 entries, got {tuple(size)}")
    if maps.shape != (size[0], dims, dims + 1):
        raise ValueError(f"theta: expected shape {(size[0], dims, dims + 1)}, got {maps.shape}")
    if min(size) < 1:
        raise ValueError(f"size: expected positive sizes, got {tuple(size)}")
    axes = [_steps(count, bool(align_corners)) for count in size[2:]]
    mesh = np.meshgrid(*axes, np.ones(1), indexing="ij")
    # x before y before z, and 1 for the translation.
    base = np.stack([*mesh[-2::-1], mesh[-1]], -1).reshape(-1, dims + 1).astype(maps.dtype)
    places = matmul(Tensor(base), maps.transpose(1, 2))
    return reshape(places, (size[0], *size[2:], dims))


def _steps(count: int, align_corners: bool) -> Array:
    """Return the places of `count` pixels from -1 to 1."""
    if count == 1:
        return np.zeros(1)
    steps = np.linspace(-1, 1, count)
    return steps if align_corners else steps * ((count - 1) / count)
