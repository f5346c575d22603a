"""All gradients or parameters at once, and parameters that are computed from others.

::

    parameters             clipping, limits, the vector of all parameters
    rnn                    sequences of unequal lengths
    parametrize            parameters as functions of others; parametrizations has the usual ones
    weight_norm, ...       the same by hooks, with the keys of older checkpoints
    prune                  parameters with a mask of zeros
    stateless              calls with other parameters
"""

from einkorn.nn.inference import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from einkorn.nn.utils import parametrizations as parametrizations
from einkorn.nn.utils import parametrize as parametrize
from einkorn.nn.utils import prune as prune
from einkorn.nn.utils import rnn as rnn
from einkorn.nn.utils import stateless as stateless
from einkorn.nn.utils.init import skip_init
from einkorn.nn.utils.parameters import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    max_norm_,
    parameters_to_vector,
    vector_to_parameters,
)
from einkorn.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from einkorn.nn.utils.weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "max_norm_",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "prune",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "skip_init",
    "spectral_norm",
    "stateless",
    "vector_to_parameters",
    "weight_norm",
]
