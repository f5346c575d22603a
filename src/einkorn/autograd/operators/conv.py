"""Convolutions, over the kernels.

A convolution is linear in its input and in its weight, so its gradients are convolutions of other
kinds, and theirs again: the operators here form two closed groups of three, and every second
derivative is one of them.

===================  ==========================  ==========================
operator             gradient by the first       gradient by the second
===================  ==========================  ==========================
Conv2d(x, w)         InputGrad(g, w)             WeightGrad(g, x)
InputGrad(g, w)      Conv2d(., w)                WeightGrad(g, .)
WeightGrad(g, x)     Conv2d(x, .)                InputGrad(g, .)
===================  ==========================  ==========================

The same table holds for the transposed convolution. Both may end in an activation, which is
differentiated first, from the output.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.activation import through_activation
from einkorn.autograd.operators.common import as_pair, to_tensor
from einkorn.autograd.operators.padding import pad
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import Operator, alias_of, retain_crosswise
from einkorn.autograd.tensor import Tensor

__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"]

Pair = tuple[int, int]


class _Geometry(Operator):
    """What all operators here have: two factors and how the filter moves."""

    __slots__ = ("options", "shape")
    retain = retain_crosswise

    def __init__(self, options: dict[str, Any], shape: tuple[int, ...] = ()) -> None:
        self.options = options
        self.shape = shape


class _Activated(_Geometry):
    """A convolution of either kind, with its bias and an activation."""

    __slots__ = ("activation",)
    saved_output = 2
    activation: Any

    def __init__(self, options: dict[str, Any], activation: str | None = None) -> None:
        self.options = options
        self.activation = activation

    def retain(self, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
        factors = retain_crosswise(self, inputs, output)
        return factors if self.activation is None else (*factors, alias_of(output))


class Conv2d(_Activated):
    """A convolution, with its bias and an activation."""

    __slots__ = ("shapes",)

    def forward(self, x: Any, weight: Any, bias: Any = None) -> Any:
        self.shapes = x.shape, weight.shape
        return kernels.conv2d(x, weight, bias, activation=self.activation, **self.options)

    def backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, options = self.needs, self.options
        shape_x, shape_w = self.shapes
        return (
            kernels.conv2d_input_grad(grad, weight, shape_x, **options) if needs[0] else None,
            kernels.conv2d_weight_grad(grad, x, shape_w, **options) if needs[1] else None,
            kernels.conv2d_bias_grad(grad) if len(needs) == 3 and needs[2] else None,
        )

    def compose_backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, options = self.needs, self.options
        shape_x, shape_w = self.shapes
        return (
            Conv2dInputGrad(options, shape_x).apply(grad, weight) if needs[0] else None,
            Conv2dWeightGrad(options, shape_w).apply(grad, x) if needs[1] else None,
            grad.sum((0, 2, 3)) if len(needs) == 3 and needs[2] else None,
        )


class Conv2dAtOnePlace(Conv2d):
    """The same for filters as large as the image: an affine map of whole images."""

    __slots__ = ()

    def forward(self, x: Any, weight: Any, bias: Any = None) -> Any:
        self.shapes = x.shape, weight.shape
        images, filters = len(x), len(weight)
        rows, matrix = x.reshape(images, -1), weight.reshape(filters, -1)
        result = kernels.linear(rows, matrix, bias, activation=self.activation)
        return result.reshape(images, filters, 1, 1)

    def backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, (shape_x, shape_w) = self.needs, self.shapes
        images, filters = shape_x[0], shape_w[0]
        by_bias = kernels.conv2d_bias_grad(grad) if len(needs) == 3 and needs[2] else None
        grad, by_x, by_weight = grad.reshape(images, filters), None, None
        if needs[0]:
            by_x = np.empty(shape_x, grad.dtype)
            kernels.matmul(grad, weight.reshape(filters, -1), out=by_x.reshape(images, -1))
        if needs[1]:
            by_weight = np.empty(shape_w, grad.dtype)
            rows, out = x.reshape(images, -1), by_weight.reshape(filters, -1)
            kernels.matmul(grad, rows, transpose_a=True, out=out)
        return by_x, by_weight, by_bias


class Conv2dInputGrad(_Geometry):
    """The gradient of a convolution by its input, as a function of (grad, weight)."""

    __slots__ = ("weight_shape",)

    def forward(self, grad: Any, weight: Any) -> Any:
        self.weight_shape = weight.shape
        return kernels.conv2d_input_grad(grad, weight, self.shape, **self.options)

    def backward(self, outer: Any, grad: Any, weight: Any) -> Any:
        needs, options = self.needs, self.options
        return (
            kernels.conv2d(outer, weight, **options) if needs[0] else None,
            kernels.conv2d_weight_grad(grad, outer, self.weight_shape, **options)
            if needs[1]
            else None,
        )

    def compose_backward(self, outer: Any, grad: Any, weight: Any) -> Any:
        needs, options = self.needs, self.options
        shape = self.weight_shape
        return (
            Conv2d(options).apply(outer, weight) if needs[0] else None,
            Conv2dWeightGrad(options, shape).apply(grad, outer) if needs[1] else None,
        )


class Conv2dWeightGrad(_Geometry):
    """The gradient of a convolution by its weight, as a function of (grad, x)."""

    __slots__ = ("input_shape",)

    def forward(self, grad: Any, x: Any) -> Any:
        self.input_shape = x.shape
        return kernels.conv2d_weight_grad(grad, x, self.shape, **self.options)

    def backward(self, outer: Any, grad: Any, x: Any) -> Any:
        needs, options = self.needs, self.options
        return (
            kernels.conv2d(x, outer, **options) if needs[0] else None,
            kernels.conv2d_input_grad(grad, outer, self.input_shape, **options)
            if needs[1]
            else None,
        )

    def compose_backward(self, outer: Any, grad: Any, x: Any) -> Any:
        needs, options = self.needs, self.options
        return (
            Conv2d(options).apply(x, outer) if needs[0] else None,
            Conv2dInputGrad(options, self.input_shape).apply(grad, outer) if needs[1] else None,
        )


class ConvTranspose2d(_Activated):
    """A transposed convolution, with its bias and an activation."""

    __slots__ = ("weight_shape",)

    def forward(self, x: Any, weight: Any, bias: Any = None) -> Any:
        self.weight_shape = weight.shape
        return kernels.conv_transpose2d(x, weight, bias, activation=self.activation, **self.options)

    def backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, options = self.needs, self.options
        return (
            kernels.conv_transpose2d_input_grad(grad, weight, **options) if needs[0] else None,
            kernels.conv_transpose2d_weight_grad(grad, x, self.weight_shape, **options)
            if needs[1]
            else None,
            kernels.conv2d_bias_grad(grad) if len(needs) == 3 and needs[2] else None,
        )

    def compose_backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, options = self.needs, self.options
        shape = self.weight_shape
        return (
            ConvTranspose2dInputGrad(options).apply(grad, weight) if needs[0] else None,
            ConvTranspose2dWeightGrad(options, shape).apply(grad, x) if needs[1] else None,
            grad.sum((0, 2, 3)) if len(needs) == 3 and needs[2] else None,
        )


class ConvTranspose2dInputGrad(_Geometry):
    """The gradient of a transposed convolution by its input, as a function of (grad, weight)."""

    __slots__ = ("weight_shape",)

    def forward(self, grad: Any, weight: Any) -> Any:
        self.weight_shape = weight.shape
        return kernels.conv_transpose2d_input_grad(grad, weight, **self.options)

    def backward(self, outer: Any, grad: Any, weight: Any) -> Any:
        needs, options = self.needs, self.options
        return (
            kernels.conv_transpose2d(outer, weight, **options) if needs[0] else None,
            kernels.conv_transpose2d_weight_grad(grad, outer, self.weight_shape, **options)
            if needs[1]
            else None,
        )

    def compose_backward(self, outer: Any, grad: Any, weight: Any) -> Any:
        needs, options = self.needs, self.options
        shape = self.weight_shape
        return (
            ConvTranspose2d(options).apply(outer, weight) if needs[0] else None,
            ConvTranspose2dWeightGrad(options, shape).apply(grad, outer) if needs[1] else None,
        )


class ConvTranspose2dWeightGrad(_Geometry):
    """The gradient of a transposed convolution by its weight, as a function of (grad, x)."""

    __slots__ = ()

    def forward(self, grad: Any, x: Any) -> Any:
        return kernels.conv_transpose2d_weight_grad(grad, x, self.shape, **self.options)

    def backward(self, outer: Any, grad: Any, x: Any) -> Any:
        needs, options = self.needs, self.options
        return (
            kernels.conv_transpose2d(x, outer, **options) if needs[0] else None,
            kernels.conv_transpose2d_input_grad(grad, outer, **options) if needs[1] else None,
        )

    def compose_backward(self, outer: Any, grad: Any, x: Any) -> Any:
        needs, options = self.needs, self.options
        return (
            ConvTranspose2d(options).apply(x, outer) if needs[0] else None,
            ConvTranspose2dInputGrad(options).apply(grad, outer) if needs[1] else None,
        )


def _check_dtypes(x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor._data.dtype != x._data.dtype:
            raise RuntimeError(f"{name}: expected the dtype {x.dtype} of input, got {tensor.dtype}")


def _same_padding(x: Tensor, weight: Tensor, stride: Pair, dilation: Pair) -> tuple[Tensor, Pair]:
    """Return the input, padded where an odd total needs one more at the end, and the padding."""
    if stride != (1, 1):
        raise ValueError(f"padding: 'same' needs stride 1, got {stride}")
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[-2:], strict=True)]
    odd = [total % 2 for total in totals]
    if any(odd):
        x = pad(x, (0, odd[1], 0, odd[0]))
    return x, (totals[0] // 2, totals[1] // 2)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the two-dimensional convolution (cross-correlation) of `input` with `weight`.

    ``out[n, k, i, j] = bias[k] + sum(weight[k, c, u, v] *
    input[n, c, i * stride + u * dilation - padding, j * stride + v * dilation - padding])``

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    weight : Tensor of shape (K, C / groups, R, S)
    bias : Tensor of shape (K,), optional
    stride, dilation : int or pair of int
    padding : int, pair of int, "valid" or "same"
        Zeros around the input. "same" (with stride 1) keeps height and width.
    groups : int
        The channels are split into so many groups that do not see each other.

    Returns
    -------
    Tensor of shape (N, K, OH, OW)
        ``OH = (H + 2 * padding - dilation * (R - 1) - 1) // stride + 1``, OW likewise.

    Raises
    ------
    ValueError, RuntimeError
        If the shapes or dtypes do not fit, or a number is out of its range.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, w = ek.ones(1, 3, 8, 8), ek.ones(16, 3, 3, 3)
    >>> ek.nn.functional.conv2d(x, w, padding=1).shape
    (1, 16, 8, 8)
    """
    return conv2d_activated(input, weight, bias, stride, padding, dilation, groups, None)


