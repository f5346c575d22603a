"""Convolution and transposed convolution, each forward and both gradients."""

import math

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

DIRECTIONS = ("forward", "input gradient", "weight gradient")
KINDS = dict.fromkeys(("conv2d", "conv_transpose2d"), DIRECTIONS)
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1}


def group(shape):
    if shape.kind == "conv_transpose2d":
        return "transposed"
    if 1 < shape.get("groups", 1) == shape.get("c"):
        return "depthwise"
    plain = all(shape.get(key, 1) == 1 for key in ("stride", "dilation", "groups"))
    return "3x3" if plain and shape.get("kernel") == 3 else "other"


def cost(shape, direction):
    n, c, h, w, k, kernel = (shape.get(key) for key in ("n", "c", "h", "w", "k", "kernel"))
    channels = c // shape.get("groups", 1)
    outputs = math.prod(output_size(shape, size) for size in (h, w))
    # Each input of a transposed convolution meets every tap, as each output of a plain one does.
    positions = h * w if shape.kind == "conv_transpose2d" else outputs
    flops = 2 * n * k * channels * kernel * kernel * positions
    arrays = n * c * h * w + k * channels * kernel * kernel + n * k * outputs
    return Cost(flops, 4 * arrays)


def output_size(shape, size):
    stride, padding, dilation = (shape.get(key, default) for key, default in DEFAULTS.items())
    reach = dilation * (shape.get("kernel") - 1)
    if shape.kind == "conv_transpose2d":
        return (size - 1) * stride - 2 * padding + reach + 1
    return (size + 2 * padding - reach - 1) // stride + 1


def build(shape):
    n, c, h, w, k, kernel = (shape.get(key) for key in ("n", "c", "h", "w", "k", "kernel"))
    transposed = shape.kind == "conv_transpose2d"
    groups = shape.get("groups", 1)
    options = {key: shape.get(key, default) for key, default in DEFAULTS.items()}
    weight_shape = (
        (c, k // groups, kernel, kernel) if transposed else (k, c // groups, kernel, kernel)
    )
    x, weight = random_arrays((n, c, h, w), weight_shape)
    forward = getattr(kernels, shape.kind)
    (grad,) = random_arrays(forward(x, weight, groups=groups, **options).shape)
    tx, tweight, tgrad = as_torch(x, weight, grad)
    input_grad, weight_grad = gradients(shape.kind, x, weight, grad, groups, options)

    def peer_grad(*needs):
        pair = {key: (value, value) for key, value in options.items()}
        return torch.ops.aten.convolution_backward(
            *(tgrad, tx, tweight, None, pair["stride"], pair["padding"], pair["dilation"]),
            *(transposed, (0, 0), groups, needs),
        )

    def peer_forward():
        return getattr(torch.nn.functional, shape.kind)(tx, tweight, groups=groups, **options)

    return {
        "forward": only_available(
            {
                "einkorn": lambda: forward(x, weight, groups=groups, **options),
                "torch": peer_forward,
            }
        ),
        "input gradient": only_available(
            {"einkorn": input_grad, "torch": lambda: peer_grad(True, False, False)[0]}
        ),
        "weight gradient": only_available(
            {"einkorn": weight_grad, "torch": lambda: peer_grad(False, True, False)[1]}
        ),
    }


def gradients(kind, x, weight, grad, groups, options):
    if kind == "conv2d":
        return (
            lambda: kernels.conv2d_input_grad(grad, weight, x.shape, groups=groups, **options),
            lambda: kernels.conv2d_weight_grad(grad, x, weight.shape, groups=groups, **options),
        )
    return (
        lambda: kernels.conv_transpose2d_input_grad(grad, weight, groups=groups, **options),
        lambda: kernels.conv_transpose2d_weight_grad(
            grad, x, weight.shape, groups=groups, **options
        ),
    )
