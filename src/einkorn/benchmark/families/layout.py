"""Copies of transposed and permuted arrays."""

import math

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays

#: The sizes that a kind takes, in the order in which its source lies, and how they are permuted.
ORDERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "transpose": ("nc", (1, 0)),
    "to_channels_last": ("nchw", (0, 2, 3, 1)),
    "to_channels_first": ("nhwc", (0, 3, 1, 2)),
    "split_heads": ("bthc", (0, 2, 1, 3)),
}
KINDS = dict.fromkeys(ORDERS, ("forward",))


def cost(shape, direction):
    return Cost(0, 2 * 4 * math.prod(shape.sizes.values()))


def build(shape):
    keys, order = ORDERS[shape.kind]
    (source,) = random_arrays(tuple(shape.get(key) for key in keys))
    (tsource,) = as_torch(source)
    x = source.transpose(order)
    return {
        "forward": only_available(
            {
                "einkorn": lambda: kernels.copy(x),
                "numpy": lambda: x.copy(),
                "torch": lambda: tsource.permute(order).contiguous(),
            }
        )
    }
