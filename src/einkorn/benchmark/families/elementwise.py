"""Activations and softmax."""

import math
from collections.abc import Callable

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = dict.fromkeys(("relu", "leaky_relu", "sigmoid", "tanh", "softmax"), ("forward",))


def cost(shape, direction):
    return Cost(0, 2 * 4 * math.prod(shape.sizes.values()))


def numpy_softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


NUMPY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.01) * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softmax": numpy_softmax,
}


def build(shape):
    size = (shape.get("n"), shape.get("c")) if shape.kind == "softmax" else (shape.get("size"),)
    (x,) = random_arrays(size)
    (tx,) = as_torch(x)
    ours = getattr(kernels, shape.kind)

    def peer():
        if shape.kind == "softmax":
            return torch.softmax(tx, -1)
        return getattr(torch.nn.functional, shape.kind)(tx)

    return {
        "forward": only_available(
            {"einkorn": lambda: ours(x), "numpy": lambda: NUMPY[shape.kind](x), "torch": peer}
        )
    }
