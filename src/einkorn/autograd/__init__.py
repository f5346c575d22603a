"""Automatic differentiation: Tensor, the tape of operators, and the backward engine.

::

    functions of Tensors          autograd.operators: one file per family
            |
    tape.Operator                 a differentiable function and its record in the graph
            |
    tensor.Tensor                 an array, who made it, its gradient
            |
    row_sparse                    gradients of tables of which few rows are used
            |
    engine.Task                   sends gradients from operator to operator, youngest first
    gradients                     backward(), grad()
    hooks                         functions called with a tensor's gradient
    functional                    products with Jacobians and Hessians

``mode`` switches recording on and off, ``promotion`` is the table of dtypes, ``random`` the one
generator, ``checks`` compares gradients with differences; ``function`` lets users define operators,
``checkpoint`` computes again instead of keeping, ``anomaly`` finds the first NaN.
"""

from einkorn.autograd import functional
from einkorn.autograd.anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from einkorn.autograd.checkpoint import checkpoint, checkpoint_sequential
from einkorn.autograd.checks import gradcheck, gradgradcheck
from einkorn.autograd.function import Function, once_differentiable
from einkorn.autograd.gradients import backward, grad
from einkorn.autograd.hooks import GradientHandle
from einkorn.autograd.mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from einkorn.autograd.row_sparse import RowSparseTensor
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor, as_tensor, from_numpy, increment_version, tensor

__all__ = [
    "Function",
    "GradientHandle",
    "Operator",
    "RowSparseTensor",
    "Tensor",
    "as_tensor",
    "backward",
    "checkpoint",
    "checkpoint_sequential",
    "detect_anomaly",
    "enable_grad",
    "from_numpy",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "increment_version",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "set_detect_anomaly",
    "set_grad_enabled",
    "tensor",
]
