"""Sums over the first axis, the last, and both."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays

AXES: dict[str, tuple[int, ...]] = {"sum_first": (0,), "sum_last": (1,), "sum_all": (0, 1)}
KINDS = dict.fromkeys(AXES, ("forward",))


def cost(shape, direction):
    size = shape.get("n") * shape.get("c")
    return Cost(size, 4 * size)


def build(shape):
    (x,) = random_arrays((shape.get("n"), shape.get("c")))
    (tx,) = as_torch(x)
    axes = AXES[shape.kind]
    return {
        "forward": only_available(
            {
                "einkorn": lambda: kernels.sum(x, axes),
                "numpy": lambda: np.asarray(x.sum(axes)),
                "torch": lambda: tx.sum(axes),
            }
        )
    }
