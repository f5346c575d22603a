"""Activations and softmax."""

import importlib
import math
from collections.abc import Callable

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

ARITHMETIC = ("add", "multiply")
CHOICES = ("clamp", "where")
ACTIVATIONS = ("relu", "leaky_relu", "sigmoid", "tanh", "gelu", "erf", "softmax", "bias_relu")
KINDS = dict.fromkeys((*ACTIVATIONS, *ARITHMETIC, *CHOICES), ("forward",))


def cost(shape, direction):
    arrays = 3 if shape.kind in (*ARITHMETIC, "where") else 2
    return Cost(0, arrays * 4 * math.prod(shape.sizes.values()))


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
    x, bias = random_arrays(tuple(shape.sizes.values()), (shape.get("c", 1),))
    numpy = NUMPY.get(shape.kind)
    run: dict[str, Callable[[], object]] = {"numpy": lambda: numpy(x)} if numpy else {}
    tx, tbias = as_torch(x, bias)
    if shape.kind == "bias_relu":
        run["einkorn"] = lambda: kernels.bias_activation(x, bias, "relu")
        run["torch"] = lambda: torch.relu_(tx + tbias[:, None, None])
    elif shape.kind in ARITHMETIC:
        name = shape.kind
        (other,) = random_arrays(x.shape)
        (tother,) = as_torch(other)
        run["numpy"] = lambda: getattr(np, name)(x, other)
        run["einkorn"] = lambda: getattr(kernels, name)(x, other)
        run["torch"] = lambda: getattr(torch, name)(tx, tother)
    elif shape.kind == "clamp":
        run["einkorn"] = lambda: kernels.clamp(x, -0.5, 0.5)
        run["numpy"] = lambda: np.clip(x, -0.5, 0.5)
        run["torch"] = lambda: torch.clamp(tx, -0.5, 0.5)
    elif shape.kind == "where":
        condition, other = x > 0, -x
        tcondition, tother = as_torch(condition, other)
        run["einkorn"] = lambda: kernels.where(condition, x, other)
        run["numpy"] = lambda: np.where(condition, x, other)
        run["torch"] = lambda: torch.where(tcondition, tx, tother)
    elif shape.kind == "softmax":
        run["einkorn"] = lambda: kernels.softmax(x)
        run["torch"] = lambda: torch.softmax(tx, -1)
    else:
        ours = getattr(kernels, shape.kind)
        run["einkorn"] = lambda: ours(x)
        home = "torch" if shape.kind == "erf" else "torch.nn.functional"
        run["torch"] = lambda: getattr(importlib.import_module(home), shape.kind)(tx)
    return {"forward": only_available(run)}
