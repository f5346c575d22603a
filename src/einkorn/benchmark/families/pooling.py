"""Max pooling with indices or with a byte a window, its gradient, unpooling, average pooling."""

import math

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {
    "max_pool2d": ("forward", "gradient"),
    "max_pool2d_codes": ("forward", "gradient"),
    "max_unpool2d": ("forward",),
    "avg_pool2d": ("forward",),
}


def cost(shape, direction):
    n, c, h, w = (shape.get(key) for key in "nchw")
    kernel, padding = shape.get("kernel"), shape.get("padding", 0)
    stride = shape.get("stride", kernel)
    large = n * c * h * w
    small = n * c * math.prod((size + 2 * padding - kernel) // stride + 1 for size in (h, w))
    index_bytes = {"avg_pool2d": 0, "max_pool2d_codes": 1}.get(shape.kind, 8)
    return Cost(0, 4 * large + (4 + index_bytes) * small)


def build(shape):
    builders = {
        "max_pool2d": max_pool,
        "max_pool2d_codes": max_pool,
        "max_unpool2d": max_unpool,
        "avg_pool2d": avg_pool,
    }
    return builders[shape.kind](shape)


def setting(shape):
    (x,) = random_arrays(tuple(shape.get(key) for key in "nchw"))
    kernel = shape.get("kernel")
    return x, kernel, {"stride": shape.get("stride", kernel), "padding": shape.get("padding", 0)}


def max_pool(shape):
    x, kernel, options = setting(shape)
    y, indices = kernels.max_pool2d(x, kernel, **options)
    codes = kernels.max_pool2d_codes(x, kernel, **options)[1]
    (grad,) = random_arrays(y.shape)
    ours = {
        "max_pool2d": (
            lambda: kernels.max_pool2d(x, kernel, **options)[0],
            lambda: kernels.max_pool2d_grad(grad, indices, x.shape),
        ),
        "max_pool2d_codes": (
            lambda: kernels.max_pool2d_codes(x, kernel, **options)[0],
            lambda: kernels.max_pool2d_codes_grad(grad, codes, x.shape, kernel, **options),
        ),
    }[shape.kind]
    tx, tgrad, tindices = as_torch(x, grad, indices)

    def peer_grad():
        pad, stride = options["padding"], options["stride"]
        return torch.ops.aten.max_pool2d_with_indices_backward(
            *(tgrad, tx, (kernel, kernel), (stride, stride), (pad, pad), (1, 1), False, tindices)
        )

    pool = torch and torch.nn.functional.max_pool2d
    return {
        "forward": only_available(
            {
                "einkorn": ours[0],
                "torch": lambda: pool(tx, kernel, return_indices=True, **options)[0],
            }
        ),
        "gradient": only_available(
            {
                "einkorn": ours[1],
                "torch": peer_grad,
            }
        ),
    }


def max_unpool(shape):
    x, kernel, options = setting(shape)
    y, indices = kernels.max_pool2d(x, kernel, **options)
    ty, tindices = as_torch(y, indices)
    size = x.shape[2:]
    return {
        "forward": only_available(
            {
                "einkorn": lambda: kernels.max_unpool2d(y, indices, size),
                "torch": lambda: torch.nn.functional.max_unpool2d(
                    ty, tindices, kernel, output_size=size, **options
                ),
            }
        )
    }


def avg_pool(shape):
    x, kernel, options = setting(shape)
    (tx,) = as_torch(x)
    run = {
        "einkorn": lambda: kernels.avg_pool2d(x, kernel, **options),
        "torch": lambda: torch.nn.functional.avg_pool2d(tx, kernel, **options),
    }
    tiles_fit = x.shape[2] % kernel == x.shape[3] % kernel == options["padding"] == 0
    if options["stride"] == kernel and tiles_fit:
        n, c, h, w = x.shape
        tiles = x.reshape(n, c, h // kernel, kernel, w // kernel, kernel)
        run["numpy"] = lambda: np.mean(tiles, axis=(3, 5))
    return {"forward": only_available(run)}
