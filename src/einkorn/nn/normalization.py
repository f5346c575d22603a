"""Batch normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.autograd.operators.normalization import batch_norm_activated
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class _BatchNorm(Module):
    """Batch normalisation for inputs of the numbers of axes that a subclass names."""

    _cast_kinds = "fiub"
    # Checkpoints of PyTorch's from before it counted batches lack the counter.
    _optional_buffers = frozenset({"num_batches_tracked"})

    _axes: tuple[int, ...] = ()

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats

        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            values = empty_parameter((num_features,), device, dtype) if wanted else None
            self.register_parameter(name, values)
        for name in ("running_mean", "running_var"):
            values = (
                empty_parameter((num_features,), device, dtype) if track_running_stats else None
            )
            self.register_buffer(name, None if values is None else values.detach())
        counter = np.zeros((), np.int64) if track_running_stats else None
        self.register_buffer("num_batches_tracked", counter)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen: mean 0, variance 1."""
        first = ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0))
        for buffer, value in first:
            if buffer is not None:
                init.constant_(buffer, value)

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0, and forget the batches seen."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, in training mode updating the running statistics."""
        return self._forward_ending(input, None)

    def _forward_ending(self, input: Tensor, ending: str | None) -> Tensor:
        if input.ndim not in self._axes:
            expected = " or ".join(f"{n}-D" for n in self._axes)
            raise ValueError(f"input must be {expected}, got shape {input.shape}")
        tracked = self.track_running_stats or not self.training
        return batch_norm_activated(
            input,
            self.running_mean if tracked else None,
            self.running_var if tracked else None,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            self._momentum_of_batch() if self.training and tracked else 0.0,
            self.eps,
            ending,
        )

    def _momentum_of_batch(self) -> float:
        """Count a batch and return its share in the running statistics."""
        if self.num_batches_tracked is None:
            return 0.0
        self.num_batches_tracked.numpy()[...] += 1
        if self.momentum is None:
            return 1.0 / self.num_batches_tracked.item()
        return self.momentum

    def extra_repr(self) -> str:
        """Describe the settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    r"""Normalise each feature over the batch.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \gamma + \beta

    The variance is the biased one; the running variance gathers the unbiased one. In evaluation
    mode the running statistics take the batch's place.

    Parameters
    ----------
    num_features : int
        C.
    eps : float
        :math:`\epsilon`.
    momentum : float or None
        Share of a batch in the running statistics; None averages all batches equally.
    affine : bool
        Whether there are :math:`\gamma` and :math:`\beta`.
    track_running_stats : bool
        Whether to keep running statistics; if not, those of the batch are always used.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.
    bias : bool
        Whether there is a :math:`\beta`.

    Attributes
    ----------
    weight, bias : Parameter, shape (C,), or None
        :math:`\gamma`, at first 1, and :math:`\beta`, at first 0.
    running_mean, running_var : Tensor, shape (C,), or None
        At first 0 and 1.
    num_batches_tracked : Tensor, int64, or None

    Raises
    ------
    ValueError
        When called with another number of axes, or in training mode with one value per channel.

    Notes
    -----
    Input (N, C) or (N, C, L).

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> y = nn.BatchNorm1d(1)(np.array([[1.0], [3.0]]))
    >>> np.round(y.detach().numpy(), 3).tolist()
    [[-1.0], [1.0]]
    """

    _axes = (2, 3)
    _endings = ("relu",)


class BatchNorm2d(_BatchNorm):
    """Normalise each channel over the batch and its plane.

    As `BatchNorm1d`, for input (N, C, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.BatchNorm2d(3)
    >>> layer(np.ones((4, 3, 8, 8))).shape
    (4, 3, 8, 8)
    >>> layer.num_batches_tracked.item()
    1
    """

    _axes = (4,)
    _endings = ("relu",)


class BatchNorm3d(_BatchNorm):
    """Normalise each channel over the batch and its volume.

    As `BatchNorm1d`, for input (N, C, D, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.BatchNorm3d(3)(np.ones((4, 3, 2, 8, 8))).shape
    (4, 3, 2, 8, 8)
    """

    _axes = (5,)
    _endings = ("relu",)
