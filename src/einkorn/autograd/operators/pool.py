"""Averages under windows, over the kernels; they are linear, so that the gradient of a gradient is
the operator itself. Largest elements are in `max_pool`.
"""

from __future__ import annotations

import math
from typing import Any

from einkorn import kernels
from einkorn.autograd.operators.activation import relu
from einkorn.autograd.operators.arithmetic import abs as absolute
from einkorn.autograd.operators.arithmetic import pow as power
from einkorn.autograd.operators.common import as_sizes, spatial
from einkorn.autograd.operators.rounding import sign
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
]

#: Number of spatial dimensions -> the kernel and its adjoint.
_AVERAGES = {
    1: (kernels.avg_pool1d, kernels.avg_pool1d_grad),
    2: (kernels.avg_pool2d, kernels.avg_pool2d_grad),
    3: (kernels.avg_pool3d, kernels.avg_pool3d_grad),
}
_ADAPTIVE = {
    1: (kernels.adaptive_avg_pool1d, kernels.adaptive_avg_pool1d_grad),
    2: (kernels.adaptive_avg_pool2d, kernels.adaptive_avg_pool2d_grad),
    3: (kernels.adaptive_avg_pool3d, kernels.adaptive_avg_pool3d_grad),
}


class AvgPool(Operator):
    """The mean under a moving window."""

    __slots__ = ("kernel_size", "options", "shape")

    def __init__(self, kernel_size: tuple[int, ...], options: dict[str, Any]) -> None:
        self.kernel_size = kernel_size
        self.options = options

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return _AVERAGES[x.ndim - 2][0](x, self.kernel_size, **self.options)

    def backward(self, grad: Any) -> Any:
        return _AVERAGES[grad.ndim - 2][1](grad, self.shape, self.kernel_size, **self.options)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return AvgPoolGrad(self.shape, self.kernel_size, self.options).apply(grad)


class AvgPoolGrad(Operator):
    """The adjoint of :class:`AvgPool`."""

    __slots__ = ("kernel_size", "options", "shape")

    def __init__(
        self, shape: tuple[int, ...], kernel_size: tuple[int, ...], options: dict[str, Any]
    ) -> None:
        self.shape = shape
        self.kernel_size = kernel_size
        self.options = options

    def forward(self, grad: Any) -> Any:
        return _AVERAGES[grad.ndim - 2][1](grad, self.shape, self.kernel_size, **self.options)

    def backward(self, outer: Any) -> Any:
        return _AVERAGES[outer.ndim - 2][0](outer, self.kernel_size, **self.options)

    def compose_backward(self, outer: Tensor) -> Tensor:
        return AvgPool(self.kernel_size, self.options).apply(outer)


class AdaptiveAvgPool(Operator):
    """The means of so many regions."""

    __slots__ = ("shape", "size")

    def __init__(self, size: tuple[int, ...]) -> None:
        self.size = size

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return _ADAPTIVE[x.ndim - 2][0](x, self.size)

    def backward(self, grad: Any) -> Any:
        return _ADAPTIVE[grad.ndim - 2][1](grad, self.shape)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return AdaptiveAvgPoolGrad(self.shape).apply(grad)


class AdaptiveAvgPoolGrad(Operator):
    """The adjoint of :class:`AdaptiveAvgPool`."""

    __slots__ = ("shape", "size")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, grad: Any) -> Any:
        self.size = grad.shape[2:]
        return _ADAPTIVE[grad.ndim - 2][1](grad, self.shape)

    def backward(self, outer: Any) -> Any:
        return _ADAPTIVE[outer.ndim - 2][0](outer, self.size)

    def compose_backward(self, outer: Tensor) -> Tensor:
        return AdaptiveAvgPool(self.size).apply(outer)


def window(dims: int, kernel_size: Any, stride: Any, padding: Any) -> tuple[tuple[int, ...], ...]:
    """Return the three as tuples; no stride, None or (), is the kernel's size."""
    kernel = as_sizes(kernel_size, dims, "kernel_size")
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = as_sizes(stride, dims, "stride") if given else kernel
    return kernel, steps, as_sizes(padding, dims, "padding")


