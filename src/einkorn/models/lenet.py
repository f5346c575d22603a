"""LeNet-5."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from einkorn import nn
from einkorn.autograd import Tensor

__all__ = ["LeNet5", "lenet5"]

_POOLING = {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}


class LeNet5(nn.Module):
    """Three 5×5 convolutions with pooling between them, and two affine maps.

    Parameters
    ----------
    num_classes : int
        Number of outputs.
    activation : callable
        Makes the activation after each layer but the last: ``nn.Tanh`` as in 1998, or for example
        ``nn.ReLU``.
    pooling : {"avg", "max"}
        Kind of the 2×2 pooling.

    Raises
    ------
    ValueError
        If ``pooling`` is unknown.

    Notes
    -----
    Input (N, 1, 32, 32), output logits (N, num_classes). The paper's sparse table of connections
    between the second pooling and convolution, its trainable pooling and its radial output units
    are replaced by their usual modern forms.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", 1998.
    """

    def __init__(
        self,
        num_classes: int = 10,
        *,
        activation: Callable[[], nn.Module] = nn.Tanh,
        pooling: Literal["avg", "max"] = "avg",
    ) -> None:
        super().__init__()
        if pooling not in _POOLING:
            raise ValueError(f"pooling must be 'avg' or 'max', got {pooling!r}")
        pool = _POOLING[pooling]
        self.features = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(1, 6, 5),
                act1=activation(),
                pool1=pool(2),
                conv2=nn.Conv2d(6, 16, 5),
                act2=activation(),
                pool2=pool(2),
                conv3=nn.Conv2d(16, 120, 5),
                act3=activation(),
            )
        )
        self.classifier = nn.Sequential(
            OrderedDict(
                fc1=nn.Linear(120, 84),
                act4=activation(),
                fc2=nn.Linear(84, num_classes),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, num_classes) of images (N, 1, 32, 32)."""
        return self.classifier(self.features(x).flatten(1))


def lenet5(
    num_classes: int = 10,
    *,
    activation: Callable[[], nn.Module] = nn.Tanh,
    pooling: Literal["avg", "max"] = "avg",
) -> LeNet5:
    """Return `LeNet5`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import models
    >>> net = models.lenet5()
    >>> net(np.zeros((1, 1, 32, 32))).shape
    (1, 10)
    >>> sum(p.numel() for p in net.parameters())
    61706
    """
    return LeNet5(num_classes, activation=activation, pooling=pooling)
