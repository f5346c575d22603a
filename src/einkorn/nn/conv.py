"""Convolutions over signals, images and volumes.

What differs between them is the number of spatial axes, `_dims`. The lazy forms are in `lazy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from einkorn.autograd import Tensor
from einkorn.autograd.operators.convolution import conv_activated, conv_transpose_activated
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.linear import reset_affine
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter
from einkorn.nn.sizes import Size, spatial_sizes

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


class _Convolution(Module):
    """What convolution and transposed convolution have in common: all but the arithmetic."""

    _cast_kinds = "fiub"
    _dims: ClassVar[int]

    weight: Parameter
    bias: Parameter | None
    padding: Any  # sizes, "same" or "valid"

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: str | Size,
        dilation: Size,
        output_padding: Size,
        groups: int,
        padding_mode: PaddingMode,
    ) -> None:
        """Check the settings and keep them."""
        Module.__init__(self)
        _check_channels(in_channels, out_channels, groups)
        dims = self._dims
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = spatial_sizes("kernel_size", kernel_size, dims)
        self.stride = spatial_sizes("stride", stride, dims)
        named = isinstance(padding, str)
        self.padding = padding if named else spatial_sizes("padding", padding, dims)
        self.dilation = spatial_sizes("dilation", dilation, dims)
        self.output_padding = spatial_sizes("output_padding", output_padding, dims)
        self.groups = groups
        self.padding_mode = padding_mode
        _check_sizes(self)

    def _weight_shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = empty_parameter(self._weight_shape(), device, dtype)
        bias_ = empty_parameter((self.out_channels,), device, dtype) if bias else None
        self.register_parameter("bias", bias_)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_affine(self.weight, self.bias)

    def extra_repr(self) -> str:
        """Describe the sizes, and what differs from the defaults."""
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        settings = {
            "padding": (0,) * self._dims,
            "dilation": (1,) * self._dims,
            "output_padding": (0,) * self._dims,
            "groups": 1,
        }
        parts += [
            f"{name}={getattr(self, name)}"
            for name, default in settings.items()
            if getattr(self, name) != default
        ]
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_Convolution):
    """Convolution, whatever the number of spatial axes."""

    def __init__(
        self,
        in_channels: int,
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
        self._set_up(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            padding_mode,
        )
        self._make_parameters(bias, device, dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def forward(self, input: Tensor) -> Tensor:
        """Return the feature maps."""
        return self._forward_ending(input, None)

    def _forward_ending(self, input: Tensor, ending: str | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._border(), mode=self.padding_mode)
            padding = 0
        return conv_activated(
            self._dims,
            input,
            self.weight,
            self.bias,
            self.stride,
            padding,
            self.dilation,
            self.groups,
            ending,
        )

    def _border(self) -> tuple[int, ...]:
        """Return the widths to pad before and after, from the last axis to the first."""
        if self.padding == "valid":
            return (0,) * (2 * self._dims)
        if self.padding != "same":
            return tuple([width for size in reversed(self.padding) for width in (size, size)])
        spans = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return tuple([width for span in reversed(spans) for width in (span // 2, span - span // 2)])


class _ConvTranspose(_Convolution):
    """Transposed convolution, whatever the number of spatial axes."""

    def __init__(
        self,
        in_channels: int,
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
        if padding_mode != "zeros":
            raise ValueError(f"padding_mode must be 'zeros', got {padding_mode!r}")
        if isinstance(padding, str):
            raise ValueError(f"padding must be numbers, got {padding!r}")
        self._set_up(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            padding_mode,
        )
        self._make_parameters(bias, device, dtype)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the result; ``output_size`` (its spatial part) overrules output_padding.

        Raises
        ------
        ValueError
            If no output padding gives ``output_size``.
        """
        more = self.output_padding if output_size is None else self._to_reach(output_size, input)
        return self._transposed(input, more, None)

    def _forward_ending(self, input: Tensor, ending: str) -> Tensor:
        return self._transposed(input, self.output_padding, ending)

    def _transposed(self, input: Tensor, more: tuple[int, ...], ending: str | None) -> Tensor:
        return conv_transpose_activated(
            self._dims,
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            more,
            self.groups,
            self.dilation,
            ending,
        )

    def _to_reach(self, output_size: Sequence[int], input: Tensor) -> tuple[int, ...]:
        """Return the output padding that gives ``output_size``."""
        dims = self._dims
        if len(output_size) not in (dims, input.ndim):
            raise ValueError(
                f"output_size must have {dims} or {input.ndim} entries, got {tuple(output_size)}"
            )
        wanted = tuple(output_size)[-dims:]
        axes = zip(
            input.shape[-dims:],
            self.stride,
            self.padding,
            self.dilation,
            self.kernel_size,
            strict=True,
        )
        least = tuple([(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in axes])
        extra = tuple([size - low for size, low in zip(wanted, least, strict=True)])
        if not all(0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            most = tuple([size + s - 1 for size, s in zip(least, self.stride, strict=True)])
            raise ValueError(
                f"output_size {wanted} cannot be reached from an input of size "
                f"{tuple(input.shape[-dims:])}: between {least} and {most} is possible"
            )
        return extra


class Conv1d(_Conv):
    r"""Cross-correlation of signals with learned filters.

    As `Conv2d`, for input (N, C, L) or (C, L); the weight has shape (K, C / groups, KL).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Conv1d(3, 8, 5, stride=2, padding=2)(np.zeros((1, 3, 32))).shape
    (1, 8, 16)
    """

    _dims = 1
    _endings = ("relu", "sigmoid", "tanh")


class Conv2d(_Conv):
    r"""Cross-correlation of images with learned filters.

    .. math::
        y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}, \qquad
        OH = \left\lfloor \frac{H + 2p - d (KH - 1) - 1}{s} \right\rfloor + 1

    Parameters
    ----------
    in_channels, out_channels : int
        C and K.
    kernel_size : int or pair
        (KH, KW).
    stride, dilation : int or pair
        :math:`s` and :math:`d`.
    padding : int, pair, "valid" or "same"
        :math:`p` on both sides; "valid" is none, "same" as much as keeps the size (stride 1).
    groups : int
        Channels are convolved in so many separate groups; divides C and K.
    bias : bool
        Whether there is a :math:`b`.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What stands outside the image.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (K, C / groups, KH, KW)
        From U(-k, k), :math:`k = 1 / \sqrt{C / groups \cdot KH \cdot KW}`.
    bias : Parameter, shape (K,), or None
        From the same distribution.

    Raises
    ------
    ValueError
        If ``groups`` does not divide the channels, a size is not an int or a pair, ``padding`` or
        ``padding_mode`` is unknown, or "same" is asked for with a stride.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W); output (N, K, OH, OW) or (K, OH, OW).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Conv2d(3, 8, 5, stride=2, padding=2)(np.zeros((1, 3, 32, 32))).shape
    (1, 8, 16, 16)
    """

    _dims = 2
    _endings = ("relu", "sigmoid", "tanh")


class Conv3d(_Conv):
    r"""Cross-correlation of volumes with learned filters.

    As `Conv2d`, for input (N, C, D, H, W) or (C, D, H, W); the weight has shape
    (K, C / groups, KD, KH, KW).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Conv3d(3, 8, 3, stride=(1, 2, 2), padding=1)(np.zeros((1, 3, 4, 16, 16))).shape
    (1, 8, 4, 8, 8)
    """

    _dims = 3
    _endings = ("relu", "sigmoid", "tanh")


class ConvTranspose1d(_ConvTranspose):
    r"""Transposed convolution of signals: the gradient of `Conv1d` as a layer.

    As `ConvTranspose2d`, for input (N, C, L) or (C, L); the weight has shape (C, K / groups, KL).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.ConvTranspose1d(8, 3, 4, stride=2, padding=1)(np.zeros((1, 8, 16))).shape
    (1, 3, 32)
    """

    _dims = 1
    _endings = ("relu", "sigmoid", "tanh")


class ConvTranspose2d(_ConvTranspose):
    r"""Transposed convolution of images: the gradient of `Conv2d` as a layer.

    .. math:: OH = (H - 1) s - 2 p + d (KH - 1) + output\_padding + 1

    Parameters
    ----------
    in_channels, out_channels : int
        C and K.
    kernel_size : int or pair
        (KH, KW).
    stride, padding, dilation : int or pair
        Of the convolution whose gradient this is.
    output_padding : int or pair
        Added to one side of the output: of the sizes that the convolution maps to the same one,
        this chooses. Less than stride or dilation.
    groups : int
        Channels are handled in so many separate groups; divides C and K.
    bias : bool
        Whether a number per output channel is added.
    padding_mode : {"zeros"}
        Nothing else is supported.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (C, K / groups, KH, KW)
        From U(-k, k), :math:`k = 1 / \sqrt{K / groups \cdot KH \cdot KW}`.
    bias : Parameter, shape (K,), or None
        From the same distribution.

    Raises
    ------
    ValueError
        If ``groups`` does not divide the channels, a size is not an int or a pair, or
        ``padding_mode`` is not "zeros".

    Notes
    -----
    Input (N, C, H, W) or (C, H, W); output (N, K, OH, OW) or (K, OH, OW).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> up = nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1)
    >>> up(np.zeros((1, 8, 16, 16))).shape
    (1, 3, 32, 32)
    >>> nn.ConvTranspose2d(8, 3, 3, stride=2)(np.zeros((1, 8, 7, 7)), output_size=(16, 16)).shape
    (1, 3, 16, 16)
    """

    _dims = 2
    _endings = ("relu", "sigmoid", "tanh")


class ConvTranspose3d(_ConvTranspose):
    r"""Transposed convolution of volumes: the gradient of `Conv3d` as a layer.

    As `ConvTranspose2d`, for input (N, C, D, H, W) or (C, D, H, W); the weight has shape
    (C, K / groups, KD, KH, KW).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.ConvTranspose3d(8, 3, 2, stride=2)(np.zeros((1, 8, 2, 8, 8))).shape
    (1, 3, 4, 16, 16)
    """

    _dims = 3
    _endings = ("relu", "sigmoid", "tanh")


def _check_channels(in_channels: int, out_channels: int, groups: int) -> None:
    if groups < 1:
        raise ValueError(f"groups must be at least 1, got {groups}")
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels < 0:
            raise ValueError(f"{name} must not be negative, got {channels}")
        if channels % groups:
            raise ValueError(f"{name} must be divisible by groups={groups}, got {channels}")


def _check_sizes(layer: _Convolution) -> None:
    """Raise for what no convolution can have: here, not when the layer is first called."""
    padding = layer.padding
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"padding must be 'same', 'valid', an int or one an axis, got {padding!r}")
    if padding == "same" and any(step != 1 for step in layer.stride):
        raise ValueError(f"padding='same' needs stride 1, got {layer.stride}")
    lowest = {"kernel_size": 1, "stride": 1, "dilation": 1, "padding": 0, "output_padding": 0}
    for name, low in lowest.items():
        sizes = getattr(layer, name)
        if not isinstance(sizes, str) and min(sizes) < low:
            raise ValueError(f"{name} must be at least {low}, got {sizes}")
    if layer.padding_mode not in ("zeros", "reflect", "replicate", "circular"):
        raise ValueError(
            "padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', "
            f"got {layer.padding_mode!r}"
        )
