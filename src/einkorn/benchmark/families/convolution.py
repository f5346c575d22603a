"""Convolution and transposed convolution of images and volumes, forward and both gradients."""

import math
from functools import partial

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

DIRECTIONS = ("forward", "input gradient", "weight gradient")
TRANSPOSED = ("conv_transpose2d", "conv_transpose3d")
KINDS = dict.fromkeys(("conv2d", "conv3d", *TRANSPOSED), DIRECTIONS)
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1}


def group(shape):
    if shape.kind.endswith("3d"):
        return "volumes"
    if shape.kind in TRANSPOSED:
        return "transposed"
    if 1 < shape.get("groups", 1) == shape.get("c"):
        return "depthwise"
    plain = all(shape.get(key, 1) == 1 for key in ("stride", "dilation", "groups"))
    return "3x3" if plain and shape.get("kernel") == 3 else "other"


def cost(shape, direction):
    n, c, k, kernel = (shape.get(key) for key in ("n", "c", "k", "kernel"))
    sizes = sizes_of(shape)
    channels, taps, inputs = c // shape.get("groups", 1), kernel ** len(sizes), math.prod(sizes)
    outputs = math.prod(output_size(shape, size) for size in sizes)
    # Each input of a transposed convolution meets every tap, as each output of a plain one does.
    positions = inputs if shape.kind in TRANSPOSED else outputs
    flops = 2 * n * k * channels * taps * positions
    return Cost(flops, 4 * (n * c * inputs + k * channels * taps + n * k * outputs))


def sizes_of(shape):
    """Of the input, without batch and channels."""
    axes = ("d", "h", "w") if shape.kind.endswith("3d") else ("h", "w")
    return tuple(shape.get(axis) for axis in axes)


def output_size(shape, size):
    stride, padding, dilation = (shape.get(key, default) for key, default in DEFAULTS.items())
    reach = dilation * (shape.get("kernel") - 1)
    if shape.kind in TRANSPOSED:
        return (size - 1) * stride - 2 * padding + reach + 1
    return (size + 2 * padding - reach - 1) // stride + 1


def build(shape):
    x, weight, grad = arrays(shape)
    tx, tweight, tgrad = as_torch(x, weight, grad)
    options, groups = options_of(shape), shape.get("groups", 1)

    def peer_forward():
        return getattr(torch.nn.functional, shape.kind)(tx, tweight, groups=groups, **options)

    def peer_grad(*needs):
        axes = len(sizes_of(shape))
        moves = [(options[key],) * axes for key in ("stride", "padding", "dilation")]
        transposed = shape.kind in TRANSPOSED
        return torch.ops.aten.convolution_backward(
            *(tgrad, tx, tweight, None, *moves, transposed, (0,) * axes, groups, needs)
        )

    peers = {
        "forward": peer_forward,
        "input gradient": lambda: peer_grad(True, False, False)[0],
        "weight gradient": lambda: peer_grad(False, True, False)[1],
    }
    ours = {
        direction: partial(function, *given, groups=groups, **options)
        for direction, (function, given) in calls(shape, x, weight, grad).items()
    }
    return {
        direction: only_available({"einkorn": ours[direction], "torch": peers[direction]})
        for direction in DIRECTIONS
    }


def options_of(shape):
    return {key: shape.get(key, default) for key, default in DEFAULTS.items()}


def arrays(shape):
    """Input, weight and gradient of the output."""
    n, c, k, kernel = (shape.get(key) for key in ("n", "c", "k", "kernel"))
    groups, sizes = shape.get("groups", 1), sizes_of(shape)
    first, second = (c, k) if shape.kind in TRANSPOSED else (k, c)
    filters = (first, second // groups, *(kernel,) * len(sizes))
    outputs = (output_size(shape, size) for size in sizes)
    return random_arrays((n, c, *sizes), filters, (n, k, *outputs))


def calls(shape, x, weight, grad):
    """The kernel of each direction, and its positional arguments."""
    forward = getattr(kernels, shape.kind)
    input_grad = getattr(kernels, f"{shape.kind}_input_grad")
    weight_grad = getattr(kernels, f"{shape.kind}_weight_grad")
    # What the gradient of a transposed convolution has to be told follows from its gradient.
    input_shape = () if shape.kind in TRANSPOSED else (x.shape,)
    return {
        "forward": (forward, (x, weight)),
        "input gradient": (input_grad, (grad, weight, *input_shape)),
        "weight gradient": (weight_grad, (grad, x, weight.shape)),
    }
