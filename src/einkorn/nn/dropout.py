"""Dropout."""

from __future__ import annotations

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module

__all__ = [
    "AlphaDropout",
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
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.p = p
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
