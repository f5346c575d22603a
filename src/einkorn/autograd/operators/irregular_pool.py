"""Largest elements of windows that no stride lays out: adaptive and fractional pooling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from einkorn import kernels
from einkorn.autograd.operators.common import as_sizes, spatial, to_tensor
from einkorn.autograd.operators.max_pool import chosen
from einkorn.autograd.operators.pool import regions
from einkorn.autograd.random import rand
from einkorn.autograd.tensor import Tensor

__all__ = [
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

#: Number of spatial dimensions -> kernel.
_ADAPTIVE = {
    1: kernels.adaptive_max_pool1d,
    2: kernels.adaptive_max_pool2d,
    3: kernels.adaptive_max_pool3d,
}
_FRACTIONAL = {2: kernels.fractional_max_pool2d, 3: kernels.fractional_max_pool3d}


def _adaptive_max_pool(dims: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    x = spatial(input, dims)
    size = regions(x, output_size, dims)
    pooled = chosen(dims, x, partial(_ADAPTIVE[dims], output_size=size))
    return pooled if return_indices else pooled[0]


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return the greatest values of ``output_size`` regions of (N, C, L) or (C, L).

    As :func:`adaptive_max_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.adaptive_max_pool1d(ek.arange(5.0).reshape(1, 5), 2)
    tensor([[2., 4.]])
    """
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return the greatest values of ``output_size`` regions of each plane.

    Region i of n covers ``floor(i * H / n)`` to ``ceil((i + 1) * H / n)``.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    output_size : int or pair of int or None
        None keeps a size.
    return_indices : bool
        Return as well where each value was: flat int64 offsets in the input plane.

    Raises
    ------
    ValueError, RuntimeError
        If a shape or number does not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.adaptive_max_pool2d(ek.ones(1, 2, 7, 5), (3, None)).shape
    (1, 2, 3, 5)
    """
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Return the greatest values of ``output_size`` regions of (N, C, D, H, W).

    As :func:`adaptive_max_pool2d`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.adaptive_max_pool3d(ek.ones(1, 2, 7, 5, 4), 2).shape
    (1, 2, 2, 2, 2)
    """
    return _adaptive_max_pool(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what :func:`adaptive_max_pool1d` returns with ``return_indices=True``."""
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what :func:`adaptive_max_pool2d` returns with ``return_indices=True``."""
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what :func:`adaptive_max_pool3d` returns with ``return_indices=True``."""
    return adaptive_max_pool3d(input, output_size, True)


def _fractional_max_pool(
    dims: int,
    input: Any,
    kernel_size: Any,
    output_size: Any,
    output_ratio: Any,
    return_indices: bool,
    samples: Any,
) -> Any:
    x = spatial(input, dims)
    kernel = as_sizes(kernel_size, dims, "kernel_size")
    if (output_size is None) == (output_ratio is None):
        raise ValueError("output_size, output_ratio: expected one of the two")
    if output_size is not None:
        size = as_sizes(output_size, dims, "output_size")
    else:
        ratios = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio,) * dims
        if len(ratios) != dims or not all(0 < ratio < 1 for ratio in ratios):
            raise ValueError(
                f"output_ratio: expected a number between 0 and 1 or {dims} of them, "
                f"got {output_ratio!r}"
            )
        size = tuple([int(n * ratio) for n, ratio in zip(x.shape[-dims:], ratios, strict=True)])
    batch = x.shape[0] if x._data.ndim == dims + 2 else 1
    if samples is None:
        samples = rand(batch, x.shape[-dims - 1], dims, dtype=x.dtype)
    # As in PyTorch there may be numbers for more samples than come.
    numbers = to_tensor(samples)._data[:batch]
    pooled = chosen(
        dims,
        x,
        partial(_FRACTIONAL[dims], kernel_size=kernel, output_size=size, samples=numbers),
    )
    return pooled if return_indices else pooled[0]


def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Return the greatest values of windows at pseudorandom places.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair of int
    output_size : int or pair of int, optional
    output_ratio : float or pair of float, optional
        Or the ratio of the sizes, between 0 and 1; just one of the two.
    return_indices : bool
        Return as well where each value was: flat int64 offsets in the input plane.
    _random_samples : Tensor of shape (N, C, 2), optional
        What places the windows of each plane; drawn from [0, 1) by default.

    Raises
    ------
    ValueError, RuntimeError
        If a shape or number does not fit.

    References
    ----------
    B. Graham, "Fractional max-pooling", arXiv:1412.6071, 2014.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.fractional_max_pool2d(ek.ones(1, 2, 9, 8), 2, output_ratio=0.7).shape
    (1, 2, 6, 5)
    """
    return _fractional_max_pool(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Return :func:`fractional_max_pool2d` of (N, C, D, H, W) or (C, D, H, W).

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.fractional_max_pool3d(ek.ones(1, 2, 4, 9, 8), 2, (2, 5, 5)).shape
    (1, 2, 2, 5, 5)
    """
    return _fractional_max_pool(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return what :func:`fractional_max_pool2d` returns with ``return_indices=True``."""
    return _fractional_max_pool(
        2, input, kernel_size, output_size, output_ratio, True, _random_samples
    )


def fractional_max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return what :func:`fractional_max_pool3d` returns with ``return_indices=True``."""
    return _fractional_max_pool(
        3, input, kernel_size, output_size, output_ratio, True, _random_samples
    )
