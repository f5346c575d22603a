"""Layers that learn the number of their input channels from their first input.

Their parameters exist from the start, so that an optimiser can be given them, but have no shape
before the first call or `load_state_dict`; with the call the layer becomes the plain one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from einkorn.autograd import Tensor
from einkorn.nn.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    PaddingMode,
)
from einkorn.nn.module import Module
from einkorn.nn.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from einkorn.nn.parameter import (
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
    is_uninitialized,
)
from einkorn.nn.sample_normalization import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from einkorn.nn.sizes import Size

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _LazyConvolution(Module):
    """A convolution of either kind without ``in_channels``."""

    _plain: ClassVar[type[Module]]
    weight: Parameter

    def _make_parameters(self: Any, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        bias_ = UninitializedParameter(device=device, dtype=dtype) if bias else None
        self.register_parameter("bias", bias_)

    def reset_parameters(self: Any) -> None:
        """Draw the parameters anew, if they have shapes already."""
        if not is_uninitialized(self.weight):
            self._plain.reset_parameters(self)

    def forward(self: Any, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Take the channels from ``input``, become the plain layer, and return what it does."""
        dims = self._dims
        if input.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"input must have {dims + 1} or {dims + 2} dimensions, got shape {input.shape}"
            )
        if is_uninitialized(self.weight):
            channels = input.shape[-dims - 1]
            if channels % self.groups:
                raise ValueError(
                    f"in_channels must be divisible by groups={self.groups}, got {channels}"
                )
            self.in_channels = channels
            self.weight.materialize(self._weight_shape())
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))
            self._plain.reset_parameters(self)
        else:
            self.in_channels = self._channels_of_weight()
        self.__class__ = self._plain
        return self.forward(input, *args, **kwargs)


class _LazyConv(_LazyConvolution):
    def __init__(
        self: Any,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._plain.__init__(
            self,
            0,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _channels_of_weight(self: Any) -> int:
        return self.weight.shape[1] * self.groups


class _LazyConvTranspose(_LazyConvolution):
    def __init__(
        self: Any,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._plain.__init__(
            self,
            0,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            bias,
            dilation,
            padding_mode,
            device,
            dtype,
        )

    def _channels_of_weight(self: Any) -> int:
        return self.weight.shape[0]


class _LazyNorm(Module):
    """A normalisation without ``num_features``."""

    _plain: ClassVar[type[Module]]

    def __init__(
        self: Any,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        self._plain.__init__(
            self, 0, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        for name in ("weight", "bias"):
            if getattr(self, name) is not None:
                setattr(self, name, UninitializedParameter(device=device, dtype=dtype))
        for name in ("running_mean", "running_var"):
            if getattr(self, name) is not None:
                setattr(self, name, UninitializedBuffer(device=device, dtype=dtype))

    def reset_parameters(self: Any) -> None:
        """Set the parameters to their first values, if they have shapes already."""
        if self.num_features:
            self._plain.reset_parameters(self)

    def forward(self: Any, input: Tensor) -> Tensor:
        """Take the channels from ``input``, become the plain layer, and return what it does."""
        if input.ndim not in self._axes:
            expected = " or ".join(f"{n}-D" for n in self._axes)
            raise ValueError(f"input must be {expected}, got shape {input.shape}")
        state = (self.weight, self.bias, self.running_mean, self.running_var)
        waiting = [value for value in state if value is not None and is_uninitialized(value)]
        known = [value for value in state if value is not None and not is_uninitialized(value)]
        self.num_features = known[0].shape[0] if known else input.shape[self._channel_axis(input)]
        for value in waiting:
            value.materialize((self.num_features,))
        if waiting:
            self._plain.reset_parameters(self)
        self.__class__ = self._plain
        return self.forward(input)

    def _channel_axis(self, input: Tensor) -> int:
        return 1


class _LazyInstanceNorm(_LazyNorm):
    """One that takes inputs without a batch, too."""

    def _channel_axis(self: Any, input: Tensor) -> int:
        return input.ndim - min(self._axes)


class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` that learns ``in_channels`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyConv1d(4, 3)
    >>> layer(np.ones((2, 5, 8))).shape
    (2, 4, 6)
    >>> type(layer).__name__, layer.in_channels
    ('Conv1d', 5)
    """

    _plain = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` that learns ``in_channels`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyConv2d(4, 3)
    >>> layer(np.ones((2, 5, 8, 8))).shape
    (2, 4, 6, 6)
    >>> type(layer).__name__, layer.in_channels
    ('Conv2d', 5)
    """

    _plain = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` that learns ``in_channels`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyConv3d(4, 3)
    >>> layer(np.ones((2, 5, 8, 8, 8))).shape
    (2, 4, 6, 6, 6)
    >>> type(layer).__name__, layer.in_channels
    ('Conv3d', 5)
    """

    _plain = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` that learns ``in_channels`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyConvTranspose1d(4, 2)
    >>> layer(np.ones((2, 5, 8))).shape
    (2, 4, 9)
    >>> type(layer).__name__, layer.in_channels
    ('ConvTranspose1d', 5)
    """

    _plain = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` that learns ``in_channels`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyConvTranspose2d(4, 2)
    >>> layer(np.ones((2, 5, 8, 8))).shape
    (2, 4, 9, 9)
    >>> type(layer).__name__, layer.in_channels
    ('ConvTranspose2d', 5)
    """

    _plain = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` that learns ``in_channels`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyConvTranspose3d(4, 2)
    >>> layer(np.ones((2, 5, 8, 8, 8))).shape
    (2, 4, 9, 9, 9)
    >>> type(layer).__name__, layer.in_channels
    ('ConvTranspose3d', 5)
    """

    _plain = ConvTranspose3d


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` that learns ``num_features`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyBatchNorm1d()
    >>> layer(np.ones((2, 5, 3))).shape
    (2, 5, 3)
    >>> type(layer).__name__, layer.num_features
    ('BatchNorm1d', 5)
    """

    _plain = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` that learns ``num_features`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyBatchNorm2d()
    >>> layer(np.ones((2, 5, 3, 3))).shape
    (2, 5, 3, 3)
    >>> type(layer).__name__, layer.num_features
    ('BatchNorm2d', 5)
    """

    _plain = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` that learns ``num_features`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyBatchNorm3d()
    >>> layer(np.ones((2, 5, 3, 3, 3))).shape
    (2, 5, 3, 3, 3)
    >>> type(layer).__name__, layer.num_features
    ('BatchNorm3d', 5)
    """

    _plain = BatchNorm3d


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """A `InstanceNorm1d` that learns ``num_features`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyInstanceNorm1d()
    >>> layer(np.ones((2, 5, 3))).shape
    (2, 5, 3)
    >>> type(layer).__name__, layer.num_features
    ('InstanceNorm1d', 5)
    """

    _plain = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """A `InstanceNorm2d` that learns ``num_features`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyInstanceNorm2d()
    >>> layer(np.ones((2, 5, 3, 3))).shape
    (2, 5, 3, 3)
    >>> type(layer).__name__, layer.num_features
    ('InstanceNorm2d', 5)
    """

    _plain = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """A `InstanceNorm3d` that learns ``num_features`` from its first input, and then is one.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyInstanceNorm3d()
    >>> layer(np.ones((2, 5, 3, 3, 3))).shape
    (2, 5, 3, 3, 3)
    >>> type(layer).__name__, layer.num_features
    ('InstanceNorm3d', 5)
    """

    _plain = InstanceNorm3d
