"""Functions of Tensors with PyTorch's names and arguments: a façade over the operators."""

from einkorn.autograd.operators import linear

__all__ = ["linear"]
