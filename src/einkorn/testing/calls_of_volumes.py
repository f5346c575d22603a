"""Valid calls of the functions of volumes, and of pooling that no stride lays out; see `calls`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from . import references
from .calls_of_convolutions import calls_of_convolutions
from .draws import Arguments, Array, Rng, normal

__all__ = ["CALLS_OF_VOLUMES"]

Triple = tuple[int, ...]

CALLS_OF_VOLUMES: dict[str, Callable[[Rng, DTypeLike], Arguments]] = calls_of_convolutions(3)


def _register(function: Callable[[Rng, DTypeLike], Arguments]) -> Callable:
    CALLS_OF_VOLUMES[function.__name__] = function
    return function


def _triple(rng: Rng, low: int, high: int) -> Triple:
    return tuple(int(n) for n in rng.integers(low, high, 3))


def _volume(rng: Rng, dtype: DTypeLike) -> Array:
    return normal(rng, dtype, *(int(n) for n in rng.integers(1, 3, 2)), *_triple(rng, 4, 7))


@_register
def max_pool3d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {
        "x": _volume(rng, dtype),
        "kernel_size": _triple(rng, 2, 4),
        "stride": _triple(rng, 1, 4),
        "padding": _triple(rng, 0, 2),
        "dilation": 1,
        "ceil_mode": bool(rng.integers(2)),
    }


@_register
def max_pool3d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_pool3d(rng, dtype)
    values, indices = references.max_pool3d(**call)
    return {
        "grad": normal(rng, dtype, *values.shape),
        "indices": indices,
        "input_shape": call["x"].shape,
    }


@_register
def max_unpool3d(rng: Rng, dtype: DTypeLike) -> Arguments:
    x = _volume(rng, dtype)
    size = tuple(n + int(rng.integers(1, 3)) for n in x.shape[2:])
    places = np.broadcast_to(np.arange(np.prod(size)), (*x.shape[:2], int(np.prod(size))))
    chosen = rng.permuted(places, axis=-1)[..., : int(np.prod(x.shape[2:]))]
    return {"x": x, "indices": chosen.reshape(x.shape), "output_size": size}


@_register
def max_unpool3d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_unpool3d(rng, dtype)
    grad = normal(rng, dtype, *call["x"].shape[:2], *call["output_size"])
    return {"grad": grad, "indices": call["indices"]}


@_register
def avg_pool3d(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_pool3d(rng, dtype)
    del call["dilation"]
    return {**call, "count_include_pad": bool(rng.integers(2))}


@_register
def avg_pool3d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = avg_pool3d(rng, dtype)
    x = call.pop("x")
    shape = references.avg_pool3d(x, **call).shape
    return {"grad": normal(rng, dtype, *shape), "input_shape": x.shape, **call}


@_register
def adaptive_avg_pool3d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _volume(rng, dtype), "output_size": _triple(rng, 1, 8)}


@_register
def adaptive_avg_pool3d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = adaptive_avg_pool3d(rng, dtype)
    shape = call["x"].shape
    return {"grad": normal(rng, dtype, *shape[:2], *call["output_size"]), "input_shape": shape}


@_register
def adaptive_max_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _volume(rng, dtype)[:, :, 0], "output_size": _triple(rng, 1, 8)[1:]}


@_register
def adaptive_max_pool3d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return adaptive_avg_pool3d(rng, dtype)


@_register
def fractional_max_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    x = _volume(rng, dtype)[:, :, 0]
    return {
        "x": x,
        "kernel_size": _triple(rng, 1, 4)[1:],
        "output_size": _triple(rng, 1, 3)[1:],
        "samples": rng.random((*x.shape[:2], 2)).astype(dtype),
    }
