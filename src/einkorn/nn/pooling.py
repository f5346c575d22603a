"""Means and norms of windows of signals, images and volumes; maxima are in `max_pooling`."""

from __future__ import annotations

from collections.abc import Sequence

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module
from einkorn.nn.sizes import Size

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
]


class _AvgPool(Module):
    """Means of images and volumes."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def extra_repr(self) -> str:
        """Describe the windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(Module):
    """The mean of each window of (N, C, L) or (C, L).

    As `AvgPool2d`, without ``divisor_override``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AvgPool1d(2)(np.arange(4.0).reshape(1, 4)).tolist()
    [[0.5, 2.5]]
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = self.kernel_size if stride is None else _single(stride)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )

    def extra_repr(self) -> str:
        """Describe the windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _single(size: Size) -> tuple[int, ...]:
    return tuple(size) if isinstance(size, Sequence) else (size,)


class AvgPool2d(_AvgPool):
    r"""The mean of each window.

    .. math:: OH = \left\lfloor \frac{H + 2p - k}{s} \right\rfloor + 1

    Parameters
    ----------
    kernel_size : int or pair
        :math:`k`.
    stride : int or pair, optional
        :math:`s`; ``kernel_size`` by default.
    padding : int or pair
        :math:`p`, of zeros, on both sides; at most half of ``kernel_size``.
    ceil_mode : bool
        Round the output size up.
    count_include_pad : bool
        Whether padding counts in the divisor.
    divisor_override : int, optional
        Divide by this instead of the window's size.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AvgPool2d(2)(np.arange(16.0).reshape(1, 4, 4)).tolist()
    [[[2.5, 4.5], [10.5, 12.5]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool3d(_AvgPool):
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W).

    As `AvgPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AvgPool3d(2)(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[[[3.5]]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class _AdaptiveAvgPool(Module):
    def __init__(self, output_size: int | None | Sequence[int | None]) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Describe the output."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means of windows of (N, C, L) or (C, L) laid out so that the output has a given size.

    As `AdaptiveAvgPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AdaptiveAvgPool1d(2)(np.ones((2, 3, 7))).shape
    (2, 3, 2)
    """

    def __init__(self, output_size: Size) -> None:
        super().__init__(output_size)

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    r"""Means of windows laid out so that the output has a given size.

    Output row :math:`i` is the mean of input rows :math:`\lfloor i H / OH \rfloor` up to
    :math:`\lceil (i + 1) H / OH \rceil`, exclusive.

    Parameters
    ----------
    output_size : int or pair of (int or None)
        (OH, OW); None keeps the input's.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AdaptiveAvgPool2d(1)(np.ones((2, 3, 7, 5))).shape
    (2, 3, 1, 1)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Means of windows of (N, C, D, H, W) or (C, D, H, W), so that the output has a given size.

    As `AdaptiveAvgPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AdaptiveAvgPool3d((1, None, 2))(np.ones((2, 3, 4, 7, 5))).shape
    (2, 3, 1, 7, 2)
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _LPPool(Module):
    def __init__(
        self,
        norm_type: float,
        kernel_size: Size,
        stride: Size | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """Describe the windows."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """The norm of each window of (N, C, L) or (C, L).

    As `LPPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LPPool1d(2, 2)(np.array([[3.0, 4.0]])).tolist()
    [[5.0]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the norms."""
        return F.lp_pool1d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPool):
    r"""The norm of each window, :math:`\bigl(\sum x^p\bigr)^{1/p}`.

    Parameters
    ----------
    norm_type : float
        :math:`p`, not 0; 1 sums.
    kernel_size : int or pair
    stride : int or pair, optional
        ``kernel_size`` by default.
    ceil_mode : bool
        Round the output size up.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LPPool2d(2, (1, 2))(np.array([[[3.0, 4.0]]])).tolist()
    [[[5.0]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the norms."""
        return F.lp_pool2d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LPPool):
    """The norm of each window of (N, C, D, H, W) or (C, D, H, W).

    As `LPPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LPPool3d(2, (1, 1, 2))(np.array([[[[3.0, 4.0]]]])).tolist()
    [[[[5.0]]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the norms."""
        return F.lp_pool3d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
