"""Layers that change the shape alone."""

from __future__ import annotations

from collections.abc import Sequence

from einkorn.autograd import Tensor
from einkorn.autograd.operators import flatten, unflatten
from einkorn.nn.module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Join the axes from ``start_dim`` to ``end_dim``, both included, into one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Flatten()(np.zeros((2, 3, 4, 5))).shape
    (2, 60)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the reshaped input."""
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Describe the axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split axis ``dim`` into axes of the sizes ``unflattened_size``, of which one may be -1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Unflatten(1, (3, 4, 5))(np.zeros((2, 60))).shape
    (2, 3, 4, 5)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """Return the reshaped input."""
        return unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """Describe the axis and its parts."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
