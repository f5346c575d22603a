"""Normalisation of each sample: layers, root mean square, groups of channels."""

from functools import partial

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = dict.fromkeys(("layer_norm", "rms_norm", "group_norm"), ("forward", "gradient"))
#: Given to both sides, whose defaults differ.
EPS = 1e-5


def size(shape):
    pixels = (shape.get("h"), shape.get("w")) if shape.kind == "group_norm" else ()
    return (shape.get("n"), shape.get("c"), *pixels)


def cost(shape, direction):
    arrays = {"forward": 2, "gradient": 3}[direction]
    return Cost(0, arrays * 4 * int(np.prod(size(shape))))


def build(shape):
    x, grad, weight, bias = random_arrays(size(shape), size(shape), *[(shape.get("c"),)] * 2)
    over = shape.get("groups") if shape.kind == "group_norm" else (shape.get("c"),)
    values = (weight,) if shape.kind == "rms_norm" else (weight, bias)
    forward = partial(getattr(kernels, shape.kind), eps=EPS)
    backward = getattr(kernels, f"{shape.kind}_grad")
    statistics = forward(x, over, *values)[1:]
    tensors = as_torch(x, *values)
    (tgrad,) = as_torch(grad)
    run = {"einkorn": lambda: forward(x, over, *values)[0]}
    run_grad = {"einkorn": lambda: backward(grad, x, over, weight, *statistics)[0]}
    if torch is not None:
        peer = partial(getattr(torch.nn.functional, shape.kind), eps=EPS)
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        output = peer(leaves[0], over, *leaves[1:])
        run["torch"] = lambda: peer(tensors[0], over, *tensors[1:])
        run_grad["torch"] = lambda: torch.autograd.grad(output, leaves, tgrad, retain_graph=True)[0]
    return {"forward": only_available(run), "gradient": only_available(run_grad)}
