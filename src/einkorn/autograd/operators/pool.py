"""Pooling, over the kernels. All but the choice of the maximum is linear, so that the gradient of
a gradient is the operator itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import as_pair, to_tensor
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
    "max_unpool2d",
]


class MaxPool2d(Operator):
    """The greatest value under a moving window; `indices` says where it was."""

    __slots__ = ("indices", "kernel_size", "options", "shape")

    def __init__(self, kernel_size: Any, options: dict[str, Any]) -> None:
        self.kernel_size = kernel_size
        self.options = options

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        values, self.indices = kernels.max_pool2d(x, self.kernel_size, **self.options)
        self.extra = self.indices
        return values

    def backward(self, grad: Any) -> Any:
        return kernels.max_pool2d_grad(grad, self.indices, self.shape)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return ScatterPlane(self.indices, self.shape).apply(grad)


class CodedMaxPool2d(Operator):
    """The same where nobody asks for the indices: a byte a window says where its maximum was."""

    __slots__ = ("kernel_size", "options", "shape")

    def __init__(self, kernel_size: Any, options: dict[str, Any]) -> None:
        self.kernel_size = kernel_size
        self.options = options

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        values, self.extra = kernels.max_pool2d_codes(x, self.kernel_size, **self.options)
        return values

    def backward(self, grad: Any) -> Any:
        return kernels.max_pool2d_codes_grad(
            grad, self.extra, self.shape, self.kernel_size, **self.options
        )

    def compose_backward(self, grad: Tensor) -> Tensor:
        return ScatterPlane(self.indices(), self.shape).apply(grad)

    def indices(self) -> Any:
        """Return the flat indices that the codes stand for."""
        codes = self.extra
        stride, padding, dilation = [self.options[k] for k in ("stride", "padding", "dilation")]
        row, column = np.divmod(codes.astype(np.int64), self.kernel_size[1])
        top = np.arange(codes.shape[2])[:, None] * stride[0] - padding[0]
        left = np.arange(codes.shape[3]) * stride[1] - padding[1]
        return (top + row * dilation[0]) * self.shape[3] + left + column * dilation[1]


class ScatterPlane(Operator):
    """Zeros in planes of `shape`, with values added at flat indices."""

    __slots__ = ("indices", "shape")

    def __init__(self, indices: Any, shape: tuple[int, ...]) -> None:
        self.indices = indices
        self.shape = shape

    def forward(self, grad: Any) -> Any:
        return kernels.max_pool2d_grad(grad, self.indices, self.shape)

    def backward(self, outer: Any) -> Any:
        return kernels.max_unpool2d_grad(outer, self.indices)

    def compose_backward(self, outer: Tensor) -> Tensor:
        return GatherPlane(self.indices).apply(outer)


class GatherPlane(Operator):
    """The elements of planes at flat indices."""

    __slots__ = ("indices", "shape")

    def __init__(self, indices: Any) -> None:
        self.indices = indices

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return kernels.max_unpool2d_grad(x, self.indices)

    def backward(self, grad: Any) -> Any:
        return kernels.max_pool2d_grad(grad, self.indices, self.shape)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return ScatterPlane(self.indices, self.shape).apply(grad)


class MaxUnpool2d(Operator):
    """Zeros in planes of `size`, with the values put at flat indices."""

    __slots__ = ("indices", "size")

    def __init__(self, indices: Any, size: tuple[int, int]) -> None:
        self.indices = indices
        self.size = size

    def forward(self, x: Any) -> Any:
        return kernels.max_unpool2d(x, self.indices, self.size)

    def backward(self, grad: Any) -> Any:
        return kernels.max_unpool2d_grad(grad, self.indices)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return GatherPlane(self.indices).apply(grad)


class AvgPool2d(Operator):
    """The mean under a moving window."""

    __slots__ = ("kernel_size", "options", "shape")

    def __init__(self, kernel_size: Any, options: dict[str, Any]) -> None:
        self.kernel_size = kernel_size
        self.options = options

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return kernels.avg_pool2d(x, self.kernel_size, **self.options)

    def backward(self, grad: Any) -> Any:
        return kernels.avg_pool2d_grad(grad, self.shape, self.kernel_size, **self.options)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return AvgPool2dGrad(self.shape, self.kernel_size, self.options).apply(grad)


class AvgPool2dGrad(Operator):
    """The adjoint of :class:`AvgPool2d`."""

    __slots__ = ("kernel_size", "options", "shape")

    def __init__(self, shape: tuple[int, ...], kernel_size: Any, options: dict[str, Any]) -> None:
        self.shape = shape
        self.kernel_size = kernel_size
        self.options = options

    def forward(self, grad: Any) -> Any:
        return kernels.avg_pool2d_grad(grad, self.shape, self.kernel_size, **self.options)

    def backward(self, outer: Any) -> Any:
        return kernels.avg_pool2d(outer, self.kernel_size, **self.options)

    def compose_backward(self, outer: Tensor) -> Tensor:
        return AvgPool2d(self.kernel_size, self.options).apply(outer)


class AdaptiveAvgPool2d(Operator):
    """The means of so many regions."""

    __slots__ = ("shape", "size")

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return kernels.adaptive_avg_pool2d(x, self.size)

    def backward(self, grad: Any) -> Any:
        return kernels.adaptive_avg_pool2d_grad(grad, self.shape)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return AdaptiveAvgPool2dGrad(self.shape).apply(grad)


class AdaptiveAvgPool2dGrad(Operator):
    """The adjoint of :class:`AdaptiveAvgPool2d`."""

    __slots__ = ("shape", "size")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, grad: Any) -> Any:
        self.size = grad.shape[-2:]
        return kernels.adaptive_avg_pool2d_grad(grad, self.shape)

    def backward(self, outer: Any) -> Any:
        return kernels.adaptive_avg_pool2d(outer, self.size)

    def compose_backward(self, outer: Tensor) -> Tensor:
        return AdaptiveAvgPool2d(self.size).apply(outer)


def _planes(value: Any, ndim: int, name: str = "input") -> Tensor:
    """Return a Tensor of `ndim` or `ndim` + 1 dimensions."""
    x = to_tensor(value)
    if x._data.ndim not in (ndim, ndim + 1):
        raise RuntimeError(f"{name}: expected {ndim} or {ndim + 1} dimensions, got {x.shape}")
    return x


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the greatest value under a moving window; the first of equals, NaN wins.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        Default: `kernel_size`.
    padding : int or pair of int
        Of minus infinity; at most half the kernel.
    dilation : int or pair of int
    ceil_mode : bool
        Round the output size up instead of down.
    return_indices : bool
        Return as well where each value was: flat int64 offsets in the input plane.

    Returns
    -------
    Tensor of shape (N, C, OH, OW), or a pair of them
        ``OH = (H + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1``, rounded.

    Raises
    ------
    ValueError, RuntimeError
        If a shape or number does not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.arange(4.0).reshape(1, 1, 2, 2)
    >>> values, indices = ek.nn.functional.max_pool2d(x, 2, return_indices=True)
    >>> values.item(), indices.item()
    (3.0, 3)
    """
    x = _planes(input, 3)
    if x._data.ndim == 3:
        x = unsqueeze(x, 0)
        pooled = max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode, True)
        values, places = [squeeze(part, 0) for part in pooled]
        return (values, places) if return_indices else values
    kernel, steps, border = _window(kernel_size, stride, padding)
    spread = as_pair(dilation)
    options = {"stride": steps, "padding": border, "dilation": spread, "ceil_mode": ceil_mode}
    if not return_indices and kernel[0] * kernel[1] <= 256:
        return CodedMaxPool2d(kernel, options).apply(x)
    pool = MaxPool2d(kernel, options)
    values = pool.apply(x)
    return (values, Tensor(pool.indices)) if return_indices else values


