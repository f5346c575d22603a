"""Pooling over images, and its inversion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module
from einkorn.nn.sizes import Size2d, pair

__all__ = ["AdaptiveAvgPool2d", "AvgPool2d", "MaxPool2d", "MaxUnpool2d"]


class MaxPool2d(Module):
    r"""The largest value of each window.

    .. math:: OH = \left\lfloor \frac{H + 2p - d (k - 1) - 1}{s} \right\rfloor + 1

    Parameters
    ----------
    kernel_size : int or pair
        :math:`k`.
    stride : int or pair, optional
        :math:`s`; ``kernel_size`` by default.
    padding : int or pair
        :math:`p`, of minus infinity, on both sides; at most half of ``kernel_size``.
    dilation : int or pair
        :math:`d`.
    return_indices : bool
        Return the positions too: flat offsets in each input plane, int64.
    ceil_mode : bool
        Round the output size up.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W). NaN counts as largest; of equals the first is taken.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> values, indices = nn.MaxPool2d(2, return_indices=True)(np.arange(16.0).reshape(1, 4, 4))
    >>> indices.tolist()
    [[[5, 7], [13, 15]]]
    """

    def __init__(
        self,
        kernel_size: Size2d,
        stride: Size2d | None = None,
        padding: Size2d = 0,
        dilation: Size2d = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    _takes_greatest = True

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        """Describe the windows."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxUnpool2d(Module):
    """Put the values of a `MaxPool2d` back where its indices say, and zeros elsewhere.

    Parameters
    ----------
    kernel_size, stride, padding : int or pair
        Those of the pooling.

    Raises
    ------
    IndexError
        When called with an index outside the output plane.

    References
    ----------
    M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> values, indices = nn.MaxPool2d(2, return_indices=True)(np.arange(4.0).reshape(1, 1, 2, 2))
    >>> nn.MaxUnpool2d(2)(values, indices).tolist()
    [[[[0.0, 0.0], [0.0, 3.0]]]]
    """

    def __init__(
        self, kernel_size: Size2d, stride: Size2d | None = None, padding: Size2d = 0
    ) -> None:
        super().__init__()
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else pair("stride", stride)
        self.padding = pair("padding", padding)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """Return the planes; ``output_size`` chooses among the possible sizes."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """Describe the windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
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

    def __init__(
        self,
        kernel_size: Size2d,
        stride: Size2d | None = None,
        padding: Size2d = 0,
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

    def extra_repr(self) -> str:
        """Describe the windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Module):
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

    def __init__(self, output_size: int | None | Sequence[int | None]) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        """Describe the output."""
        return f"output_size={self.output_size}"
