"""Layers: modules that hold parameters, and the functions that they are made of.

::

    Module            names and keeps parameters, buffers and child modules; state, mode, hooks
      |
    Linear, ...       hold parameters alone; forward() calls functional
      |
    functional        the operators of einkorn.autograd under PyTorch's names

``init`` fills parameters, ``utils`` handles all gradients or parameters at once.
"""

from einkorn.nn import functional, init, utils
from einkorn.nn.containers import ModuleDict, ModuleList, Sequential
from einkorn.nn.flatten import Flatten, Unflatten
from einkorn.nn.linear import Identity, LazyLinear, Linear
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, UninitializedParameter

__all__ = [
    "Flatten",
    "Identity",
    "LazyLinear",
    "Linear",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "Sequential",
    "Unflatten",
    "UninitializedParameter",
    "functional",
    "init",
    "utils",
]
