"""Layers that choose: the greatest of several maps, or how much of one to take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.linear import Linear
from einkorn.nn.module import Module

__all__ = ["Highway", "Maxout"]


class Maxout(Module):
    r"""The greatest of every ``pieces`` features that follow each other.

    .. math::
        y_i = \max_{0 \le j < k} x_{ik + j}

    After an affine map it is the paper's maxout unit, after a convolution its maxout feature map:
    the layer before gives k pieces for each feature that is left.

    Parameters
    ----------
    pieces : int
        k.
    dim : int
        The axis of the features.

    Raises
    ------
    ValueError
        If ``pieces`` is less than 1, or, when called, does not divide the number of features.
    IndexError
        When called, if there is no such axis.

    Notes
    -----
    Input (N, k C, \*), output (N, C, \*), with another ``dim`` likewise. Of equal pieces the first
    receives the gradient.

    References
    ----------
    I. J. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville and Y. Bengio, "Maxout networks",
    2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Maxout(2)(np.array([[1.0, 5.0, -3.0, -4.0]])).tolist()
    [[5.0, -3.0]]
    >>> nn.Sequential(nn.Conv2d(3, 5 * 16, 3), nn.Maxout(5))(np.ones((2, 3, 8, 8))).shape
    (2, 16, 6, 6)
    """

    _cast_kinds = "fiub"

    def __init__(self, pieces: int = 2, dim: int = 1) -> None:
        super().__init__()
        if pieces < 1:
            raise ValueError(f"pieces must be at least 1, got {pieces}")
        self.pieces = pieces
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the greatest pieces."""
        if not -input.ndim <= self.dim < input.ndim:
            raise IndexError(f"dim: expected an axis of the input {input.shape}, got {self.dim}")
        dim = self.dim % input.ndim
        features, left = divmod(input.shape[dim], self.pieces)
        if left:
            raise ValueError(
                f"input must have a multiple of {self.pieces} features on axis {self.dim}, "
                f"got shape {input.shape}"
            )
        shape = (*input.shape[:dim], features, self.pieces, *input.shape[dim + 1 :])
        return input.reshape(shape).max(dim + 1)[0]

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"pieces={self.pieces}, dim={self.dim}"


class Highway(Module):
    r"""A layer that learns for each feature how much to change and how much to carry.

    .. math::
        H &= \phi(W_H x + b_H) \\
        T &= \sigma(W_T x + b_T) \\
        y &= T \odot H + (1 - T) \odot x

    Parameters
    ----------
    features : int
        Size of the last axis of input and output.
    activation : callable
        :math:`\phi`, a module or function; ReLU by default.
    gate_bias : float
        What :math:`b_T` begins with. Negative, so that a new layer mostly carries its input; the
        paper takes -1 to -4, the lower the deeper the network.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    transform : Linear
        :math:`W_H` and :math:`b_H`.
    gate : Linear
        :math:`W_T` and :math:`b_T`.

    Notes
    -----
    Input (\*, features), output of the same shape.

    References
    ----------
    R. K. Srivastava, K. Greff and J. Schmidhuber, "Highway networks", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> net = nn.Sequential(*(nn.Highway(8, gate_bias=-3.0) for _ in range(20)))
    >>> net(np.ones((2, 8))).shape
    (2, 8)
    """

    def __init__(
        self,
        features: int,
        activation: Callable[[Tensor], Tensor] = F.relu,
        gate_bias: float = -2.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if features < 1:
            raise ValueError(f"features must be at least 1, got {features}")
        self.gate_bias = gate_bias
        self.transform = Linear(features, features, device=device, dtype=dtype)
        self.gate = Linear(features, features, device=device, dtype=dtype)
        self.activation = activation
        self._set_gate_bias()

    def reset_parameters(self) -> None:
        """Draw the parameters anew; the gate's biases begin with ``gate_bias``."""
        self.transform.reset_parameters()
        self.gate.reset_parameters()
        self._set_gate_bias()

    def _set_gate_bias(self) -> None:
        if self.gate.bias is not None:
            init.constant_(self.gate.bias, self.gate_bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return what the gate mixes of the changed and the unchanged input."""
        changed = self.activation(self.transform(input))
        return input + self.gate(input).sigmoid() * (changed - input)

    def extra_repr(self) -> str:
        """Describe the gate's first bias."""
        return f"gate_bias={self.gate_bias}"
