"""einkorn: neural networks for NumPy users, native kernels below a thin layer API.

Three ways in: ``einkorn.kernels`` has functions on arrays, this package and ``einkorn.nn`` have
Tensors and layers with PyTorch's names, and ``include/einkorn`` with ``einkorn.kernels``' Cython
declarations serves those who embed the kernels. What is not needed by a training step (``data``,
``train``, ``models``, ``metrics``, ``interop``, ``testing``) is imported when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as _np

from einkorn import autograd, kernels
from einkorn._version import __version__
from einkorn.autograd import (
    Tensor,
    as_tensor,
    enable_grad,
    from_numpy,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
    tensor,
)
from einkorn.autograd.operators import VOCABULARY as _VOCABULARY
from einkorn.autograd.operators.activation import celu, prelu, relu, selu, sigmoid, tanh
from einkorn.autograd.operators.angles import *
from einkorn.autograd.operators.arithmetic import *
from einkorn.autograd.operators.comparison import *
from einkorn.autograd.operators.contraction import *
from einkorn.autograd.operators.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from einkorn.autograd.operators.conversion import *
from einkorn.autograd.operators.creation import *
from einkorn.autograd.operators.diagonals import *
from einkorn.autograd.operators.elementary import *
from einkorn.autograd.operators.indexing import *
from einkorn.autograd.operators.joining import *
from einkorn.autograd.operators.max_pool import max_pool1d, max_pool2d, max_pool3d
from einkorn.autograd.operators.norms import *
from einkorn.autograd.operators.ordering import *
from einkorn.autograd.operators.pairs import bilinear, cdist, pdist
from einkorn.autograd.operators.pool import adaptive_avg_pool1d, avg_pool1d
from einkorn.autograd.operators.products import *
from einkorn.autograd.operators.recurrent_cells import (
    gru_cell,
    lstm_cell,
    rnn_relu_cell,
    rnn_tanh_cell,
)
from einkorn.autograd.operators.reduction import *
from einkorn.autograd.operators.reversal import *
from einkorn.autograd.operators.rounding import *
from einkorn.autograd.operators.scan import *
from einkorn.autograd.operators.scattering import *
from einkorn.autograd.operators.selection import *
from einkorn.autograd.operators.shape import *
from einkorn.autograd.operators.softmaxes import log_softmax, softmax
from einkorn.autograd.promotion import result_type
from einkorn.autograd.random import *
from einkorn.autograd.random import __all__ as _random
from einkorn.kernels import (
    get_include,
    get_num_threads,
    get_precision,
    set_num_threads,
    set_precision,
    show_config,
)

bool = _np.bool_
uint8, int8, int16 = _np.uint8, _np.int8, _np.int16
int32 = int = _np.int32
int64 = long = _np.int64
float16 = half = _np.float16
float32 = float = _np.float32
float64 = double = _np.float64

_LAZY = (
    *("data", "func", "interop", "io", "metrics", "models", "nn", "optim", "runs", "testing"),
    "train",
)
_LAZY_NAMES = {"load": "einkorn.io", "save": "einkorn.io", "summary": "einkorn.train"}
_DTYPES = (
    "bool",
    "double",
    "float",
    "float16",
    "float32",
    "float64",
    "half",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "long",
    "uint8",
)

__all__ = [
    "Tensor",
    "__version__",
    "adaptive_avg_pool1d",
    "as_tensor",
    "autograd",
    "avg_pool1d",
    "bilinear",
    "cdist",
    "celu",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "enable_grad",
    "from_numpy",
    "get_include",
    "get_num_threads",
    "get_precision",
    "is_grad_enabled",
    "kernels",
    "log_softmax",
    "gru_cell",
    "lstm_cell",
    "rnn_relu_cell",
    "rnn_tanh_cell",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "no_grad",
    "pdist",
    "prelu",
    "relu",
    "result_type",
    "selu",
    "set_grad_enabled",
    "set_num_threads",
    "set_precision",
    "show_config",
    "sigmoid",
    "softmax",
    "tanh",
    "tensor",
]
__all__ += [*_DTYPES, *_LAZY, *_LAZY_NAMES, *_random]  # noqa: PLE0604
__all__ += [name for family in _VOCABULARY for name in family.__all__]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"einkorn.{name}")
    if name in _LAZY_NAMES:
        return getattr(importlib.import_module(_LAZY_NAMES[name]), name)
    raise AttributeError(f"module 'einkorn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
