"""Largest elements of windows and what undoes it, over the kernels.

Once the elements are chosen the rest is linear: places in planes are scattered to and gathered
from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import as_sizes, spatial, to_tensor
from einkorn.autograd.operators.pool import window
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

#: Number of spatial dimensions -> kernel.
_POOL = {1: kernels.max_pool1d, 2: kernels.max_pool2d, 3: kernels.max_pool3d}
_SCATTER = {1: kernels.max_pool1d_grad, 2: kernels.max_pool2d_grad, 3: kernels.max_pool3d_grad}
_PUT = {1: kernels.max_unpool1d, 2: kernels.max_unpool2d, 3: kernels.max_unpool3d}
_GATHER = {
    1: kernels.max_unpool1d_grad,
    2: kernels.max_unpool2d_grad,
    3: kernels.max_unpool3d_grad,
}


class MaxPool(Operator):
    """The greatest values of windows.

    `pool` is the kernel with its options: an array in, values and what says where they were out.
    """

    __slots__ = ("pool", "shape")

    def __init__(self, pool: Callable[[Any], tuple[Any, Any]]) -> None:
        self.pool = pool

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        values, self.extra = self.pool(x)
        return values

    def backward(self, grad: Any) -> Any:
        return _SCATTER[grad.ndim - 2](grad, self.extra, self.shape)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return ScatterPlane(self.indices(), self.shape).apply(grad)

    def indices(self) -> Any:
        """Return the flat offsets of the values in their planes."""
        return self.extra


class CodedMaxPool2d(MaxPool):
    """The same where nobody asks for the indices: a byte a window says where its maximum was."""

    __slots__ = ("options",)

    def __init__(self, **options: Any) -> None:
        super().__init__(partial(kernels.max_pool2d_codes, **options))
        self.options = options

    def backward(self, grad: Any) -> Any:
        return kernels.max_pool2d_codes_grad(grad, self.extra, self.shape, **self.options)

    def indices(self) -> Any:
        codes, names = self.extra, ("kernel_size", "stride", "padding", "dilation")
        kernel, stride, padding, dilation = [self.options[name] for name in names]
        row, column = np.divmod(codes.astype(np.int64), kernel[1])
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
        return _SCATTER[grad.ndim - 2](grad, self.indices, self.shape)

    def backward(self, outer: Any) -> Any:
        return _GATHER[outer.ndim - 2](outer, self.indices)

    def compose_backward(self, outer: Tensor) -> Tensor:
        return GatherPlane(self.indices).apply(outer)


class GatherPlane(Operator):
    """The elements of planes at flat indices."""

    __slots__ = ("indices", "shape")

    def __init__(self, indices: Any) -> None:
        self.indices = indices

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return _GATHER[x.ndim - 2](x, self.indices)

    def backward(self, grad: Any) -> Any:
        return _SCATTER[grad.ndim - 2](grad, self.indices, self.shape)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return ScatterPlane(self.indices, self.shape).apply(grad)


class MaxUnpool(ScatterPlane):
    """Zeros in planes of `shape`, height and width alone, with the values put at flat indices."""

    def forward(self, x: Any) -> Any:
        return _PUT[x.ndim - 2](x, self.indices, self.shape)


def _values(dims: int, x: Tensor, operator: MaxPool) -> Tensor:
    """Return the values of a batch, or of one sample."""
    if x._data.ndim == dims + 2:
        return operator.apply(x)
    return squeeze(operator.apply(unsqueeze(x, 0)), 0)


def chosen(dims: int, x: Tensor, pool: Callable[[Any], tuple[Any, Any]]) -> tuple[Tensor, Tensor]:
    """Return values and indices of a batch, or of one sample."""
    operator = MaxPool(pool)
    values, indices = _values(dims, x, operator), operator.indices()
    return values, Tensor(indices if x._data.ndim == dims + 2 else indices[0])


def _max_pool(
    dims: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x = spatial(input, dims)
    if 0 in x.shape[-dims - 1 :]:
        raise RuntimeError(f"input: expected positive sizes beside the batch, got {x.shape}")
    kernel, steps, border = window(dims, kernel_size, stride, padding)
    options: dict[str, Any] = {
        "stride": steps,
        "padding": border,
        "dilation": as_sizes(dilation, dims, "dilation"),
        "ceil_mode": ceil_mode,
    }
    if dims == 2 and not return_indices and kernel[0] * kernel[1] <= 256:
        return _values(dims, x, CodedMaxPool2d(kernel_size=kernel, **options))
    pooled = chosen(dims, x, partial(_POOL[dims], kernel_size=kernel, **options))
    return pooled if return_indices else pooled[0]


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the greatest value under a window over (N, C, L) or (C, L); as :func:`max_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.max_pool1d(ek.arange(4.0).reshape(1, 4), 2)
    tensor([[1., 3.]])
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


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
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the greatest value under a window over (N, C, D, H, W); as :func:`max_pool2d`.

    Indices are offsets in the volume, ``(d * H + h) * W + w``.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.max_pool3d(ek.arange(8.0).reshape(1, 2, 2, 2), 2).item()
    7.0
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _with_indices(pool: Callable[..., Any]) -> Callable[..., tuple[Tensor, Tensor]]:
    """Return `pool` as it is with ``return_indices=True``, under PyTorch's name for that."""

    def pooled(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> tuple[Tensor, Tensor]:
        values, indices = pool(input, kernel_size, stride, padding, dilation, ceil_mode, True)
        return values, indices

    name = pool.__name__
    pooled.__name__ = pooled.__qualname__ = f"{name}_with_indices"
    pooled.__doc__ = f"Return what :func:`{name}` returns with ``return_indices=True``."
    return pooled


max_pool1d_with_indices = _with_indices(max_pool1d)
max_pool2d_with_indices = _with_indices(max_pool2d)
max_pool3d_with_indices = _with_indices(max_pool3d)


def _max_unpool(
    dims: int,
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Sequence[int] | None,
) -> Tensor:
    x, places = spatial(input, dims), to_tensor(indices)
    kernel, steps, border = window(dims, kernel_size, stride, padding)
    axes = zip(x.shape[-dims:], steps, border, kernel, strict=True)
    size = tuple([(n - 1) * s - 2 * p + k for n, s, p, k in axes])
    if output_size is not None:
        size = _unpooled_size(tuple(output_size), size, steps)
    if places.shape != x.shape:
        raise RuntimeError(f"indices: expected shape {x.shape} as input, got {places.shape}")
    if x._data.ndim == dims + 1:
        result = MaxUnpool(places._data[np.newaxis], size).apply(unsqueeze(x, 0))
        return squeeze(result, 0)
    return MaxUnpool(places._data, size).apply(x)


def _unpooled_size(
    wanted: tuple[int, ...], default: tuple[int, ...], steps: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the sizes asked for, if the pooling can have come from them."""
    dims = len(default)
    if len(wanted) not in (dims, dims + 2):
        raise ValueError(f"output_size: expected {dims} or {dims + 2} entries, got {wanted}")
    size = as_sizes(list(wanted[-dims:]), dims, "output_size")
    for n, middle, step in zip(size, default, steps, strict=True):
        if not middle - step < n < middle + step:
            raise ValueError(
                f"output_size: expected less than stride {steps} from {default}, got {size}"
            )
    return size


def max_unpool1d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Return zeros with the values of (N, C, L) or (C, L) at `indices`; as :func:`max_unpool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.max_unpool1d(ek.tensor([[3.0]]), ek.tensor([[1]]), 2)
    tensor([[0., 3.]])
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


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
        The height and width (or the whole shape) of the result, less than a stride from the
        default: ``(H - 1) * stride - 2 * padding + kernel_size``, W likewise.

    Raises
    ------
    IndexError
        If an index lies outside the plane.
    ValueError, RuntimeError
        If the shapes do not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.max_unpool2d(ek.tensor([[[3.0]]]), ek.tensor([[[2]]]), 2).tolist()
    [[[0.0, 0.0], [3.0, 0.0]]]
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Return zeros with the values of (N, C, D, H, W) at `indices`; as :func:`max_unpool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> x, indices = ek.full((1, 1, 1, 1), 3.0), ek.full((1, 1, 1, 1), 5)
    >>> ek.nn.functional.max_unpool3d(x, indices, 2).flatten().tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0]
    """
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)
