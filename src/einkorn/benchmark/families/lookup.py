"""Embedding: rows of a table, and the gradient of the table."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"embedding": ("forward", "gradient")}


def cost(shape, direction):
    found, table = (4 * shape.get(key) * shape.get("c") for key in "nm")
    return Cost(0, found + (found if direction == "forward" else table))


def build(shape):
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
