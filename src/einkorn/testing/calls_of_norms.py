"""Valid calls of the functions of normalisation; see `calls`."""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import DTypeLike

from . import references
from .draws import Arguments, Array, Rng, any_shape, normal, size

__all__ = ["CALLS_OF_NORMS"]

CALLS_OF_NORMS: dict[str, Callable[[Rng, DTypeLike], Arguments]] = {}


def _register(function: Callable[[Rng, DTypeLike], Arguments]) -> Callable:
    CALLS_OF_NORMS[function.__name__] = function
    return function


@_register
def batch_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    batch, channels = size(rng) + 1, size(rng)
    x = normal(rng, dtype, batch, channels, *any_shape(rng)[1:])
    call = {
        "x": x,
        "weight": normal(rng, dtype, channels),
        "bias": normal(rng, dtype, channels),
    }
    if rng.integers(2):
        call["mean"] = normal(rng, dtype, channels)
        call["var"] = rng.random(channels).astype(dtype) + dtype(0.5)
    return {**call, "eps": 1e-3}


@_register
def batch_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = batch_norm(rng, dtype)
    _, mean, inv_std = references.batch_norm(**call)
    return {
        "grad": normal(rng, dtype, *call["x"].shape),
        "x": call["x"],
        "weight": call["weight"],
        "mean": mean.astype(dtype),
        "inv_std": inv_std.astype(dtype),
        "training": "mean" not in call,
    }


def _statistics(results: tuple[Array, ...], dtype: DTypeLike) -> list[Array]:
    return [array.astype(dtype) for array in results[1:]]


@_register
def layer_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    tail = size(rng), size(rng)
    return {
        "x": normal(rng, dtype, *any_shape(rng), *tail),
        "normalized_shape": tail,
        "weight": normal(rng, dtype, *tail),
        "bias": normal(rng, dtype, *tail),
        "eps": 1e-3,
    }


@_register
def layer_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = layer_norm(rng, dtype)
    mean, inv_std = _statistics(references.layer_norm(**call), dtype)
    grad = normal(rng, dtype, *call["x"].shape)
    return {
        "grad": grad,
        **{key: call[key] for key in ("x", "normalized_shape", "weight")},
        "mean": mean,
        "inv_std": inv_std,
    }


@_register
def rms_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = layer_norm(rng, dtype)
    del call["bias"]
    return call


@_register
def rms_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = rms_norm(rng, dtype)
    (inv_rms,) = _statistics(references.rms_norm(**call), dtype)
    grad = normal(rng, dtype, *call["x"].shape)
    return {
        "grad": grad,
        **{key: call[key] for key in ("x", "normalized_shape", "weight")},
        "inv_rms": inv_rms,
    }


@_register
def group_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    groups = size(rng, 4)
    channels = groups * size(rng, 4)
    return {
        "x": normal(rng, dtype, size(rng, 4), channels, *any_shape(rng)),
        "num_groups": groups,
        "weight": normal(rng, dtype, channels),
        "bias": normal(rng, dtype, channels),
        "eps": 1e-3,
    }


@_register
def group_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = group_norm(rng, dtype)
    mean, inv_std = _statistics(references.group_norm(**call), dtype)
    grad = normal(rng, dtype, *call["x"].shape)
    return {
        "grad": grad,
        **{key: call[key] for key in ("x", "num_groups", "weight")},
        "mean": mean,
        "inv_std": inv_std,
    }


@_register
def batch_norm_relu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return batch_norm(rng, dtype)


@_register
def batch_norm_relu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = batch_norm_grad(rng, dtype)
    return {**call, "y": normal(rng, dtype, *call["x"].shape)}
