"""Padding: `einkorn.nn.functional.pad` as modules.

``padding`` is one number for every side, or two for each of the last dimensions, beginning with the
last: (left, right, top, bottom, front, back). Inputs are (N, C, ...) or (C, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """Padding of the last ``_dims`` dimensions."""

    _dims: ClassVar[int]
    _mode: ClassVar[str]
    value = 0.0

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        count = 2 * self._dims
        self.padding = (padding,) * count if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != count:
            raise ValueError(f"padding: expected a number or {count} of them, got {padding}")

    def forward(self, input: Tensor) -> Tensor:
        """Return the padded input."""
        if input.ndim not in (self._dims + 1, self._dims + 2):
            raise ValueError(
                f"input: expected {self._dims + 1} or {self._dims + 2} dimensions, "
                f"got {input.shape}"
            )
        if self._mode == "constant":
            return F.pad(input, self.padding, value=self.value)
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"{self.padding}"


class ZeroPad1d(_Pad):
    """Zeros around the last dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ZeroPad1d((1, 2))
    >>> pad(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[0.0, 1.0, 2.0, 3.0, 0.0, 0.0]]
    """

    _dims = 1
    _mode = "constant"


class ZeroPad2d(_Pad):
    """Zeros around the last two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ZeroPad2d((1, 2, 0, 0))
    >>> pad(np.array([[[1.0, 2.0, 3.0]]])).tolist()
    [[[0.0, 1.0, 2.0, 3.0, 0.0, 0.0]]]
    """

    _dims = 2
    _mode = "constant"


class ZeroPad3d(_Pad):
    """Zeros around the last three dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ZeroPad3d((1, 2, 0, 0, 0, 0))
    >>> pad(np.array([[[[1.0, 2.0, 3.0]]]])).tolist()
    [[[[0.0, 1.0, 2.0, 3.0, 0.0, 0.0]]]]
    """

    _dims = 3
    _mode = "constant"


class ConstantPad1d(_Pad):
    """A constant around the last dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ConstantPad1d((1, 2), 9.0)
    >>> pad(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[9.0, 1.0, 2.0, 3.0, 9.0, 9.0]]
    """

    _dims = 1
    _mode = "constant"

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(_Pad):
    """A constant around the last two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ConstantPad2d((1, 2, 0, 0), 9.0)
    >>> pad(np.array([[[1.0, 2.0, 3.0]]])).tolist()
    [[[9.0, 1.0, 2.0, 3.0, 9.0, 9.0]]]
    """

    _dims = 2
    _mode = "constant"

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad3d(_Pad):
    """A constant around the last three dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ConstantPad3d((1, 2, 0, 0, 0, 0), 9.0)
    >>> pad(np.array([[[[1.0, 2.0, 3.0]]]])).tolist()
    [[[[9.0, 1.0, 2.0, 3.0, 9.0, 9.0]]]]
    """

    _dims = 3
    _mode = "constant"

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"padding={self.padding}, value={self.value}"


class ReflectionPad1d(_Pad):
    """The input mirrored in its border elements, around the last dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ReflectionPad1d((1, 2))
    >>> pad(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[2.0, 1.0, 2.0, 3.0, 2.0, 1.0]]
    """

    _dims = 1
    _mode = "reflect"


class ReflectionPad2d(_Pad):
    """The input mirrored in its border elements, around the last two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ReflectionPad2d((1, 2, 0, 0))
    >>> pad(np.array([[[1.0, 2.0, 3.0]]])).tolist()
    [[[2.0, 1.0, 2.0, 3.0, 2.0, 1.0]]]
    """

    _dims = 2
    _mode = "reflect"


class ReflectionPad3d(_Pad):
    """The input mirrored in its border elements, around the last three dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ReflectionPad3d((1, 2, 0, 0, 0, 0))
    >>> pad(np.array([[[[1.0, 2.0, 3.0]]]])).tolist()
    [[[[2.0, 1.0, 2.0, 3.0, 2.0, 1.0]]]]
    """

    _dims = 3
    _mode = "reflect"


class ReplicationPad1d(_Pad):
    """The border elements repeated, around the last dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ReplicationPad1d((1, 2))
    >>> pad(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[1.0, 1.0, 2.0, 3.0, 3.0, 3.0]]
    """

    _dims = 1
    _mode = "replicate"


class ReplicationPad2d(_Pad):
    """The border elements repeated, around the last two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ReplicationPad2d((1, 2, 0, 0))
    >>> pad(np.array([[[1.0, 2.0, 3.0]]])).tolist()
    [[[1.0, 1.0, 2.0, 3.0, 3.0, 3.0]]]
    """

    _dims = 2
    _mode = "replicate"


class ReplicationPad3d(_Pad):
    """The border elements repeated, around the last three dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.ReplicationPad3d((1, 2, 0, 0, 0, 0))
    >>> pad(np.array([[[[1.0, 2.0, 3.0]]]])).tolist()
    [[[[1.0, 1.0, 2.0, 3.0, 3.0, 3.0]]]]
    """

    _dims = 3
    _mode = "replicate"


class CircularPad1d(_Pad):
    """The opposite end's elements, around the last dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.CircularPad1d((1, 2))
    >>> pad(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[3.0, 1.0, 2.0, 3.0, 1.0, 2.0]]
    """

    _dims = 1
    _mode = "circular"


class CircularPad2d(_Pad):
    """The opposite end's elements, around the last two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.CircularPad2d((1, 2, 0, 0))
    >>> pad(np.array([[[1.0, 2.0, 3.0]]])).tolist()
    [[[3.0, 1.0, 2.0, 3.0, 1.0, 2.0]]]
    """

    _dims = 2
    _mode = "circular"


class CircularPad3d(_Pad):
    """The opposite end's elements, around the last three dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> pad = nn.CircularPad3d((1, 2, 0, 0, 0, 0))
    >>> pad(np.array([[[[1.0, 2.0, 3.0]]]])).tolist()
    [[[[3.0, 1.0, 2.0, 3.0, 1.0, 2.0]]]]
    """

    _dims = 3
    _mode = "circular"
