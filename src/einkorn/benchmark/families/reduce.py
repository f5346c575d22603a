"""Sums and extremes over the first axis, the last, and both."""

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays

AXES: dict[str, tuple[int, ...]] = {"first": (0,), "last": (1,), "all": (0, 1)}
NUMPY = {"amax": "max"}
KINDS = dict.fromkeys(
    [f"{name}_{part}" for name in ("sum", "amax", "argmax") for part in AXES], ("forward",)
)


def cost(shape, direction):
    size = shape.get("n") * shape.get("c")
    return Cost(size, 4 * size)


def build(shape):
    (x,) = random_arrays((shape.get("n"), shape.get("c")))
    (tx,) = as_torch(x)
    name, part = shape.kind.split("_")
    axes: tuple[int, ...] | int | None = AXES[part]
    if name == "argmax":
        axes = None if part == "all" else AXES[part][0]
    ours = getattr(kernels, name)
    return {
        "forward": only_available(
            {
                "einkorn": lambda: ours(x, axes),
                "numpy": lambda: np.asarray(getattr(x, NUMPY.get(name, name))(axes)),
                "torch": lambda: getattr(tx, name)(axes),
            }
        )
    }