def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Return zeros with the values of `input` at `indices`, those of :func:`max_pool2d`.

    Parameters
    ----------
    input, indices : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding
        Those of the pooling.
    output_size : sequence of int, optional
        The height and width (or the whole shape) of the result. Default:
        ``(H - 1) * stride - 2 * padding + kernel_size``, W likewise.

    Raises
    ------
    IndexError
        If an index lies outside the plane.
    ValueError, RuntimeError
        If the shapes do not fit.
    """
    x, places = _planes(input, 3), to_tensor(indices)
    if x._data.ndim == 3:
        result = max_unpool2d(
            unsqueeze(x, 0), unsqueeze(places, 0), kernel_size, stride, padding, output_size
        )
        return squeeze(result, 0)
    kernel, steps, border = _window(kernel_size, stride, padding)
    if output_size is None:
        height, width = [
            (n - 1) * s - 2 * p + k
            for n, s, p, k in zip(x.shape[-2:], steps, border, kernel, strict=True)
        ]
    else:
        height, width = [int(n) for n in tuple(output_size)[-2:]]
    return MaxUnpool2d(places._data, (height, width)).apply(x)


def _window(kernel_size: Any, stride: Any, padding: Any) -> tuple[tuple[int, int], ...]:
    """Return the three as pairs; no stride, None or (), is the kernel's size."""
    kernel = as_pair(kernel_size)
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    return kernel, as_pair(stride) if given else kernel, as_pair(padding)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean under a moving window.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, ceil_mode
        As in :func:`max_pool2d`; the padding is of zeros.
    count_include_pad : bool
        Let padded zeros count in the divisor.
    divisor_override : int, optional
        Divide by this instead of by the number of elements.

    Raises
    ------
    ValueError, RuntimeError
        If a shape or number does not fit.
    """
    x = _planes(input, 3)
    kernel, steps, border = _window(kernel_size, stride, padding)
    options: dict[str, Any] = {
        "stride": steps,
        "padding": border,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    if x._data.ndim == 3:
        return squeeze(avg_pool2d(unsqueeze(x, 0), kernel, **options), 0)
    return AvgPool2d(kernel, options).apply(x)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Tensor:
    """Return the means of ``output_size`` regions of each plane.

    Region i of n covers ``floor(i * H / n)`` to ``ceil((i + 1) * H / n)``.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    output_size : int or pair of int or None
        None keeps a size.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.adaptive_avg_pool2d(ek.ones(1, 2, 7, 5), 1).shape
    (1, 2, 1, 1)
    """
    x = _planes(input, 3)
    if x._data.ndim == 3:
        return squeeze(adaptive_avg_pool2d(unsqueeze(x, 0), output_size), 0)
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    height, width = [n if m is None else int(m) for m, n in zip(wanted, x.shape[-2:], strict=True)]
    return AdaptiveAvgPool2d((height, width)).apply(x)


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, (tuple, list)) else value


def _flat(value: Any, along: int) -> tuple[int, int]:
    """Return the pair that moves along a row only, with `along` across."""
    return along, int(_single(value))


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the greatest value under a window over (N, C, L) or (C, L); as :func:`max_pool2d`."""
    step = kernel_size if stride is None else stride
    values, indices = max_pool2d(
        unsqueeze(_planes(input, 2), -2),
        _flat(kernel_size, 1),
        _flat(step, 1),
        _flat(padding, 0),
        _flat(dilation, 1),
        ceil_mode,
        True,
    )
    return (squeeze(values, -2), squeeze(indices, -2)) if return_indices else squeeze(values, -2)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean under a window over (N, C, L) or (C, L); as :func:`avg_pool2d`."""
    step = kernel_size if stride is None else stride
    result = avg_pool2d(
        unsqueeze(_planes(input, 2), -2),
        _flat(kernel_size, 1),
        _flat(step, 1),
        _flat(padding, 0),
        ceil_mode,
        count_include_pad,
    )
    return squeeze(result, -2)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Tensor:
    """Return the means of ``output_size`` regions of (N, C, L) or (C, L)."""
    x = unsqueeze(_planes(input, 2), -2)
    return squeeze(adaptive_avg_pool2d(x, (1, int(_single(output_size)))), -2)
