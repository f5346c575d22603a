"""Architectures, by their usual names."""

from einkorn.models.lenet import LeNet5, lenet5

__all__ = ["LeNet5", "lenet5"]
