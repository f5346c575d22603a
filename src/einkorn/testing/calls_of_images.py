"""Valid calls of the functions of images; see `calls`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from . import references
from .calls_of_convolutions import Convolution, calls_of_convolutions
from .draws import Arguments, Array, Rng, normal, pair, size

__all__ = ["CALLS_OF_IMAGES"]

CALLS_OF_IMAGES: dict[str, Callable[[Rng, DTypeLike], Arguments]] = calls_of_convolutions(2)


def _register(function: Callable[[Rng, DTypeLike], Arguments]) -> Callable:
    CALLS_OF_IMAGES[function.__name__] = function
    return function


@_register
def im2col(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, 2)
    return {
        "x": normal(rng, dtype, *case.x_shape),
        "kernel_size": case.kernel,
        **case.window,
    }


@_register
def col2im(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, 2)
    rows = case.inputs * case.kernel[0] * case.kernel[1]
    return {
        "cols": normal(rng, dtype, case.batch, rows, case.pixels[0] * case.pixels[1]),
        "output_size": case.image,
        "kernel_size": case.kernel,
        **case.window,
    }


@_register
def conv2d_bias_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"grad": normal(rng, dtype, *Convolution(rng, 2).y_shape)}


def _image(rng: Rng, dtype: DTypeLike) -> Array:
    return normal(rng, dtype, size(rng, 4), size(rng, 4), *pair(rng, 4, 9))


@_register
def max_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {
        "x": _image(rng, dtype),
        "kernel_size": pair(rng, 2, 4),
        "stride": pair(rng, 1, 4),
        "padding": pair(rng, 0, 2),
        "dilation": 1,
        "ceil_mode": bool(rng.integers(2)),
    }


@_register
def max_pool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_pool2d(rng, dtype)
    values, indices = references.max_pool2d(**call)
    return {
        "grad": normal(rng, dtype, *values.shape),
        "indices": indices,
        "input_shape": call["x"].shape,
    }


@_register
def max_unpool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    x = _image(rng, dtype)
    height, width = x.shape[2] + size(rng, 4), x.shape[3] + size(rng, 4)
    planes = np.broadcast_to(np.arange(height * width), (*x.shape[:2], height * width))
    chosen = rng.permuted(planes, axis=-1)[..., : x.shape[2] * x.shape[3]]
    return {"x": x, "indices": chosen.reshape(x.shape), "output_size": (height, width)}


@_register
def max_unpool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_unpool2d(rng, dtype)
    grad = normal(rng, dtype, *call["x"].shape[:2], *call["output_size"])
    return {"grad": grad, "indices": call["indices"]}


@_register
def avg_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_pool2d(rng, dtype)
    del call["dilation"]
    divisor = int(rng.integers(1, 9)) if rng.integers(2) else None
    rules = {"count_include_pad": bool(rng.integers(2)), "divisor_override": divisor}
    return {**call, **rules}


@_register
def avg_pool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = avg_pool2d(rng, dtype)
    grad = normal(rng, dtype, *references.avg_pool2d(**call).shape)
    return {"grad": grad, "input_shape": call.pop("x").shape, **call}


@_register
def adaptive_avg_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _image(rng, dtype), "output_size": pair(rng, 1, 7)}


@_register
def adaptive_avg_pool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = adaptive_avg_pool2d(rng, dtype)
    x = call["x"]
    grad = normal(rng, dtype, *x.shape[:2], *call["output_size"])
    return {"grad": grad, "input_shape": x.shape}
