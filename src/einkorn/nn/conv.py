"""Convolutions over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from einkorn.autograd import Tensor
from einkorn.autograd.operators.conv import conv2d_activated, conv_transpose2d_activated
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.linear import reset_affine
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter
from einkorn.nn.sizes import Size2d, pair

__all__ = ["Conv2d", "ConvTranspose2d"]

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


class _Conv(Module):
    """What convolution and transposed convolution have in common: all but the arithmetic."""

    _cast_kinds = "fiub"

    bias: Parameter | None
    padding: Any  # a pair, "same" or "valid"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d,
        padding: str | Size2d,
        dilation: Size2d,
        groups: int,
        padding_mode: PaddingMode,
    ) -> None:
        super().__init__()
        _check_channels(in_channels, out_channels, groups)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = pair("stride", stride)
        self.padding = padding if isinstance(padding, str) else pair("padding", padding)
        self.dilation = pair("dilation", dilation)
        self.output_padding = (0, 0)
        self.groups = groups
        self.padding_mode = padding_mode

    def _make_parameters(
        self, weight_shape: tuple[int, ...], bias: bool, device: Any, dtype: Any
    ) -> None:
        self.weight = empty_parameter(weight_shape, device, dtype)
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
            "padding": (0, 0),
            "dilation": (1, 1),
            "output_padding": (0, 0),
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

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d = 1,
        padding: str | Size2d = 0,
        dilation: Size2d = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, padding_mode
        )
        _check_padding(self.padding, self.stride, padding_mode)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self._make_parameters(shape, bias, device, dtype)

    _endings = ("relu", "sigmoid", "tanh")

    def forward(self, input: Tensor) -> Tensor:
        """Return the feature maps."""
        return self._forward_ending(input, None)

    def _forward_ending(self, input: Tensor, ending: str | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._border(), mode=self.padding_mode)
            padding = 0
        return conv2d_activated(
            input,
            self.weight,
            self.bias,
            self.stride,
            padding,
            self.dilation,
            self.groups,
            ending,
        )

    def _border(self) -> tuple[int, int, int, int]:
        """Return the widths to pad on the left, right, top and bottom."""
        if self.padding == "valid":
            return (0, 0, 0, 0)
        if self.padding == "same":
            spans = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            (top, left) = (span // 2 for span in spans)
            return (left, spans[1] - left, top, spans[0] - top)
        height, width = self.padding
        return (width, width, height, height)


class ConvTranspose2d(_Conv):
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

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d,
        stride: Size2d = 1,
        padding: Size2d = 0,
        output_padding: Size2d = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size2d = 1,
        padding_mode: PaddingMode = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f"padding_mode must be 'zeros', got {padding_mode!r}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, padding_mode
        )
        self.output_padding = pair("output_padding", output_padding)
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self._make_parameters(shape, bias, device, dtype)

    _endings = ("relu", "sigmoid", "tanh")

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Return the images; ``output_size`` (its last two numbers) overrules output_padding.

        Raises
        ------
        ValueError
            If no output padding gives ``output_size``.
        """
        return F.conv_transpose2d(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding if output_size is None else self._to_reach(output_size, input),
            self.groups,
            self.dilation,
        )

    def _forward_ending(self, input: Tensor, ending: str) -> Tensor:
        return conv_transpose2d_activated(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
            ending,
        )

    def _to_reach(self, output_size: Sequence[int], input: Tensor) -> tuple[int, int]:
        """Return the output padding that gives ``output_size``."""
        if len(output_size) not in (2, input.ndim):
            raise ValueError(
                f"output_size must have 2 or {input.ndim} entries, got {tuple(output_size)}"
            )
        wanted = tuple(output_size)[-2:]
        least: tuple[int, ...] = tuple(
            (size - 1) * s - 2 * p + d * (k - 1) + 1
            for size, s, p, d, k in zip(
                input.shape[-2:],
                self.stride,
                self.padding,
                self.dilation,
                self.kernel_size,
                strict=True,
            )
        )
        extra = (wanted[0] - least[0], wanted[1] - least[1])
        most = tuple(size + s - 1 for size, s in zip(least, self.stride, strict=True))
        if not all(0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            raise ValueError(
                f"output_size {wanted} cannot be reached from an input of size "
                f"{tuple(input.shape[-2:])}: between {least} and {most} is possible"
            )
        return extra


def _check_channels(in_channels: int, out_channels: int, groups: int) -> None:
    if groups < 1:
        raise ValueError(f"groups must be at least 1, got {groups}")
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(f"{name} must be divisible by groups={groups}, got {channels}")


def _check_padding(padding: Any, stride: tuple[int, int], padding_mode: str) -> None:
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"padding must be 'same', 'valid', an int or a pair, got {padding!r}")
    if padding == "same" and stride != (1, 1):
        raise ValueError(f"padding='same' needs stride 1, got {stride}")
    if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
        raise ValueError(
            "padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', "
            f"got {padding_mode!r}"
        )
