"""Convolutions of signals, images and volumes, over the kernels.

A convolution is linear in its input and in its weight, so its gradients are convolutions of other
kinds, and theirs again: the operators here form a closed group of three, and every second
derivative is one of them.

===================  ==========================  ==========================
operator             gradient by the first       gradient by the second
===================  ==========================  ==========================
Conv(x, w)           InputGrad(g, w)             WeightGrad(g, x)
InputGrad(g, w)      Conv(., w)                  WeightGrad(g, .)
WeightGrad(g, x)     Conv(x, .)                  InputGrad(g, .)
===================  ==========================  ==========================

The same table holds for the transposed convolution. Both may end in an activation, which is
differentiated first, from the output. Whether it is transposed and the number of spatial dimensions
decide which kernels an operator calls, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.activation import through_activation
from einkorn.autograd.operators.common import as_sizes, spatial, to_tensor
from einkorn.autograd.operators.padding import pad
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import Operator, alias_of, retain_crosswise
from einkorn.autograd.tensor import Tensor

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


class _Kernels(NamedTuple):
    """What computes a convolution, and its gradients from two factors and their own shape."""

    forward: Callable[..., Any]
    input_grad: Callable[..., Any]
    weight_grad: Callable[..., Any]


def _without_shape(input_grad: Callable[..., Any]) -> Callable[..., Any]:
    """Return the input gradient of a transposed convolution: the gradient tells x's shape."""

    def call(grad: Any, weight: Any, shape: tuple[int, ...], **options: Any) -> Any:
        return input_grad(grad, weight, **options)

    return call


def _kernels(kind: str) -> _Kernels:
    forward, input_grad, weight_grad = [
        getattr(kernels, kind + ending) for ending in ("", "_input_grad", "_weight_grad")
    ]
    transposed = kind.startswith("conv_transpose")
    return _Kernels(forward, _without_shape(input_grad) if transposed else input_grad, weight_grad)


#: Number of spatial dimensions -> kernels.
_CONVS = {dims: _kernels(f"conv{dims}d") for dims in (1, 2, 3)}
_TRANSPOSED_CONVS = {dims: _kernels(f"conv_transpose{dims}d") for dims in (1, 2, 3)}


class _Geometry(Operator):
    """What all operators here have: two factors and how the filter moves."""

    __slots__ = ("kernels", "options", "shape")
    retain = retain_crosswise

    def __init__(
        self, kernels: _Kernels, options: dict[str, Any], shape: tuple[int, ...] = ()
    ) -> None:
        self.kernels = kernels
        self.options = options
        self.shape = shape


def _bias_grad(grad: Any) -> Any:
    if grad.ndim == 4:
        return kernels.conv2d_bias_grad(grad)
    shape = grad.shape
    return kernels.conv2d_bias_grad(grad.reshape(*shape[:2], 1, math.prod(shape[2:])))


def _composed_bias_grad(grad: Tensor) -> Tensor:
    return grad.sum((0, *range(2, grad.ndim)))


