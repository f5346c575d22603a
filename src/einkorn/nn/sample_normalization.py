"""Normalisation within a sample: layer, root mean square, group, instance, near channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.normalization import _BatchNorm
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = [
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


class _Affine(Module):
    """A normalisation with a weight and a bias, both optional."""

    weight: Parameter | None
    bias: Parameter | None

    def _add_affine(
        self, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any
    ) -> None:
        for name, wanted in (("weight", weight), ("bias", bias)):
            self.register_parameter(name, empty_parameter(shape, device, dtype) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Affine):
    r"""Normalise each sample over its last axes.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \gamma + \beta

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The sizes of those axes.
    eps : float
        :math:`\epsilon`.
    elementwise_affine : bool
        Whether there are :math:`\gamma` and :math:`\beta`.
    bias : bool
        Whether there is a :math:`\beta`.
    device, dtype : optional
        Where and as what to hold the parameters.

    Attributes
    ----------
    weight, bias : Parameter, shape of ``normalized_shape``, or None

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LayerNorm(2)(np.array([[1.0, 3.0]])).detach().numpy().round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._add_affine(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    r"""Divide each sample by its root mean square over the last axes.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The sizes of those axes.
    eps : float, optional
        Added to the mean square; the dtype's machine epsilon by default.
    elementwise_affine : bool
        Whether there is a weight.
    device, dtype : optional
        Where and as what to hold it.

    References
    ----------
    B. Zhang and R. Sennrich, "Root mean square layer normalization", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.RMSNorm(2)(np.array([[3.0, -3.0]])).detach().numpy().round(3).tolist()
    [[1.0, -1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = empty_parameter(self.normalized_shape, device, dtype)
        self.register_parameter("weight", weight if elementwise_affine else None)
        self.bias = None
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Affine):
    """Normalise each sample over groups of channels.

    Parameters
    ----------
    num_groups : int
        Groups.
    num_channels : int
        C, a multiple of it.
    eps : float
        Added to the variance.
    affine : bool
        Whether there are a weight and a bias for each channel.
    device, dtype : optional
        Where and as what to hold them.
    bias : bool
        Whether there is a bias.

    Raises
    ------
    ValueError
        If the channels cannot be divided so.

    References
    ----------
    Y. Wu and K. He, "Group normalization", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.GroupNorm(2, 4)(np.ones((1, 4, 3))).shape
    (1, 4, 3)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"num_groups: {num_groups} does not divide {num_channels} channels")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._add_affine((num_channels,), affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _InstanceNorm(_BatchNorm):
    """Normalisation of every channel of every sample by itself."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; without a batch it is one sample."""
        if input.ndim not in self._axes:
            expected = " or ".join(f"{n}-D" for n in self._axes)
            raise ValueError(f"input must be {expected}, got shape {input.shape}")
        alone = input.ndim == self._axes[0]
        x = input.unsqueeze(0) if alone else input
        if x.shape[1] != self.num_features:
            raise ValueError(f"input must have {self.num_features} channels, got {input.shape}")
        y = F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y.squeeze(0) if alone else y


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, L) or (C, L).

    Parameters
    ----------
    num_features : int
        C.
    eps : float
        Added to the variance.
    momentum : float
        Share of a batch in the running statistics.
    affine : bool
        Whether there are a weight and a bias for each channel.
    track_running_stats : bool
        Whether to keep running statistics, for evaluation.
    device, dtype : optional
        Where and as what to hold the parameters.
    bias : bool
        Whether there is a bias.

    References
    ----------
    D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance normalization: the missing ingredient for
    fast stylization", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.InstanceNorm1d(3)(np.ones((2, 3, 8))).shape
    (2, 3, 8)
    """

    _axes = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, H, W) or (C, H, W).

    As `InstanceNorm1d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.InstanceNorm2d(3)(np.ones((2, 3, 8, 8))).shape
    (2, 3, 8, 8)
    """

    _axes = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, D, H, W) or (C, D, H, W).

    As `InstanceNorm1d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.InstanceNorm3d(3)(np.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    _axes = (4, 5)


class LocalResponseNorm(Module):
    r"""Divide each channel by the strength of its neighbours.

    .. math:: y_c = x_c / (k + \frac{\alpha}{n} \sum_{c' \text{ near } c} x_{c'}^2)^\beta

    Parameters
    ----------
    size : int
        :math:`n`, channels in the neighbourhood.
    alpha, beta, k : float

    References
    ----------
    A. Krizhevsky, I. Sutskever and G. E. Hinton, "ImageNet classification with deep convolutional
    neural networks", 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> norm = nn.LocalResponseNorm(1, alpha=3.0, beta=0.5)
    >>> norm(np.ones((1, 2, 1))).numpy().ravel().tolist()
    [0.5, 0.5]
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, (N, C, ...)."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _as_shape(sizes: int | Sequence[int]) -> tuple[int, ...]:
    return (sizes,) if isinstance(sizes, int) else tuple(sizes)