def regions(x: Tensor, output_size: Any, dims: int) -> tuple[int, ...]:
    """Return the sizes that an adaptive pooling shall have; None keeps one."""
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * dims
    if len(wanted) != dims:
        raise ValueError(f"output_size: expected an int or {dims} of them, got {output_size!r}")
    kept = zip(wanted, x.shape[-dims:], strict=True)
    return as_sizes([n if m is None else m for m, n in kept], dims, "output_size")


def _avg_pool(
    dims: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    x = spatial(input, dims)
    kernel, steps, border = window(dims, kernel_size, stride, padding)
    options: dict[str, Any] = {
        "stride": steps,
        "padding": border,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
        "divisor_override": divisor_override,
    }
    if x._data.ndim == dims + 1:
        return squeeze(AvgPool(kernel, options).apply(unsqueeze(x, 0)), 0)
    return AvgPool(kernel, options).apply(x)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean under a window over (N, C, L) or (C, L); as :func:`avg_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.avg_pool1d(ek.arange(4.0).reshape(1, 4), 2)
    tensor([[0.5, 2.5]])
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


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

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.avg_pool2d(ek.arange(4.0).reshape(1, 2, 2), 2).item()
    1.5
    """
    return _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean under a window over (N, C, D, H, W) or (C, D, H, W); as :func:`avg_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.avg_pool3d(ek.ones(1, 2, 4, 4, 4), (2, 4, 1)).shape
    (1, 2, 2, 1, 4)
    """
    return _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _adaptive_avg_pool(dims: int, input: Any, output_size: Any) -> Tensor:
    x = spatial(input, dims)
    size = regions(x, output_size, dims)
    if x._data.ndim == dims + 1:
        return squeeze(AdaptiveAvgPool(size).apply(unsqueeze(x, 0)), 0)
    return AdaptiveAvgPool(size).apply(x)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Tensor:
    """Return the means of ``output_size`` regions of (N, C, L) or (C, L).

    As :func:`adaptive_avg_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.adaptive_avg_pool1d(ek.arange(4.0).reshape(1, 4), 2)
    tensor([[0.5, 2.5]])
    """
    return _adaptive_avg_pool(1, input, output_size)


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
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Tensor:
    """Return the means of ``output_size`` regions of (N, C, D, H, W) or (C, D, H, W).

    As :func:`adaptive_avg_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.adaptive_avg_pool3d(ek.ones(1, 2, 7, 5, 4), (1, None, 2)).shape
    (1, 2, 1, 5, 2)
    """
    return _adaptive_avg_pool(3, input, output_size)


def _lp_pool(
    dims: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    x = spatial(input, dims)
    kernel = as_sizes(kernel_size, dims, "kernel_size")
    means = _avg_pool(dims, power(x, norm_type), kernel, stride, 0, ceil_mode, True, None)
    # Of an odd norm the sum may be negative: PyTorch takes the root of that as not a number.
    sums = sign(means) * relu(absolute(means)) * math.prod(kernel)
    return power(sums, 1.0 / norm_type)


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """Return the norm of what lies under a window over (N, C, L) or (C, L); as :func:`lp_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.lp_pool1d(ek.tensor([[3.0, 4.0]]), 2, 2).item()
    5.0
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """Return the norm ``(sum(x ** p)) ** (1 / p)`` of what lies under a moving window.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    norm_type : float
        p, not 0; 1 sums.
    kernel_size, stride, ceil_mode
        As in :func:`avg_pool2d`.

    Raises
    ------
    ValueError, RuntimeError
        If a shape or number does not fit.

    Notes
    -----
    As in PyTorch the mean is taken and multiplied by the window's size, which in `ceil_mode` is
    not that of windows cut short by the border.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.lp_pool2d(ek.tensor([[[3.0, 4.0]]]), 2, (1, 2)).item()
    5.0
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """Return the norm of what lies under a window over (N, C, D, H, W); as :func:`lp_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.lp_pool3d(ek.tensor([[[[3.0, 4.0]]]]), 2, (1, 1, 2)).item()
    5.0
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