def conv2d_activated(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    activation: str | None,
) -> Tensor:
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of :func:`conv2d`."""
    x, w = to_tensor(input), to_tensor(weight)
    b = None if bias is None else to_tensor(bias)
    _check_dtypes(x, w, b)
    if x._data.ndim == 3:
        result = conv2d_activated(
            unsqueeze(x, 0), w, b, stride, padding, dilation, groups, activation
        )
        return squeeze(result, 0)
    steps, spread = as_pair(stride), as_pair(dilation)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"padding: expected numbers, 'same' or 'valid', got {padding!r}")
        x, border = _same_padding(x, w, steps, spread) if padding == "same" else (x, (0, 0))
    else:
        border = as_pair(padding)
    options = {"stride": steps, "padding": border, "dilation": spread, "groups": groups}
    at_one_place = options == _AT_ONE_PLACE | {"stride": steps} and min(steps) > 0
    kind = Conv2dAtOnePlace if at_one_place and _covers(w, x) else Conv2d
    convolution = kind(options, activation)
    return convolution.apply(x, w) if b is None else convolution.apply(x, w, b)


#: Options with which a filter as large as the image has one place to be at.
_AT_ONE_PLACE = {"padding": (0, 0), "dilation": (1, 1), "groups": 1}


def _covers(weight: Tensor, x: Tensor) -> bool:
    """Return whether the filters are as large as the image, and neither is empty."""
    filters, image = weight._data.shape, x._data.shape
    return len(image) == 4 and filters[1:] == image[1:] and 0 not in filters and 0 not in image


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Return the transposed convolution: the input gradient of :func:`conv2d` as a function.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    weight : Tensor of shape (C, K / groups, R, S)
    bias : Tensor of shape (K,), optional
    stride, padding, dilation : int or pair of int
        Those of the convolution whose gradient this is.
    output_padding : int or pair of int
        Added to one side of the output: several input sizes of a strided convolution give the
        same output size, and this chooses among them. Below the stride or the dilation.
    groups : int

    Returns
    -------
    Tensor of shape (N, K, OH, OW)
        ``OH = (H - 1) * stride - 2 * padding + dilation * (R - 1) + output_padding + 1``,
        OW likewise.

    Raises
    ------
    ValueError, RuntimeError
        If the shapes or dtypes do not fit, or a number is out of its range.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, w = ek.ones(1, 16, 4, 4), ek.ones(16, 8, 4, 4)
    >>> ek.nn.functional.conv_transpose2d(x, w, stride=2, padding=1).shape
    (1, 8, 8, 8)
    """
    return conv_transpose2d_activated(
        input, weight, bias, stride, padding, output_padding, groups, dilation, None
    )


