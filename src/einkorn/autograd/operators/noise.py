"""Dropout: random zeros, from a counter-based generator, so that threads do not change them."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.random import draw_seed
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]

# Of SELU: what it tends to for large negative inputs.
_SATURATION = -1.7580993408473766


class Dropout(Operator):
    """`x` with elements zeroed with probability `p`, the others scaled by ``1 / (1 - p)``."""

    __slots__ = ("p", "seed")

    def __init__(self, p: float, seed: int) -> None:
        self.p = p
        self.seed = seed

    def forward(self, x: Any) -> Any:
        y, self.extra = kernels.dropout(x, self.p, self.seed)
        return y

    def backward(self, grad: Any) -> Any:
        return kernels.dropout_grad(grad, self.extra, self.p)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return Masked(self.extra, self.p).apply(grad)


class Masked(Operator):
    """A dropout whose mask is known: linear, and its own adjoint."""

    __slots__ = ("mask", "p")

    def __init__(self, mask: Any, p: float) -> None:
        self.mask = mask
        self.p = p

    def forward(self, x: Any) -> Any:
        return kernels.dropout_grad(x, self.mask, self.p)

    def backward(self, grad: Any) -> Any:
        return kernels.dropout_grad(grad, self.mask, self.p)

    def compose_backward(self, grad: Tensor) -> Tensor:
        return Masked(self.mask, self.p).apply(grad)


def dropout(
    input: Any,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input` with random elements zeroed and the others scaled by ``1 / (1 - p)``.

    Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors",
    2012.

    Parameters
    ----------
    input : Tensor
    p : float
        The probability to be zeroed, in [0, 1].
    training : bool
        False returns `input`.
    inplace : bool
        Accepted; a new tensor is returned in any case.
    generator : numpy.random.Generator, optional
        Draw the seed from this one instead of the default.

    Raises
    ------
    ValueError
        If `p` is not in [0, 1].
    """
    x = _checked(input, p)
    if not training or p == 0:
        return x
    return Dropout(float(p), draw_seed(generator)).apply(x)


def _checked(input: Any, p: float) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"p: expected a probability in [0, 1], got {p}")
    return to_tensor(input)


def _whole_channels(input: Any, p: float, training: bool, dims: int, generator: Any) -> Tensor:
    """Drop whole channels of (N, C, ...), or of (C, ...) without a batch, of `dims` further."""
    x = _checked(input, p)
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(f"input: expected {dims + 1} or {dims + 2} dimensions, got {x.shape}")
    if not training or p == 0:
        return x
    channels = x.shape[: x.ndim - dims] + (1,) * dims
    mask = dropout(Tensor(np.ones(channels, x.dtype)), p, generator=generator)
    return x * mask


def dropout1d(
    input: Any,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input`, (N, C, L) or (C, L), with random channels zeroed; as :func:`dropout`."""
    return _whole_channels(input, p, training, 1, generator)


def dropout2d(
    input: Any,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input`, (N, C, H, W) or (C, H, W), with random channels zeroed."""
    return _whole_channels(input, p, training, 2, generator)


def dropout3d(
    input: Any,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input`, (N, C, D, H, W) or (C, D, H, W), with random channels zeroed."""
    return _whole_channels(input, p, training, 3, generator)


def alpha_dropout(
    input: Any,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input` with random elements set to SELU's saturation, keeping mean and variance.

    Klambauer, Unterthiner, Mayr & Hochreiter, "Self-normalizing neural networks", 2017. Parameters
    and errors as for :func:`dropout`.
    """
    x = _checked(input, p)
    return _saturated(x, x.shape, p, training, generator)


def feature_alpha_dropout(
    input: Any,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Any = None,
) -> Tensor:
    """Return `input`, (N, C, ...), with whole random channels saturated; as `alpha_dropout`."""
    x = _checked(input, p)
    return _saturated(x, x.shape[:2] + (1,) * (x.ndim - 2), p, training, generator)


def _saturated(
    x: Tensor, shape: tuple[int, ...], p: float, training: bool, generator: Any
) -> Tensor:
    """Drop to saturation with a mask of `shape`, then restore zero mean and unit variance."""
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    kept = dropout(Tensor(np.ones(shape, x.dtype)), p, generator=generator) * (1 - p)
    scale = float(((1 - p) * (1 + p * _SATURATION**2)) ** -0.5)
    return (x * kept + _SATURATION * (1 - kept)) * scale - scale * p * _SATURATION
