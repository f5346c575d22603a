"""Embedding: rows of a table alone and in bags, and the gradient of the table."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {
    "embedding": ("forward", "gradient"),
    "embedding_bag": ("forward", "gradient"),
}


def cost(shape, direction):
    if shape.kind == "embedding_bag":
        rows, bags, table = (4 * shape.get(key) * shape.get("c") for key in "nbm")
        adds = shape.get("n") * shape.get("c")
        return Cost(adds, (rows if direction == "forward" else table) + bags)
    found, table = (4 * shape.get(key) * shape.get("c") for key in "nm")
    return Cost(0, found + (found if direction == "forward" else table))


def build(shape):
    return build_bag(shape) if shape.kind == "embedding_bag" else build_embedding(shape)


def build_bag(shape):
    rows, width, bags, count = (shape.get(key) for key in "mcbn")
    table, grad = random_arrays((rows, width), (bags, width))
    index = np.random.default_rng(0).integers(0, rows, count)
    offsets = np.arange(bags) * (count // bags)
    ttable, tgrad, tindex, toffsets = as_torch(table, grad, index, offsets)
    theirs = {}
    if torch is not None:
        _, bag_of, sizes, best = torch.ops.aten._embedding_bag(
            ttable, tindex, toffsets, False, 0, False, None, False, -1
        )
        theirs = {
            "forward": lambda: torch.nn.functional.embedding_bag(
                tindex, ttable, toffsets, mode="sum"
            ),
            "gradient": lambda: torch.ops.aten._embedding_bag_backward(
                tgrad, tindex, toffsets, bag_of, sizes, best, rows, False, 0, False, None, -1
            ),
        }
    ours = {
        "forward": lambda: kernels.embedding_bag(table, index, offsets, mode="sum"),
        "gradient": lambda: kernels.embedding_bag_grad(grad, index, offsets, rows, mode="sum"),
    }
    return {
        direction: only_available({"einkorn": run, "torch": theirs.get(direction)})
        for direction, run in ours.items()
    }


def build_embedding(shape):
    rows, width, count = shape.get("m"), shape.get("c"), shape.get("n")
    table, grad = random_arrays((rows, width), (count, width))
    index = np.random.default_rng(0).integers(0, rows, count)
    ttable, tgrad, tindex = as_torch(table, grad, index)

    def numpy_grad():
        result = np.zeros_like(table)
        np.add.at(result, index, grad)
        return result

    return {
        "forward": only_available(
            {
                "einkorn": lambda: kernels.embedding(table, index),
                "numpy": lambda: table[index],
                "torch": lambda: torch.nn.functional.embedding(tindex, ttable),
            }
        ),
        "gradient": only_available(
            {
                "einkorn": lambda: kernels.embedding_grad(grad, index, rows),
                "numpy": numpy_grad,
                "torch": lambda: torch.ops.aten.embedding_dense_backward(
                    tgrad, tindex, rows, -1, False
                ),
            }
        ),
    }