def conv_transpose2d_activated(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
    activation: str | None,
) -> Tensor:
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of :func:`conv_transpose2d`."""
    x, w = to_tensor(input), to_tensor(weight)
    b = None if bias is None else to_tensor(bias)
    _check_dtypes(x, w, b)
    if x._data.ndim == 3:
        result = conv_transpose2d_activated(
            unsqueeze(x, 0), w, b, stride, padding, output_padding, groups, dilation, activation
        )
        return squeeze(result, 0)
    options = {
        "stride": as_pair(stride),
        "padding": as_pair(padding),
        "output_padding": as_pair(output_padding),
        "dilation": as_pair(dilation),
        "groups": groups,
    }
    transposed = ConvTranspose2d(options, activation)
    return transposed.apply(x, w) if b is None else transposed.apply(x, w, b)


def _single(value: Any) -> int:
    return operator.index(value[0] if isinstance(value, (tuple, list)) else value)


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of (N, C, L) or (C, L) with (K, C / groups, S); as :func:`conv2d`."""
    border = padding if isinstance(padding, str) else (0, _single(padding))
    result = conv2d(
        unsqueeze(input, -2),
        unsqueeze(weight, -2),
        bias,
        (1, _single(stride)),
        border,
        (1, _single(dilation)),
        groups,
    )
    return squeeze(result, -2)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Return the transposed convolution of (N, C, L) or (C, L) with (C, K / groups, S)."""
    result = conv_transpose2d(
        unsqueeze(input, -2),
        unsqueeze(weight, -2),
        bias,
        (1, _single(stride)),
        (0, _single(padding)),
        (0, _single(output_padding)),
        groups,
        (1, _single(dilation)),
    )
    return squeeze(result, -2)
