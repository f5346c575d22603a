"""More activations: piecewise ones, gates, and a rectifier that learns."""

from __future__ import annotations

from typing import Any

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.activation import _InplaceActivation
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = [
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "PReLU",
    "RReLU",
    "Softmax2d",
    "Softmin",
    "Softshrink",
    "Tanhshrink",
    "Threshold",
]


class Hardshrink(Module):
    r""":math:`x` where :math:`|x| > \lambda`, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Hardshrink()(np.array([-1.0, 0.2])).tolist()
    [-1.0, 0.0]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"{self.lambd}"


class Softshrink(Module):
    r""":math:`\operatorname{sign}(x) \max(0, |x| - \lambda)`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Softshrink()(np.array([-1.0, 0.2])).tolist()
    [-0.5, 0.0]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"{self.lambd}"


class Tanhshrink(Module):
    r""":math:`x - \tanh x`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Tanhshrink()(np.zeros(1)).tolist()
    [0.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.tanhshrink(input)


class Threshold(Module):
    r""":math:`x` where it is above a threshold, else a value.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Threshold(0.5, 9.0)(np.array([0.2, 0.7])).tolist()
    [9.0, 0.7]
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.threshold(input, self.threshold, self.value)

    def extra_repr(self) -> str:
        """Describe the settings."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"threshold={self.threshold}, value={self.value}{inplace}"


class Hardsigmoid(_InplaceActivation):
    r""":math:`\min(\max(0, x + 3), 6) / 6`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Hardsigmoid()(np.array([-4.0, 0.0])).tolist()
    [0.0, 0.5]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.hardsigmoid(input)


class Hardswish(_InplaceActivation):
    r""":math:`x \min(\max(0, x + 3), 6) / 6`.

    References
    ----------
    A. Howard et al., "Searching for MobileNetV3", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Hardswish()(np.array([-4.0, 3.0])).numpy().round(4) + 0.0
    array([0., 3.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.hardswish(input)


class PReLU(Module):
    r""":math:`\max(0, x) + a \min(0, x)` with a slope :math:`a` that is learned.

    Parameters
    ----------
    num_parameters : int
        1, or one for each channel (axis 1).
    init : float
        The slope at first.
    device, dtype : optional
        Where and as what to hold the slope.

    Attributes
    ----------
    weight : Parameter, shape (num_parameters,)

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.PReLU()(np.array([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = empty_parameter((num_parameters,), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slope to what it was at first."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    r""":math:`x` above 0 and :math:`a x` below, with random slopes in training.

    Parameters
    ----------
    lower, upper : float
        The slope of each element is drawn from here to there; in evaluation it is their mean.
    inplace : bool
        Accepted; the result is a new Tensor all the same.

    References
    ----------
    B. Xu, N. Wang, T. Chen and M. Li, "Empirical evaluation of rectified activations in
    convolutional network", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.RReLU(0.1, 0.3).eval()(np.array([-1.0, 2.0])).numpy().round(4)
    array([-0.2,  2. ])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.rrelu(input, self.lower, self.upper, self.training)

    def extra_repr(self) -> str:
        """Describe the settings."""
        inplace = ", inplace=True" if self.inplace else ""
        return f"lower={self.lower}, upper={self.upper}{inplace}"


class GLU(Module):
    r"""The first half along ``dim`` times the sigmoid of the second.

    References
    ----------
    Y. N. Dauphin, A. Fan, M. Auli and D. Grangier, "Language modeling with gated convolutional
    networks", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.GLU()(np.array([2.0, 4.0, 0.0, 0.0])).tolist()
    [1.0, 2.0]
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Gate one half with the other."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"dim={self.dim}"


class Softmin(Module):
    r""":math:`e^{-x_i} / \sum_j e^{-x_j}` along axis ``dim``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Softmin(dim=0)(np.zeros(2)).tolist()
    [0.5, 0.5]
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Normalise along the axis."""
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"dim={self.dim}"


class Softmax2d(Module):
    """`Softmax` over the channels of (N, C, H, W) or (C, H, W).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Softmax2d()(np.zeros((2, 1, 1))).tolist()
    [[[0.5]], [[0.5]]]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise every pixel."""
        if input.ndim not in (3, 4):
            raise ValueError(f"input: expected 3 or 4 dimensions, got {input.shape}")
        return F.softmax(input, -3)
