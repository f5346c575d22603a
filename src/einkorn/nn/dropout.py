"""Dropout."""

from __future__ import annotations

from typing import Any

from einkorn.autograd import Tensor
from einkorn.autograd.operators import ones
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.linear import Linear
from einkorn.nn.module import Module

__all__ = [
    "AlphaDropout",
    "DropConnect",
    "DropPath",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]


class Dropout(Module):
    r"""In training mode, set elements to zero with probability ``p`` and scale the rest.

    The rest is multiplied by :math:`1 / (1 - p)`, so that evaluation mode is the identity.

    Parameters
    ----------
    p : float
        In [0, 1].
    inplace : bool
        Accepted; the result is a new Tensor all the same.

    Raises
    ------
    ValueError
        If ``p`` is outside [0, 1].

    References
    ----------
    G. E. Hinton et al., "Improving neural networks by preventing co-adaptation of feature
    detectors", 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.Dropout(0.5)
    >>> sorted(set(layer(np.ones(100)).tolist()))
    [0.0, 2.0]
    >>> layer.eval()(np.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p = _probability(p)
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """Drop whole channels of (N, C, L) or (C, L).

    As `Dropout`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.Dropout1d()(np.ones((4, 3))).numpy().reshape(4, -1)
    >>> all(len(set(channel)) == 1 for channel in y.tolist())
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout1d(input, self.p, self.training)


class Dropout2d(Dropout):
    """Drop whole channels of (N, C, H, W) or (C, H, W).

    As `Dropout`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.Dropout2d()(np.ones((4, 2, 3))).numpy().reshape(4, -1)
    >>> all(len(set(channel)) == 1 for channel in y.tolist())
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout2d(input, self.p, self.training)


class Dropout3d(Dropout):
    """Drop whole channels of (N, C, D, H, W) or (C, D, H, W).

    As `Dropout`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.Dropout3d()(np.ones((4, 2, 2, 3))).numpy().reshape(4, -1)
    >>> all(len(set(channel)) == 1 for channel in y.tolist())
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.dropout3d(input, self.p, self.training)


class AlphaDropout(Dropout):
    """Drop elements to SELU's saturation, keeping mean 0 and variance 1.

    As `Dropout`.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, "Self-normalizing neural networks",
    2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.AlphaDropout()(np.random.default_rng(0).normal(size=100_000)).numpy()
    >>> bool(abs(y.mean()) < 0.02 and abs(y.var() - 1) < 0.02)
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements dropped."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(Dropout):
    """Drop whole channels of (N, C, ...) to SELU's saturation.

    As `Dropout`.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, "Self-normalizing neural networks",
    2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.FeatureAlphaDropout()(np.ones((1, 4, 5))).numpy()[0]
    >>> all(len(set(channel)) == 1 for channel in y.tolist())
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with channels dropped."""
        return F.feature_alpha_dropout(input, self.p, self.training)


class DropPath(Module):
    r"""In training mode, drop the whole input of a residual sum: stochastic depth.

    .. math::
        y = x + \operatorname{DropPath}(f(x)), \quad
        \operatorname{DropPath}(u) = \frac{b}{1 - p} u, \quad b \sim \text{Bernoulli}(1 - p)

    so that a block is passed over with probability p. The paper keeps the sum as it is in training
    and multiplies by 1 - p in evaluation; here the scale is in training, as in `Dropout`, and
    evaluation mode is the identity.

    Parameters
    ----------
    p : float
        In [0, 1]. The paper lets it grow linearly from 0 at the input to 0.5 at the last block.
    mode : {"row", "batch"}
        Draw for each element of the first axis, or once for all of them as in the paper.

    Raises
    ------
    ValueError
        If ``p`` is outside [0, 1], or the mode another.

    Notes
    -----
    Input (N, \*), output of the same shape.

    References
    ----------
    G. Huang, Y. Sun, Z. Liu, D. Sedra and K. Q. Weinberger, "Deep networks with stochastic depth",
    2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.DropPath(0.5)(np.ones((100, 3))).numpy()
    >>> sorted(set(map(tuple, y.tolist())))
    [(0.0, 0.0, 0.0), (2.0, 2.0, 2.0)]
    """

    def __init__(self, p: float = 0.5, mode: str = "row") -> None:
        super().__init__()
        if mode not in ("row", "batch"):
            raise ValueError(f"mode must be 'row' or 'batch', got {mode!r}")
        self.p = _probability(p)
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with rows, or all of it, dropped."""
        if not self.training:
            return input
        rows = input.shape[:1] if self.mode == "row" else (1,) * (input.ndim > 0)
        kept = ones(*rows, *(1,) * (input.ndim - 1), dtype=input.dtype)
        return input * F.dropout(kept, self.p)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"p={self.p}, mode={self.mode}"


