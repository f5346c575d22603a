"""All gradients or parameters at once, and sequences of unequal lengths (`rnn`)."""

from einkorn.nn.inference import fuse_conv_bn_eval, fuse_linear_bn_eval
from einkorn.nn.utils import rnn as rnn
from einkorn.nn.utils.parameters import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    max_norm_,
    parameters_to_vector,
    vector_to_parameters,
)

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "fuse_conv_bn_eval",
    "fuse_linear_bn_eval",
    "get_total_norm",
    "max_norm_",
    "parameters_to_vector",
    "vector_to_parameters",
]
