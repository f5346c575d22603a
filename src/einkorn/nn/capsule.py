"""Capsules: vectors whose lengths are probabilities, and routing between layers of them."""

from __future__ import annotations

import math
from typing import Any

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import one_hot, relu, softmax
from einkorn.autograd.operators.loss import resolve_reduction
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import empty_parameter

__all__ = ["Capsules", "CapsuleMarginLoss", "Squash"]


class Squash(Module):
    r"""Shrink vectors to lengths below 1, short ones to almost nothing.

    .. math::
        v = \frac{\lVert s \rVert^2}{1 + \lVert s \rVert^2} \frac{s}{\lVert s \rVert}

    Parameters
    ----------
    dim : int
        The axis of the vectors.

    References
    ----------
    S. Sabour, N. Frosst and G. E. Hinton, "Dynamic routing between capsules", 2017, equation 1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Squash()(np.array([0.0, 3.0])).numpy().round(6).tolist()
    [0.0, 0.9]
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the shortened vectors."""
        return _squash(input, self.dim)

    def extra_repr(self) -> str:
        """Describe the axis."""
        return f"dim={self.dim}"


class Capsules(Module):
    r"""A layer of capsules, each of which hears those below that agree about it.

    .. math::
        \hat u_{j|i} &= W_{ij} u_i \\
        c_{ij} &= \operatorname{softmax}_j(b_{ij}), \quad
        s_j = \sum_i c_{ij} \hat u_{j|i}, \quad v_j = \operatorname{squash}(s_j) \\
        b_{ij} &\leftarrow b_{ij} + \hat u_{j|i} \cdot v_j

    The last two lines are repeated, from :math:`b = 0`; the last update of b is of no effect and
    left out. Gradients pass through all repetitions.

    Parameters
    ----------
    in_capsules, in_features : int
        I and E: number and width of the capsules below.
    out_capsules, out_features : int
        J and D: number and width of these.
    iterations : int
        How often the middle line is computed; 3 in the paper.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (I, J, D, E)
        From U(-k, k), :math:`k = 1 / \sqrt{E}`.

    Notes
    -----
    Input (B, I, E), output (B, J, D). The paper's first layer of capsules is a convolution whose
    channels are cut into vectors and squashed (`Squash`).

    References
    ----------
    S. Sabour, N. Frosst and G. E. Hinton, "Dynamic routing between capsules", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> v = nn.Capsules(32, 8, 10, 16)(np.ones((2, 32, 8)))
    >>> v.shape, bool((v.norm(dim=-1).numpy() < 1).all())
    ((2, 10, 16), True)
    """

    def __init__(
        self,
        in_capsules: int,
        in_features: int,
        out_capsules: int,
        out_features: int,
        iterations: int = 3,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = {
            "in_capsules": in_capsules,
            "in_features": in_features,
            "out_capsules": out_capsules,
            "out_features": out_features,
            "iterations": iterations,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        self.iterations = iterations
        shape = (in_capsules, out_capsules, out_features, in_features)
        self.weight = empty_parameter(shape, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        bound = 1.0 / math.sqrt(self.weight.shape[3])
        init.uniform_(self.weight, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return the capsules of this layer."""
        below, above, width, features = self.weight.shape
        if input.ndim != 3 or input.shape[1:] != (below, features):
            raise ValueError(f"input must have shape (B, {below}, {features}), got {input.shape}")
        weight = self.weight.reshape(below, above * width, features)
        votes = input.transpose(0, 1) @ weight.transpose(1, 2)
        return _route(votes.reshape(below, -1, above, width).permute(1, 2, 0, 3), self.iterations)

    def extra_repr(self) -> str:
        """Describe the sizes."""
        below, above, width, features = self.weight.shape
        return f"{below}, {features}, {above}, {width}, iterations={self.iterations}"


class CapsuleMarginLoss(Module):
    r"""Margins for the lengths of the capsules of classes that are there and that are not.

    .. math::
        L_k = T_k \max(0, m^+ - \lVert v_k \rVert)^2
            + \lambda (1 - T_k) \max(0, \lVert v_k \rVert - m^-)^2

    summed over the classes k.

    Parameters
    ----------
    upper, lower : float
        :math:`m^+` and :math:`m^-`.
    down_weight : float
        :math:`\lambda`.
    reduction : {"mean", "sum", "none"}
        What becomes of the examples' losses.

    Raises
    ------
    ValueError
        If the reduction is another; when called, if shapes do not fit.

    Notes
    -----
    Input: the lengths (B, K), ``capsules.norm(dim=-1)``; target: classes (B,) as integers, or
    (B, K) of zeros and ones where several may be there.

    References
    ----------
    S. Sabour, N. Frosst and G. E. Hinton, "Dynamic routing between capsules", 2017, equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> loss = nn.CapsuleMarginLoss()(np.array([[0.4, 0.3]]), np.array([0]))
    >>> round(loss.item(), 6)
    0.27
    """

    def __init__(
        self,
        upper: float = 0.9,
        lower: float = 0.1,
        down_weight: float = 0.5,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.upper = upper
        self.lower = lower
        self.down_weight = down_weight
        self.reduction = resolve_reduction(reduction, None, None)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Return the loss of ``input`` (B, K) for ``target`` (B,) or (B, K)."""
        target = as_tensor(target)
        if input.ndim != 2 or target.shape not in (input.shape, input.shape[:1]):
            raise ValueError(
                f"input and target must have shapes (B, K) and (B,) or (B, K), "
                f"got {input.shape} and {target.shape}"
            )
        there = one_hot(target, input.shape[1]) if target.ndim == 1 else target
        there = there.to(input.dtype)
        short, long = relu(self.upper - input), relu(input - self.lower)
        losses = there * short.square() + self.down_weight * (1 - there) * long.square()
        losses = losses.sum(1)
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()


def _squash(s: Tensor, dim: int = -1) -> Tensor:
    squares = s.square().sum(dim, keepdim=True)
    # The small number keeps the root's slope finite where a vector is zero.
    return s * ((squares + 1e-18).sqrt() / (1 + squares))


def _route(votes: Tensor, iterations: int) -> Tensor:
    """Return (B, J, D), given what each capsule below says of each, (B, J, I, D)."""
    # While b is zero, all shares are equal.
    v = _squash(votes.mean(2) * (votes.shape[2] / votes.shape[1]))
    agreement: Any = 0.0
    for _ in range(iterations - 1):
        agreement = agreement + (votes @ v.unsqueeze(-1)).squeeze(-1)
        v = _squash((softmax(agreement, 1).unsqueeze(2) @ votes).squeeze(2))
    return v
