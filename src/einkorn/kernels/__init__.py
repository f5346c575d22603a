"""The array tier: neural-network kernels on NumPy arrays.

Each function checks its arguments at the door (any strides, alignment and byte order are accepted,
float32 and float64), releases the GIL and calls a C kernel. The kernel exists in one variant an
instruction set; which one runs is decided once, at import, by the processor's feature bits::

    einkorn.kernels.matmul          checks, allocates, releases the GIL      (*.pyx, one a family)
            |
    api.gemm(dtype, ...)            the table of kernels, also for embedders (_core, api.h)
            |
    ek_gemm_f32_avx512              the variant in use, such as scalar or avx512 (kernels/gemm)
            |
    ek_team_run(task, ...)          splits by shape, so threads never change a result

``EINKORN_ISA`` forces a variant; `isa` and `isa_variants` tell.
"""

from einkorn.kernels._core import (
    empty_cache,
    get_num_threads,
    isa,
    isa_variants,
    memory_statistics,
    set_cache_limit,
    set_num_threads,
)
from einkorn.kernels.adaptive import (
    adadelta_steps_,
    adagrad_steps_,
    adamax_steps_,
    asgd_steps_,
    nadam_steps_,
    radam_steps_,
    rmsprop_steps_,
    rprop_steps_,
)
from einkorn.kernels.algorithms import algorithms
from einkorn.kernels.columns import col2im, im2col
from einkorn.kernels.config import get_include, show_config
from einkorn.kernels.conv import (
    conv1d,
    conv1d_input_grad,
    conv1d_weight_grad,
    conv2d,
    conv2d_bias_grad,
    conv2d_input_grad,
    conv2d_weight_grad,
    conv_transpose1d,
    conv_transpose1d_input_grad,
    conv_transpose1d_weight_grad,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
)
from einkorn.kernels.elementwise import (
    add_relu,
    bias_activation,
    dropout,
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
from einkorn.kernels.gemm import linear, linear_grad, matmul, matmul_engine
from einkorn.kernels.loss import (
    cross_entropy,
    cross_entropy_grad,
    log_softmax,
    log_softmax_grad,
    softmax,
    softmax_grad,
)
from einkorn.kernels.norm import batch_norm, batch_norm_grad
from einkorn.kernels.optim import adam_step_, adam_steps_, sgd_step_, sgd_steps_
from einkorn.kernels.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    avg_pool2d,
    avg_pool2d_grad,
    max_pool2d,
    max_pool2d_codes,
    max_pool2d_codes_grad,
    max_pool2d_grad,
    max_unpool2d,
    max_unpool2d_grad,
)
from einkorn.kernels.precision import get_precision, set_precision
from einkorn.kernels.recurrent import (
    gru,
    gru_cell,
    gru_cell_grad,
    gru_grad,
    lstm,
    lstm_cell,
    lstm_cell_grad,
    lstm_grad,
    rnn,
    rnn_cell,
    rnn_cell_grad,
    rnn_grad,
)
from einkorn.kernels.word2vec import word2vec_

__all__ = [
    "adadelta_steps_",
    "adagrad_steps_",
    "adam_step_",
    "adam_steps_",
    "adamax_steps_",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "add_relu",
    "algorithms",
    "asgd_steps_",
    "avg_pool2d",
    "avg_pool2d_grad",
    "batch_norm",
    "batch_norm_grad",
    "bias_activation",
    "col2im",
    "conv1d",
    "conv1d_input_grad",
    "conv1d_weight_grad",
    "conv2d",
    "conv2d_bias_grad",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv_transpose1d",
    "conv_transpose1d_input_grad",
    "conv_transpose1d_weight_grad",
    "conv_transpose2d",
    "conv_transpose2d_input_grad",
    "conv_transpose2d_weight_grad",
    "cross_entropy",
    "cross_entropy_grad",
    "dropout",
    "dropout_grad",
    "elu",
    "elu_grad",
    "empty_cache",
    "gelu",
    "gelu_grad",
    "get_include",
    "get_num_threads",
    "get_precision",
    "gru",
    "gru_cell",
    "gru_cell_grad",
    "gru_grad",
    "im2col",
    "isa",
    "isa_variants",
    "leaky_relu",
    "leaky_relu_grad",
    "linear",
    "linear_grad",
    "log_softmax",
    "log_softmax_grad",
    "lstm",
    "lstm_cell",
    "lstm_cell_grad",
    "lstm_grad",
    "matmul",
    "matmul_engine",
    "max_pool2d",
    "max_pool2d_codes",
    "max_pool2d_codes_grad",
    "max_pool2d_grad",
    "max_unpool2d",
    "max_unpool2d_grad",
    "memory_statistics",
    "nadam_steps_",
    "radam_steps_",
    "relu",
    "relu_grad",
    "rmsprop_steps_",
    "rnn",
    "rnn_cell",
    "rnn_cell_grad",
    "rnn_grad",
    "rprop_steps_",
    "set_cache_limit",
    "set_num_threads",
    "set_precision",
    "sgd_step_",
    "sgd_steps_",
    "show_config",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_grad",
    "tanh",
    "tanh_grad",
    "word2vec_",
]
