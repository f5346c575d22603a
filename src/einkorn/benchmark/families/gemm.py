"""Matrix products."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"matmul": ("product",)}


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
