"""Affine maps."""

from __future__ import annotations

import math
from typing import Any

from einkorn.autograd import Tensor
from einkorn.autograd.operators.affine import linear_activated
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, UninitializedParameter, empty_parameter

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """Return the input; arguments of the constructor are accepted and ignored.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Identity()(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    _is_identity = True

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input``."""
        return input


class Linear(Module):
    r"""Affine map :math:`y = x W^T + b`.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last axis of input and output.
    bias : bool
        Whether there is a :math:`b`.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
        From U(-k, k), :math:`k = 1 / \sqrt{in\_features}`.
    bias : Parameter, shape (out_features,), or None
        From the same distribution.

    Notes
    -----
    Input (\*, in_features), output (\*, out_features).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.Linear(20, 30)
    >>> layer(np.ones((128, 20))).shape
    (128, 30)
    """

    _cast_kinds = "fiub"

    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = empty_parameter((out_features, in_features), device, dtype)
        bias_ = empty_parameter((out_features,), device, dtype) if bias else None
        self.register_parameter("bias", bias_)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_affine(self.weight, self.bias)

    _endings = ("relu", "sigmoid", "tanh")

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input @ weight.T + bias``."""
        return F.linear(input, self.weight, self.bias)

    def _forward_ending(self, input: Tensor, ending: str) -> Tensor:
        return linear_activated(input, self.weight, self.bias, ending)

    def extra_repr(self) -> str:
        """Describe the sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    r"""Bilinear forms :math:`y_k = x_1^T W_k x_2 + b_k`.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Sizes of the last axes of the inputs and of the output.
    bias : bool
        Whether there is a :math:`b`.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in1_features, in2_features)
        From U(-k, k), :math:`k = 1 / \sqrt{in1\_features}`.
    bias : Parameter, shape (out_features,), or None
        From the same distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.Bilinear(20, 30, 40)
    >>> layer(np.ones((128, 20)), np.ones((128, 30))).shape
    (128, 40)
    """

    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features < 1:
            raise ValueError(f"in1_features: expected a positive number, got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        self.weight = empty_parameter(shape, device, dtype)
        bias_ = empty_parameter((out_features,), device, dtype) if bias else None
        self.register_parameter("bias", bias_)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.in1_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return the forms of (*, in1_features) and (*, in2_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Describe the sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class LazyLinear(Linear):
    """A `Linear` that learns ``in_features`` from its first input, and then is one.

    Its parameters exist from the start, so that an optimiser can be given them, but have no shape
    before the first call or `load_state_dict`.

    Parameters
    ----------
    out_features : int
        Size of the last axis of the output.
    bias, device, dtype
        As for `Linear`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LazyLinear(10)
    >>> layer(np.ones((2, 7))).shape
    (2, 10)
    >>> layer
    Linear(in_features=7, out_features=10, bias=True)
    """

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        Module.__init__(self)
        self.in_features = 0
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        bias_ = UninitializedParameter(device=device, dtype=dtype) if bias else None
        self.register_parameter("bias", bias_)

    def forward(self, input: Tensor) -> Tensor:
        """Take the sizes from ``input`` and become a `Linear`."""
        if isinstance(self.weight, UninitializedParameter):
            self.weight.materialize((self.out_features, input.shape[-1]))
            if isinstance(self.bias, UninitializedParameter):
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        self.in_features = self.weight.shape[1]
        self.__class__ = Linear  # type: ignore[assignment]  # no longer lazy
        return Linear.forward(self, input)


def reset_affine(weight: Parameter, bias: Parameter | None) -> None:
    """Draw weight and bias from U(-k, k), k = 1/√fan_in: kaiming_uniform_ of slope √5."""
    init.kaiming_uniform_(weight, a=math.sqrt(5.0))
    if bias is not None:
        fan_in = math.prod(weight.shape[1:])
        bound = 1.0 / math.sqrt(fan_in) if fan_in else 0.0
        init.uniform_(bias, -bound, bound)
