"""Architectures, by their usual names."""

from einkorn.models.lenet import LeNet5, lenet5
from einkorn.models.rbm import RBM, ContrastiveDivergence
from einkorn.models.resnet import ResNet, resnet18, resnet34

__all__ = ["RBM", "ContrastiveDivergence", "LeNet5", "ResNet", "lenet5", "resnet18", "resnet34"]
