"""Largest values of windows of signals, images and volumes, and their inversion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module
from einkorn.nn.sizes import Size, spatial_sizes

__all__ = [
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPool(Module):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
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

    def extra_repr(self) -> str:
        """Describe the windows."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest value of each window of (N, C, L) or (C, L).

    As `MaxPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.MaxPool1d(2)(np.arange(4.0).reshape(1, 4)).tolist()
    [[1.0, 3.0]]
    """

    _takes_greatest = True

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.max_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class MaxPool2d(_MaxPool):
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


class MaxPool3d(_MaxPool):
    """The largest value of each window of (N, C, D, H, W) or (C, D, H, W).

    As `MaxPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.MaxPool3d(2)(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[[[7.0]]]]
    """

    _takes_greatest = True

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.max_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class _MaxUnpool(Module):
    _dims: ClassVar[int]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = spatial_sizes("kernel_size", kernel_size, self._dims)
        steps = self.kernel_size if stride is None else stride
        self.stride = spatial_sizes("stride", steps, self._dims)
        self.padding = spatial_sizes("padding", padding, self._dims)

    def extra_repr(self) -> str:
        """Describe the windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Put the values of a `MaxPool1d` back where its indices say, and zeros elsewhere.

    As `MaxUnpool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> values, indices = nn.MaxPool1d(2, return_indices=True)(np.arange(4.0).reshape(1, 4))
    >>> nn.MaxUnpool1d(2)(values, indices).tolist()
    [[0.0, 1.0, 0.0, 3.0]]
    """

    _dims = 1

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """Return the planes; ``output_size`` chooses among the possible sizes."""
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpool):
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

    _dims = 2

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """Return the planes; ``output_size`` chooses among the possible sizes."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpool):
    """Put the values of a `MaxPool3d` back where its indices say, and zeros elsewhere.

    As `MaxUnpool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> values, indices = nn.MaxPool3d(2, return_indices=True)(np.arange(8.0).reshape(1, 2, 2, 2))
    >>> nn.MaxUnpool3d(2)(values, indices).tolist()
    [[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 7.0]]]]
    """

    _dims = 3

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """Return the planes; ``output_size`` chooses among the possible sizes."""
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class _AdaptiveMaxPool(Module):
    def __init__(
        self, output_size: int | None | Sequence[int | None], return_indices: bool = False
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self) -> str:
        """Describe the output."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest values of regions of (N, C, L) or (C, L), so that the output has a given size.

    As `AdaptiveMaxPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AdaptiveMaxPool1d(2)(np.arange(4.0).reshape(1, 4)).tolist()
    [[1.0, 3.0]]
    """

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    r"""The largest values of regions laid out so that the output has a given size.

    Output row :math:`i` belongs to input rows :math:`\lfloor i H / OH \rfloor` up to
    :math:`\lceil (i + 1) H / OH \rceil`, exclusive.

    Parameters
    ----------
    output_size : int or pair of (int or None)
        (OH, OW); None keeps the input's.
    return_indices : bool
        Return the positions too: flat offsets in each input plane, int64.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AdaptiveMaxPool2d((3, None))(np.ones((2, 3, 7, 5))).shape
    (2, 3, 3, 5)
    """

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest values of regions of (N, C, D, H, W) or (C, D, H, W), of a given number.

    As `AdaptiveMaxPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.AdaptiveMaxPool3d(2)(np.ones((2, 3, 4, 7, 5))).shape
    (2, 3, 2, 2, 2)
    """

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _FractionalMaxPool(Module):
    _dims: ClassVar[int]
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Size,
        output_size: Size | None = None,
        output_ratio: float | Sequence[float] | None = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        dims = self._dims
        self.kernel_size = spatial_sizes("kernel_size", kernel_size, dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        if (output_size is None) == (output_ratio is None):
            raise ValueError("one of output_size and output_ratio must be given, and only one")
        self.output_size = (
            None if output_size is None else spatial_sizes("output_size", output_size, dims)
        )
        self.output_ratio = output_ratio
        if output_ratio is not None:
            ratios = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio,) * dims
            if len(ratios) != dims or not all(0 < ratio < 1 for ratio in ratios):
                raise ValueError(f"output_ratio must be between 0 and 1, got {output_ratio}")
            self.output_ratio = tuple(ratios)

    def extra_repr(self) -> str:
        """Describe the windows."""
        return f"kernel_size={self.kernel_size}, output_size={self.output_size}"


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest values of windows at pseudorandom places, drawn anew in every call.

    Parameters
    ----------
    kernel_size : int or pair
    output_size : int or pair, optional
    output_ratio : float or pair, optional
        Or the ratio of the sizes, between 0 and 1; just one of the two.
    return_indices : bool
        Return the positions too: flat offsets in each input plane, int64.

    Raises
    ------
    ValueError
        If not just one of the two is given, or a ratio is not between 0 and 1.

    Notes
    -----
    Input (N, C, H, W) or (C, H, W).

    References
    ----------
    B. Graham, "Fractional max-pooling", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.FractionalMaxPool2d(2, output_ratio=0.5)(np.ones((1, 3, 8, 9))).shape
    (1, 3, 4, 4)
    """

    _dims = 2

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )


class FractionalMaxPool3d(_FractionalMaxPool):
    """`FractionalMaxPool2d` of (N, C, D, H, W) or (C, D, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.FractionalMaxPool3d(2, output_size=(2, 4, 4))(np.ones((1, 3, 4, 8, 9))).shape
    (1, 3, 2, 4, 4)
    """

    _dims = 3

    def forward(self, input: Tensor) -> Any:
        """Return the maxima, and with ``return_indices`` their positions."""
        return F.fractional_max_pool3d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )
