"""Automatic differentiation: Tensor, the tape of operators, and the backward engine.

::

    functions of Tensors          autograd.operators: one file per family
            |
    tape.Operator                 a differentiable function and its record in the graph
            |
    tensor.Tensor                 an array, who made it, its gradient
            |
    engine.Task                   sends gradients from operator to operator, youngest first
    gradients                     backward(), grad()
    hooks                         functions called with a tensor's gradient

``mode`` switches recording on and off, ``promotion`` is the table of dtypes, ``random`` the one
generator, ``checks`` compares gradients with differences.
"""

from einkorn.autograd.checks import gradcheck, gradgradcheck
from einkorn.autograd.gradients import backward, grad
from einkorn.autograd.hooks import GradientHandle
from einkorn.autograd.mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor, as_tensor, from_numpy, increment_version, tensor

__all__ = [
    "GradientHandle",
    "Operator",
    "Tensor",
    "as_tensor",
    "backward",
    "enable_grad",
    "from_numpy",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "increment_version",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
    "tensor",
]