class DropConnect(Linear):
    r"""A `Linear` that in training mode drops single weights and biases, others for each example.

    .. math::
        y_n = \frac{(M_n \odot W) x_n + m_n \odot b}{1 - p}, \quad
        M_{nij}, m_{ni} \sim \text{Bernoulli}(1 - p)

    Evaluation mode takes the mean, :math:`W x + b`. The paper draws the sums there from the normal
    distribution that `moments` describes, and averages after the activation. It scales in
    evaluation, too, rather than in training, and its p is the probability to keep.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last axis of input and output.
    p : float
        Probability for a weight to be dropped, in [0, 1].
    bias, device, dtype
        As for `Linear`.

    Attributes
    ----------
    weight, bias : Parameter
        As of `Linear`.

    Raises
    ------
    ValueError
        If ``p`` is outside [0, 1].

    Notes
    -----
    Input (\*, in_features), output (\*, out_features). Training holds a masked copy of the weights
    for each example: the paper found one mask for a whole batch to regularise too little.

    References
    ----------
    L. Wan, M. Zeiler, S. Zhang, Y. LeCun and R. Fergus, "Regularization of neural networks using
    DropConnect", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.DropConnect(20, 30, p=0.5)
    >>> layer(np.ones((128, 20))).shape
    (128, 30)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: float = 0.5,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(in_features, out_features, bias, device, dtype)
        self.p = _probability(p)

    def forward(self, input: Tensor) -> Tensor:
        """Return the affine map of the weights that are left."""
        if not self.training:
            return super().forward(input)
        if input.ndim == 0 or input.shape[-1] != self.in_features:
            raise ValueError(f"input must have {self.in_features} features, got {input.shape}")
        shape = (*input.shape[:-1], self.out_features)
        weight = F.dropout(self.weight.expand(*shape, self.in_features), self.p)
        output = (weight @ input.unsqueeze(-1)).squeeze(-1)
        return output if self.bias is None else output + F.dropout(self.bias.expand(shape), self.p)

    def moments(self, input: Tensor) -> tuple[Tensor, Tensor]:
        r"""Return mean and variance of the output over the masks.

        .. math::
            \mu = W x + b, \quad \sigma^2 = \frac{p}{1 - p} ((W \odot W) (x \odot x) + b \odot b)

        Raises
        ------
        ValueError
            If ``p`` is 1.

        Examples
        --------
        >>> import numpy as np
        >>> from einkorn import nn
        >>> layer = nn.DropConnect(2, 1, p=0.5, bias=False)
        >>> mean, variance = layer.moments(np.ones((1, 2)))
        >>> bool(np.allclose(variance.item(), (layer.weight.numpy() ** 2).sum()))
        True
        """
        if self.p == 1.0:
            raise ValueError("p must be less than 1 for the mean to exist, got 1.0")
        (input,), _ = self._accept_arrays((input,), {})
        squares = None if self.bias is None else self.bias.square()
        variance = F.linear(input.square(), self.weight.square(), squares)
        return super().forward(input), variance * (self.p / (1.0 - self.p))

    def extra_repr(self) -> str:
        """Describe the sizes and the probability."""
        return f"{super().extra_repr()}, p={self.p}"


def _probability(p: float) -> float:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"p must be in [0, 1], got {p}")
    return p
