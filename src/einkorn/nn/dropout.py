"""Dropout."""

from __future__ import annotations

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module

__all__ = ["Dropout"]


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