class Conv(_Geometry):
    """A convolution, plain or transposed, with its bias and an activation."""

    __slots__ = ("activation", "shapes")
    saved_output = 2
    activation: Any

    def __init__(
        self, kernels: _Kernels, options: dict[str, Any], activation: str | None = None
    ) -> None:
        self.kernels = kernels
        self.options = options
        self.activation = activation

    def retain(self, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
        factors = retain_crosswise(self, inputs, output)
        return factors if self.activation is None else (*factors, alias_of(output))

    def forward(self, x: Any, weight: Any, bias: Any = None) -> Any:
        self.shapes = x.shape, weight.shape
        return self.kernels.forward(x, weight, bias, activation=self.activation, **self.options)

    def backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, options, by = self.needs, self.options, self.kernels
        shape_x, shape_w = self.shapes
        return (
            by.input_grad(grad, weight, shape_x, **options) if needs[0] else None,
            by.weight_grad(grad, x, shape_w, **options) if needs[1] else None,
            _bias_grad(grad) if len(needs) == 3 and needs[2] else None,
        )

    def compose_backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, options, by = self.needs, self.options, self.kernels
        shape_x, shape_w = self.shapes
        return (
            InputGrad(by, options, shape_x).apply(grad, weight) if needs[0] else None,
            WeightGrad(by, options, shape_w).apply(grad, x) if needs[1] else None,
            _composed_bias_grad(grad) if len(needs) == 3 and needs[2] else None,
        )


class ConvAtOnePlace(Conv):
    """The same for filters as large as the input: an affine map of whole images."""

    __slots__ = ()

    def forward(self, x: Any, weight: Any, bias: Any = None) -> Any:
        self.shapes = x.shape, weight.shape
        images, filters = len(x), len(weight)
        rows, matrix = x.reshape(images, -1), weight.reshape(filters, -1)
        result = kernels.linear(rows, matrix, bias, activation=self.activation)
        return result.reshape(images, filters, *(1,) * (x.ndim - 2))

    def backward(self, grad: Any, x: Any, weight: Any, y: Any = None) -> Any:
        grad = through_activation(self.activation, grad, y)
        needs, (shape_x, shape_w) = self.needs, self.shapes
        images, filters = shape_x[0], shape_w[0]
        by_bias = _bias_grad(grad) if len(needs) == 3 and needs[2] else None
        grad, by_x, by_weight = grad.reshape(images, filters), None, None
        if needs[0]:
            by_x = np.empty(shape_x, grad.dtype)
            kernels.matmul(grad, weight.reshape(filters, -1), out=by_x.reshape(images, -1))
        if needs[1]:
            by_weight = np.empty(shape_w, grad.dtype)
            rows, out = x.reshape(images, -1), by_weight.reshape(filters, -1)
            kernels.matmul(grad, rows, transpose_a=True, out=out)
        return by_x, by_weight, by_bias


class InputGrad(_Geometry):
    """The gradient of a convolution by its input, as a function of (grad, weight)."""

    __slots__ = ("weight_shape",)

    def forward(self, grad: Any, weight: Any) -> Any:
        self.weight_shape = weight.shape
        return self.kernels.input_grad(grad, weight, self.shape, **self.options)

    def backward(self, outer: Any, grad: Any, weight: Any) -> Any:
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.weight_shape
        return (
            by.forward(outer, weight, **options) if needs[0] else None,
            by.weight_grad(grad, outer, shape, **options) if needs[1] else None,
        )

    def compose_backward(self, outer: Any, grad: Any, weight: Any) -> Any:
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.weight_shape
        return (
            Conv(by, options).apply(outer, weight) if needs[0] else None,
            WeightGrad(by, options, shape).apply(grad, outer) if needs[1] else None,
        )


class WeightGrad(_Geometry):
    """The gradient of a convolution by its weight, as a function of (grad, x)."""

    __slots__ = ("input_shape",)

    def forward(self, grad: Any, x: Any) -> Any:
        self.input_shape = x.shape
        return self.kernels.weight_grad(grad, x, self.shape, **self.options)

    def backward(self, outer: Any, grad: Any, x: Any) -> Any:
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.input_shape
        return (
            by.forward(x, outer, **options) if needs[0] else None,
            by.input_grad(grad, outer, shape, **options) if needs[1] else None,
        )

    def compose_backward(self, outer: Any, grad: Any, x: Any) -> Any:
        needs, options, by = self.needs, self.options, self.kernels
        shape = self.input_shape
        return (
            Conv(by, options).apply(x, outer) if needs[0] else None,
            InputGrad(by, options, shape).apply(grad, outer) if needs[1] else None,
        )


def _factors(input: Any, weight: Any, bias: Any, dims: int) -> tuple[Tensor, ...]:
    """Return what enters the operator, or raise where dimensions or dtypes do not fit."""
    x, w = spatial(input, dims), to_tensor(weight)
    if w._data.ndim != dims + 2:
        raise RuntimeError(f"weight: expected {dims + 2} dimensions, got shape {w.shape}")
    given = (x, w) if bias is None else (x, w, to_tensor(bias))
    for name, tensor in zip(("weight", "bias"), given[1:], strict=False):
        if tensor._data.dtype != x._data.dtype:
            raise RuntimeError(f"{name}: expected the dtype {x.dtype} of input, got {tensor.dtype}")
    return given


def _same_padding(
    x: Tensor, weight: Tensor, stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Tensor, tuple[int, ...]]:
    """Return the input, padded where an odd total needs one more at the end, and the padding."""
    if any(step != 1 for step in stride):
        raise ValueError(f"padding: 'same' needs stride 1, got {stride}")
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(total % 2 for total in totals):
        x = pad(x, [width for total in reversed(totals) for width in (0, total % 2)])
    return x, tuple([total // 2 for total in totals])


def _is_at_one_place(x: Tensor, weight: Tensor, options: dict[str, Any]) -> bool:
    """Return whether the filters are as large as the input, and neither is empty."""
    filters, images = weight._data.shape, x._data.shape
    if filters[1:] != images[1:] or 0 in filters or 0 in images or options["groups"] != 1:
        return False
    moves = zip(options["stride"], options["padding"], options["dilation"], strict=True)
    return all(s > 0 and p == 0 and d == 1 for s, p, d in moves)


def conv_activated(
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    activation: str | None,
) -> Tensor:
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of a convolution of so many axes."""
    x, *others = _factors(input, weight, bias, dims)
    unbatched = x._data.ndim == dims + 1
    if unbatched:
        x = unsqueeze(x, 0)
    steps, spread = as_sizes(stride, dims, "stride"), as_sizes(dilation, dims, "dilation")
    if not isinstance(padding, str):
        border = as_sizes(padding, dims, "padding")
    elif padding == "same":
        x, border = _same_padding(x, others[0], steps, spread)
    elif padding == "valid":
        border = (0,) * dims
    else:
        raise ValueError(f"padding: expected numbers, 'same' or 'valid', got {padding!r}")
    options = {"stride": steps, "padding": border, "dilation": spread, "groups": groups}
    kind = ConvAtOnePlace if _is_at_one_place(x, others[0], options) else Conv
    result = kind(_CONVS[dims], options, activation).apply(x, *others)
    return squeeze(result, 0) if unbatched else result


def conv_transpose_activated(
    dims: int,
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
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of a transposed convolution."""
    x, *others = _factors(input, weight, bias, dims)
    unbatched = x._data.ndim == dims + 1
    if unbatched:
        x = unsqueeze(x, 0)
    options = {
        "stride": as_sizes(stride, dims, "stride"),
        "padding": as_sizes(padding, dims, "padding"),
        "output_padding": as_sizes(output_padding, dims, "output_padding"),
        "dilation": as_sizes(dilation, dims, "dilation"),
        "groups": groups,
    }
    result = Conv(_TRANSPOSED_CONVS[dims], options, activation).apply(x, *others)
    return squeeze(result, 0) if unbatched else result


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of (N, C, L) or (C, L) with (K, C / groups, S); as :func:`conv2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.conv1d(ek.ones(1, 3, 8), ek.ones(4, 3, 3), padding="same").shape
    (1, 4, 8)
    """
    return conv_activated(1, input, weight, bias, stride, padding, dilation, groups, None)


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
    return conv_activated(2, input, weight, bias, stride, padding, dilation, groups, None)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of (N, C, D, H, W) with (K, C / groups, Q, R, S); as :func:`conv2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, w = ek.ones(1, 3, 4, 8, 8), ek.ones(16, 3, 3, 3, 3)
    >>> ek.nn.functional.conv3d(x, w, padding=1, stride=(2, 1, 1)).shape
    (1, 16, 2, 8, 8)
    """
    return conv_activated(3, input, weight, bias, stride, padding, dilation, groups, None)


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
    """Return the transposed convolution of (N, C, L) or (C, L) with (C, K / groups, S).

    As :func:`conv_transpose2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.conv_transpose1d(ek.ones(1, 3, 4), ek.ones(3, 2, 2), stride=2).shape
    (1, 2, 8)
    """
    return conv_transpose_activated(
        1, input, weight, bias, stride, padding, output_padding, groups, dilation, None
    )


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
    return conv_transpose_activated(
        2, input, weight, bias, stride, padding, output_padding, groups, dilation, None
    )


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Return the transposed convolution of (N, C, D, H, W) with (C, K / groups, Q, R, S).

    As :func:`conv_transpose2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, w = ek.ones(1, 4, 2, 4, 4), ek.ones(4, 3, 2, 2, 2)
    >>> ek.nn.functional.conv_transpose3d(x, w, stride=2).shape
    (1, 3, 4, 8, 8)
    """
    return conv_transpose_activated(
        3, input, weight, bias, stride, padding, output_padding, groups, dilation, None
    )
