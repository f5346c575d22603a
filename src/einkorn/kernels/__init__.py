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
from einkorn.kernels.activations import (
    elu,
    elu_grad,
    leaky_relu,
    leaky_relu_grad,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    tanh,
    tanh_grad,
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
from einkorn.kernels.arithmetic import add, divide, maximum, minimum, multiply, subtract
from einkorn.kernels.avg_pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_grad,
    avg_pool2d,
    avg_pool2d_grad,
)
from einkorn.kernels.bags import embedding_bag, embedding_bag_grad
from einkorn.kernels.binary import binary_matmul
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
from einkorn.kernels.conv3d import (
    conv3d,
    conv3d_input_grad,
    conv3d_weight_grad,
    conv_transpose3d,
    conv_transpose3d_input_grad,
    conv_transpose3d_weight_grad,
)
from einkorn.kernels.ctc import ctc_loss, ctc_loss_grad
from einkorn.kernels.epilogues import add_relu, bias_activation
from einkorn.kernels.error_function import erf, erfc, gelu, gelu_grad
from einkorn.kernels.extremes import amax, amin, argmax, argmin
from einkorn.kernels.gemm import linear, linear_grad, matmul, matmul_engine
from einkorn.kernels.irregular import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    fractional_max_pool2d,
    fractional_max_pool3d,
)
from einkorn.kernels.layout import copy
from einkorn.kernels.lookup import embedding, embedding_grad
from einkorn.kernels.loss import (
    cross_entropy,
    cross_entropy_grad,
    log_softmax,
    log_softmax_grad,
    softmax,
    softmax_grad,
)
from einkorn.kernels.max_pool import max_pool2d, max_pool2d_codes, max_pool2d_codes_grad
from einkorn.kernels.norm import (
    batch_norm,
    batch_norm_grad,
    batch_norm_relu,
    batch_norm_relu_grad,
)
from einkorn.kernels.optim import adam_step_, adam_steps_, sgd_step_, sgd_steps_
from einkorn.kernels.pool1d import (
    adaptive_avg_pool1d,
    adaptive_avg_pool1d_grad,
    avg_pool1d,
    avg_pool1d_grad,
    max_pool1d,
    max_pool1d_grad,
    max_unpool1d,
    max_unpool1d_grad,
)
from einkorn.kernels.pool3d import (
    adaptive_avg_pool3d,
    adaptive_avg_pool3d_grad,
    avg_pool3d,
    avg_pool3d_grad,
    max_pool3d,
    max_pool3d_grad,
    max_unpool3d,
    max_unpool3d_grad,
)
from einkorn.kernels.precision import get_precision, set_precision
from einkorn.kernels.recurrent import (
    gru,
    gru_grad,
    lstm,
    lstm_grad,
    rnn,
    rnn_grad,
)
from einkorn.kernels.recurrent_cells import (
    gru_cell,
    gru_cell_grad,
    lstm_cell,
    lstm_cell_grad,
    rnn_cell,
    rnn_cell_grad,
)
from einkorn.kernels.reduce import mean, sum
from einkorn.kernels.row_norm import (
    group_norm,
    group_norm_grad,
    layer_norm,
    layer_norm_grad,
    rms_norm,
    rms_norm_grad,
)
from einkorn.kernels.sampling import bernoulli, dropout, dropout_grad
from einkorn.kernels.selection import clamp, clamp_grad, where
from einkorn.kernels.unpool import max_pool2d_grad, max_unpool2d, max_unpool2d_grad
from einkorn.kernels.word2vec import word2vec_

__all__ = [
    "subtract",
    "multiply",
    "minimum",
    "maximum",
    "divide",
    "adadelta_steps_",
    "adagrad_steps_",
    "adam_step_",
    "adam_steps_",
    "adamax_steps_",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool1d_grad",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_grad",
    "adaptive_avg_pool3d",
    "adaptive_avg_pool3d_grad",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "add",
    "add_relu",
    "algorithms",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "asgd_steps_",
    "avg_pool1d",
    "avg_pool1d_grad",
    "avg_pool2d",
    "avg_pool2d_grad",
    "avg_pool3d",
    "avg_pool3d_grad",
    "batch_norm",
    "batch_norm_grad",
    "batch_norm_relu",
    "batch_norm_relu_grad",
    "bernoulli",
    "bias_activation",
    "binary_matmul",
    "clamp",
    "clamp_grad",
    "col2im",
    "conv1d",
    "conv1d_input_grad",
    "conv1d_weight_grad",
    "conv2d",
    "conv2d_bias_grad",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv3d",
    "conv3d_input_grad",
    "conv3d_weight_grad",
    "conv_transpose1d",
    "conv_transpose1d_input_grad",
    "conv_transpose1d_weight_grad",
    "conv_transpose2d",
    "conv_transpose2d_input_grad",
    "conv_transpose2d_weight_grad",
    "conv_transpose3d",
    "conv_transpose3d_input_grad",
    "conv_transpose3d_weight_grad",
    "copy",
    "cross_entropy",
    "cross_entropy_grad",
    "ctc_loss",
    "ctc_loss_grad",
    "dropout",
    "dropout_grad",
    "elu",
    "elu_grad",
    "embedding",
    "embedding_bag",
    "embedding_bag_grad",
    "embedding_grad",
    "empty_cache",
    "erf",
    "erfc",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "gelu",
    "gelu_grad",
    "get_include",
    "get_num_threads",
    "get_precision",
    "group_norm",
    "group_norm_grad",
    "gru",
    "gru_cell",
    "gru_cell_grad",
    "gru_grad",
    "im2col",
    "isa",
    "isa_variants",
    "layer_norm",
    "layer_norm_grad",
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
    "max_pool1d",
    "max_pool1d_grad",
    "max_pool2d",
    "max_pool2d_codes",
    "max_pool2d_codes_grad",
    "max_pool2d_grad",
    "max_pool3d",
    "max_pool3d_grad",
    "max_unpool1d",
    "max_unpool1d_grad",
    "max_unpool2d",
    "max_unpool2d_grad",
    "max_unpool3d",
    "max_unpool3d_grad",
    "mean",
    "memory_statistics",
    "nadam_steps_",
    "radam_steps_",
    "relu",
    "relu_grad",
    "rms_norm",
    "rms_norm_grad",
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
    "sum",
    "tanh",
    "tanh_grad",
    "where",
    "word2vec_",
]
