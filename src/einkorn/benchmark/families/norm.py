"""Batch normalisation in training, alone and with ReLU after it."""

import math

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"batch_norm": ("forward", "gradient"), "batch_norm_relu": ("forward", "gradient")}


def cost(shape, direction):
    # The gradient of ReLU reads the result.
    arrays = {"forward": 2, "gradient": 4 if shape.kind == "batch_norm_relu" else 3}[direction]
    return Cost(0, arrays * 4 * math.prod(shape.get(key) for key in "nchw"))


def build(shape):
    return {"batch_norm": plain, "batch_norm_relu": rectified}[shape.kind](shape)


def rectified(shape):
    size = tuple(shape.get(key) for key in "nchw")
    x, grad, weight, bias = random_arrays(size, size, size[1:2], size[1:2])
    y, mean, inv_std = kernels.batch_norm_relu(x, weight, bias)
    parts = x, weight, mean, inv_std
    tx, tgrad, tweight, tbias, tmean, tinv_std, ty = as_torch(
        x, grad, weight, bias, mean, inv_std, y
    )

    def peer_forward():
        result = torch.native_batch_norm(tx, tweight, tbias, None, None, True, 0.1, 1e-5)[0]
        return torch.relu_(result)

    def peer_grad():
        through = torch.ops.aten.threshold_backward(tgrad, ty, 0)
        return torch.ops.aten.native_batch_norm_backward(
            *(through, tx, tweight, None, None, tmean, tinv_std, True, 1e-5, (True, True, True))
        )[0]

    return {
        "forward": only_available(
            {
                "einkorn": lambda: kernels.batch_norm_relu(x, weight, bias)[0],
                "torch": peer_forward,
            }
        ),
        "gradient": only_available(
            {
                "einkorn": lambda: kernels.batch_norm_relu_grad(grad, y, *parts)[0],
                "torch": peer_grad,
            }
        ),
    }


def plain(shape):
    size = tuple(shape.get(key) for key in "nchw")
    x, grad, weight, bias = random_arrays(size, size, size[1:2], size[1:2])
    _, mean, inv_std = kernels.batch_norm(x, weight, bias)
    tx, tgrad, tweight, tbias, tmean, tinv_std = as_torch(x, grad, weight, bias, mean, inv_std)

    def numpy_forward():
        axes, column = (0, 2, 3), (1, -1, 1, 1)
        scale = weight / np.sqrt(x.var(axis=axes) + np.float32(1e-5))
        shift = bias - x.mean(axis=axes) * scale
        return x * scale.reshape(column) + shift.reshape(column)

    def peer_grad():
        return torch.ops.aten.native_batch_norm_backward(
            *(tgrad, tx, tweight, None, None, tmean, tinv_std, True, 1e-5, (True, True, True))
        )[0]

    return {
        "forward": only_available(
            {
                "einkorn": lambda: kernels.batch_norm(x, weight, bias)[0],
                "numpy": numpy_forward,
                "torch": lambda: torch.native_batch_norm(
                    tx, tweight, tbias, None, None, True, 0.1, 1e-5
                )[0],
            }
        ),
        "gradient": only_available(
            {
                "einkorn": lambda: kernels.batch_norm_grad(grad, x, weight, mean, inv_std)[0],
                "torch": peer_grad,
            }
        ),
    }
