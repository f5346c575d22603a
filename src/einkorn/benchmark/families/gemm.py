"""Matrix products, also of matrices of zeros and ones."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"matmul": ("product",), "binary_matmul": ("product",)}


def cost(shape, direction):
    m, n, k = (shape.get(key) for key in "mnk")
    batch = shape.get("batch", 1)
    return Cost(2 * batch * m * n * k, 4 * batch * (m * k + k * n + m * n))


def operand(array, transposed):
    """The factor, or several, of which memory holds the transposed matrix."""
    return array.swapaxes(-1, -2) if transposed else array


def build(shape):
    m, n, k = (shape.get(key) for key in "mnk")
    transpose_a, transpose_b = shape.get("ta", 0), shape.get("tb", 0)
    batch = shape.get("batch", 0)
    lead = (batch,) if batch else ()
    arrays = random_arrays(
        (*lead, *((k, m) if transpose_a else (m, k))), (*lead, *((n, k) if transpose_b else (k, n)))
    )
    a, b = map(operand, arrays, (transpose_a, transpose_b))
    binary = shape.kind == "binary_matmul"
    if binary:
        np.less(arrays[0], 0, out=arrays[0])
    ta, tb = map(operand, as_torch(*arrays), (transpose_a, transpose_b))
    return {
        "product": only_available(
            {
                "einkorn": lambda: kernels.binary_matmul(a, b) if binary else kernels.matmul(a, b),
                "numpy": lambda: np.matmul(a, b),
                "torch": lambda: torch.matmul(ta, tb),
            }
        )
    }
