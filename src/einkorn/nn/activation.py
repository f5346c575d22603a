"""Activations: the functions of `einkorn.nn.functional` as modules.

``inplace`` is accepted for compatibility; the result is a new Tensor all the same.
"""

from __future__ import annotations

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "SELU",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class _InplaceActivation(Module):
    """An activation whose only setting is ``inplace``."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Describe the settings."""
        return "inplace=True" if self.inplace else ""


class ReLU(_InplaceActivation):
    r""":math:`\max(0, x)`; NaN passes.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.ReLU()(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    _ending = "relu"

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.relu(input)


class ReLU6(_InplaceActivation):
    r""":math:`\min(\max(0, x), 6)`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.ReLU6()(np.array([-2.0, 1.0])).numpy().round(4)
    array([0., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.relu6(input)


class SELU(_InplaceActivation):
    r""":math:`\lambda (\max(0, x) + \min(0, \alpha (e^x - 1)))`.

    :math:`\alpha \approx 1.6733, \lambda \approx 1.0507`.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, "Self-normalizing neural networks",
    2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.SELU()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-1.5202,  1.0507])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.selu(input)


class SiLU(_InplaceActivation):
    r""":math:`x \sigma(x)`.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.SiLU()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.2384,  0.7311])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.silu(input)


class Mish(_InplaceActivation):
    r""":math:`x \tanh(\mathrm{softplus}(x))`.

    References
    ----------
    D. Misra, "Mish: a self regularized non-monotonic activation function", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Mish()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.2525,  0.8651])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.mish(input)


class LeakyReLU(_InplaceActivation):
    r""":math:`\max(0, x) + s \min(0, x)` with :math:`s` = ``negative_slope``.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, "Rectifier nonlinearities improve neural network
    acoustic models", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LeakyReLU(0.1)(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.2,  1. ])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """Describe the slope."""
        return _join(f"negative_slope={self.negative_slope}", super().extra_repr())


class ELU(_InplaceActivation):
    r""":math:`\max(0, x) + \min(0, \alpha (e^x - 1))`.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by
    exponential linear units (ELUs)", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.ELU()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.8647,  1.    ])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.elu(input, self.alpha)

    def extra_repr(self) -> str:
        """Describe the scale."""
        return _join(f"alpha={self.alpha}", super().extra_repr())


class CELU(_InplaceActivation):
    r""":math:`\max(0, x) + \min(0, \alpha (e^{x / \alpha} - 1))`.

    References
    ----------
    J. T. Barron, "Continuously differentiable exponential linear units", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.CELU()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.8647,  1.    ])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.celu(input, self.alpha)

    def extra_repr(self) -> str:
        """Describe the scale."""
        return _join(f"alpha={self.alpha}", super().extra_repr())


class Hardtanh(_InplaceActivation):
    """Clip to [``min_val``, ``max_val``].

    Raises
    ------
    ValueError
        If ``min_val`` is not below ``max_val``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Hardtanh()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-1.,  1.])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if not self.min_val < self.max_val:
            raise ValueError(f"min_val {self.min_val} must be below max_val {self.max_val}")

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.hardtanh(input, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        """Describe the bounds."""
        bounds = f"min_val={self.min_val}, max_val={self.max_val}"
        return _join(bounds, super().extra_repr())


class Sigmoid(Module):
    r""":math:`\sigma(x) = 1 / (1 + e^{-x})`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Sigmoid()(np.array([-2.0, 1.0])).numpy().round(4)
    array([0.1192, 0.7311])
    """

    _ending = "sigmoid"

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.sigmoid(input)


class Tanh(Module):
    r""":math:`\tanh(x)`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Tanh()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.964 ,  0.7616])
    """

    _ending = "tanh"

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.tanh(input)


class LogSigmoid(Module):
    r""":math:`\log \sigma(x)`, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LogSigmoid()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-2.1269, -0.3133])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.logsigmoid(input)


class Softsign(Module):
    r""":math:`x / (1 + |x|)`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Softsign()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.6667,  0.5   ])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.softsign(input)


class GELU(Module):
    r""":math:`x \Phi(x)` with the normal distribution function :math:`\Phi`.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        "tanh" is :math:`\frac{x}{2} (1 + \tanh(\sqrt{2 / \pi} (x + 0.044715 x^3)))`.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.GELU()(np.array([-2.0, 1.0])).numpy().round(4)
    array([-0.0455,  0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Describe the formula used."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    r""":math:`\log(1 + e^{\beta x}) / \beta`, and :math:`x` where :math:`\beta x` > threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Softplus()(np.array([-2.0, 1.0])).numpy().round(4)
    array([0.1269, 1.3133])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Apply elementwise."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Describe the settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    r""":math:`e^{x_i} / \sum_j e^{x_j}` along axis ``dim``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Softmax(dim=1)(np.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Normalise along the axis."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Describe the axis."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    r""":math:`x_i - \log \sum_j e^{x_j}` along axis ``dim``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.LogSoftmax(dim=0)(np.zeros(2)).numpy().round(4)
    array([-0.6931, -0.6931])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Normalise along the axis."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Describe the axis."""
        return f"dim={self.dim}"


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
