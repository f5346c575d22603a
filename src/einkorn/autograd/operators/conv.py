"""Convolutions of signals, images and volumes; what computes them is in `convolution`."""

from __future__ import annotations

from typing import Any

from einkorn.autograd.operators.convolution import conv_activated, conv_transpose_activated
from einkorn.autograd.tensor import Tensor

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


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
