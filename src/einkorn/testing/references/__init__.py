"""Naive NumPy versions of the functions of `einkorn.kernels`: the oracle of the tests.

Each bears the name of its kernel and takes the same arguments, less those that choose how a
result is computed or where it is put (`algorithm`, `precision`, `out`). Results are float64
whatever the inputs, computed plainly enough to be checked by reading. ``tests/testing`` holds
them to central differences, to SciPy and to PyTorch.

Arguments are not checked: what a kernel must refuse has no reference.
"""

from .convolution import (
    col2im,
    conv2d,
    conv2d_bias_grad,
    conv2d_input_grad,
    conv2d_weight_grad,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
    im2col,
)
from .elementwise import (
    dropout_grad,
    elu,
    elu_grad,
    gelu,
    gelu_grad,
    leaky_relu,
    leaky_relu_grad,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    tanh,
    tanh_grad,
)
from .gemm import linear, linear_grad, matmul
from .norm import batch_norm, batch_norm_grad
from .optim import adam_step_, sgd_step_
from .pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    avg_pool2d,
    avg_pool2d_grad,
    max_pool2d,
    max_pool2d_grad,
    max_unpool2d,
    max_unpool2d_grad,
)
from .rnn import (
    gru_cell,
    gru_cell_grad,
    lstm_cell,
    lstm_cell_grad,
    rnn_cell,
    rnn_cell_grad,
)
from .softmax import (
    cross_entropy,
    cross_entropy_grad,
    log_softmax,
    log_softmax_grad,
    softmax,
    softmax_grad,
)

__all__ = [
    "adam_step_",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_grad",
    "col2im",
    "conv2d",
    "conv2d_bias_grad",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv_transpose2d",
    "conv_transpose2d_input_grad",
    "conv_transpose2d_weight_grad",
    "cross_entropy",
    "cross_entropy_grad",
    "dropout_grad",
    "elu",
    "elu_grad",
    "gelu",
    "gelu_grad",
    "gru_cell",
    "gru_cell_grad",
    "im2col",
    "leaky_relu",
    "leaky_relu_grad",
    "linear",
    "linear_grad",
    "log_softmax",
    "log_softmax_grad",
    "lstm_cell",
    "lstm_cell_grad",
    "matmul",
    "max_pool2d",
    "max_pool2d_grad",
    "max_unpool2d",
    "max_unpool2d_grad",
    "relu",
    "relu_grad",
    "rnn_cell",
    "rnn_cell_grad",
    "sgd_step_",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_grad",
    "tanh",
    "tanh_grad",
]
