"""Matrix products."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"matmul": ("product",)}


def cost(shape, direction):
    m, n, k = (shape.get(key) for key in "mnk")
    return Cost(2 * m * n * k, 4 * (m * k + k * n + m * n))


def build(shape):
    m, n, k = (shape.get(key) for key in "mnk")
    a, b = random_arrays((m, k), (k, n))
    ta, tb = as_torch(a, b)
    return {
        "product": only_available(
            {
                "einkorn": lambda: kernels.matmul(a, b),
                "numpy": lambda: np.matmul(a, b),
                "torch": lambda: torch.matmul(ta, tb),
            }
        )
    }
