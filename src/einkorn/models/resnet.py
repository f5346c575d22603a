"""Residual networks."""

from __future__ import annotations

from collections.abc import Sequence

from einkorn import nn
from einkorn.autograd import Tensor
from einkorn.nn.fusion import activated_sum, in_turn

__all__ = ["BasicBlock", "ResNet", "resnet18", "resnet34"]


class BasicBlock(nn.Module):
    """Two 3×3 convolutions whose output is added to their input.

    Parameters
    ----------
    in_planes, planes : int
        Channels of input and output.
    stride : int
        Of the first convolution; where it or the channels change the shape, a 1×1 convolution
        fits the input to be added.
    """

    def __init__(self, in_planes: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample: nn.Module | None = None
        if stride != 1 or in_planes != planes:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (N, planes, H / stride, W / stride) of maps (N, in_planes, H, W)."""
        identity = x if self.downsample is None else self.downsample(x)
        out = in_turn(x, self.conv1, self.bn1, self.relu)
        return activated_sum(in_turn(out, self.conv2, self.bn2), identity, self.relu)


class ResNet(nn.Module):
    """A stem, four stages of residual blocks, the mean over the plane, and an affine map.

    Parameters
    ----------
    layers : sequence of four int
        Number of blocks of each stage.
    num_classes : int
        Number of outputs.

    Notes
    -----
    Input (N, 3, H, W), usually of 224×224, output logits (N, num_classes). For small images
    replace ``conv1`` by a 3×3 convolution of stride 1 and ``maxpool`` by `nn.Identity`.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", 2015.
    """

    def __init__(self, layers: Sequence[int], num_classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(64, 64, layers[0], 1)
        self.layer2 = _stage(64, 128, layers[1], 2)
        self.layer3 = _stage(128, 256, layers[2], 2)
        self.layer4 = _stage(256, 512, layers[3], 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, num_classes) of images (N, 3, H, W)."""
        x = in_turn(x, self.conv1, self.bn1, self.relu, self.maxpool)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def _stage(in_planes: int, planes: int, blocks: int, stride: int) -> nn.Sequential:
    first = BasicBlock(in_planes, planes, stride)
    return nn.Sequential(first, *[BasicBlock(planes, planes) for _ in range(blocks - 1)])


def resnet18(num_classes: int = 1000) -> ResNet:
    """Return the `ResNet` of 18 layers.

    Examples
    --------
    >>> from einkorn import models
    >>> sum(p.numel() for p in models.resnet18().parameters())
    11689512
    """
    return ResNet((2, 2, 2, 2), num_classes)


def resnet34(num_classes: int = 1000) -> ResNet:
    """Return the `ResNet` of 34 layers.

    Examples
    --------
    >>> from einkorn import models
    >>> sum(p.numel() for p in models.resnet34().parameters())
    21797672
    """
    return ResNet((3, 4, 6, 3), num_classes)
