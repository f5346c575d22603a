"""Training steps and inference of whole networks; a case is named after its network."""

from einkorn.benchmark.networks import NETWORKS, networks

KINDS = dict.fromkeys(NETWORKS, ("train", "infer"))


def cost(shape, direction):
    return NETWORKS[shape.kind].cost(direction)


def build(shape):
    calls = networks(shape.kind)
    return {
        direction: {library: call[direction] for library, call in calls.items()}
        for direction in KINDS[shape.kind]
    }
