"""Valid calls of convolutions of images and volumes; see `calls`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .draws import Arguments, Rng, normal, size
from .references.convolution import conv2d
from .references.geometry import output_size, transposed_output_size

__all__ = ["Convolution", "calls_of_convolutions", "of_direction"]


class Convolution:
    """Random geometry of a convolution along so many axes.

    That of a `transposed` one is read backwards, and has an output padding.
    """

    def __init__(self, rng: Rng, axes: int, transposed: bool = False) -> None:
        self.batch, self.groups = size(rng, 4), size(rng, 3)
        self.inputs, self.outputs = self.groups * size(rng, 4), self.groups * size(rng, 4)
        # Of larger strides, padding would leave some transposed ones no pixels.
        self.kernel, stride, dilation = [
            tuple(size(rng, high) for _ in range(axes)) for high in (4, 3, 3)
        ]
        padding = tuple(size(rng, 3) - 1 for _ in range(axes))
        self.window = {"stride": stride, "padding": padding, "dilation": dilation}
        self.parameters: Arguments = {**self.window, "groups": self.groups}
        spans = [d * (k - 1) for d, k in zip(dilation, self.kernel, strict=True)]
        self.image = tuple(span + size(rng, 5) for span in spans)
        self.pixels = tuple(map(output_size, self.image, self.kernel, *self.window.values()))
        if transposed:
            most = [max(both) for both in zip(stride, dilation, strict=True)]
            extra = tuple(int(rng.integers(n)) for n in most)
            self.parameters["output_padding"] = extra
            whole = self.pixels, self.kernel, stride, padding, extra, dilation
            self.image = tuple(map(transposed_output_size, *whole))

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Of the input."""
        return self.batch, self.inputs, *self.image

    @property
    def y_shape(self) -> tuple[int, ...]:
        """Of the result."""
        return self.batch, self.outputs, *self.pixels

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Of the filters."""
        return self.outputs, self.inputs // self.groups, *self.kernel


def _conv(axes: int, rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, axes)
    return {
        "x": normal(rng, dtype, *case.x_shape),
        "weight": normal(rng, dtype, *case.weight_shape),
        "bias": normal(rng, dtype, case.outputs),
        **case.parameters,
        "activation": "relu",
    }


def _conv_input_grad(axes: int, rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, axes)
    return {
        "grad": normal(rng, dtype, *case.y_shape),
        "weight": normal(rng, dtype, *case.weight_shape),
        "input_shape": case.x_shape,
        **case.parameters,
    }


def _conv_weight_grad(axes: int, rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, axes)
    return {
        "grad": normal(rng, dtype, *case.y_shape),
        "x": normal(rng, dtype, *case.x_shape),
        "weight_shape": case.weight_shape,
        **case.parameters,
    }


def _conv_transpose(axes: int, rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, axes, transposed=True)
    return {
        "x": normal(rng, dtype, *case.y_shape),
        "weight": normal(rng, dtype, *case.weight_shape),
        "bias": normal(rng, dtype, case.inputs),
        **case.parameters,
        "activation": "relu",
    }


def _conv_transpose_input_grad(axes: int, rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, axes, transposed=True)
    return {
        "grad": normal(rng, dtype, *case.x_shape),
        "weight": normal(rng, dtype, *case.weight_shape),
        **case.parameters,
    }


def _conv_transpose_weight_grad(axes: int, rng: Rng, dtype: DTypeLike) -> Arguments:
    case = Convolution(rng, axes, transposed=True)
    return {
        "grad": normal(rng, dtype, *case.x_shape),
        "x": normal(rng, dtype, *case.y_shape),
        "weight_shape": case.weight_shape,
        **case.parameters,
    }


def calls_of_convolutions(axes: int) -> dict[str, Callable[[Rng, DTypeLike], Arguments]]:
    """Return builders of calls, by the name of the function, for so many spatial axes."""
    builders = {
        f"conv{axes}d": _conv,
        f"conv{axes}d_input_grad": _conv_input_grad,
        f"conv{axes}d_weight_grad": _conv_weight_grad,
        f"conv_transpose{axes}d": _conv_transpose,
        f"conv_transpose{axes}d_input_grad": _conv_transpose_input_grad,
        f"conv_transpose{axes}d_weight_grad": _conv_transpose_weight_grad,
    }
    return {name: partial(builder, axes) for name, builder in builders.items()}


def of_direction(
    direction: str,
    x_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: DTypeLike,
    **options: Any,
) -> tuple[Any, ...]:
    """Positional arguments of ``conv2d``, ``conv2d_input_grad`` or ``conv2d_weight_grad``."""
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(s).astype(dtype) for s in (x_shape, weight_shape))
    bias = rng.standard_normal(weight_shape[0]).astype(dtype)
    grad = rng.standard_normal(conv2d(x, weight, **options).shape).astype(dtype)
    return {
        "conv2d": (x, weight, bias),
        "conv2d_input_grad": (grad, weight, x_shape),
        "conv2d_weight_grad": (grad, x, weight_shape),
    }[direction]
