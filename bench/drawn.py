"""Look for shapes that are slower than elsewhere: ``python -m bench.drawn --help``.

Draws shapes that no file names, odd channels and maps, batch 1, tiny and long-thin ones among them,
measures them beside the peers, and lists those that fall short. A seed draws the same shapes again.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from bench.compare import line_of
from einkorn import kernels
from einkorn.benchmark.alternate import Pace
from einkorn.benchmark.cases import FAMILIES, Case, Cost, Shape, family_module
from einkorn.benchmark.measure import measure
from einkorn.benchmark.results import Results, Row

#: A row this many times as fast as a peer, or less, falls short.
BOUND = 0.90
#: More than this takes too long to meet many shapes.
MOST = Cost(flops=1_500_000_000, bytes=50_000_000)

CHANNELS = (1, 2, 3, 5, 8, 10, 16, 17, 24, 32, 33, 48, 50, 64, 72, 96, 100, 128, 130, 192, 256, 384)
SIDES = (1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 14, 16, 20, 27, 28, 32, 37, 45, 56, 64, 75, 100, 112, 127)
BATCHES = (1, 1, 2, 3, 4, 8, 16, 32, 64)
LENGTHS = (
    *CHANNELS,
    4,
    20,
    31,
    37,
    65,
    84,
    120,
    200,
    300,
    333,
    400,
    512,
    700,
    784,
    1000,
    2048,
    4096,
)
ELEMENTS = (1, 10, 100, 1000, 5000, 20_000, 100_000, 300_000, 1_000_003, 3_000_000)

Sizes = dict[str, int]


def draw_image(source: random.Random) -> Sizes:
    """Batch, channels and a map, which is square more often than not."""
    height, width = source.choice(SIDES), source.choice(SIDES)
    square = source.random() < 0.6
    return {
        "n": source.choice(BATCHES),
        "c": source.choice(CHANNELS),
        "h": height,
        "w": height if square else width,
    }


def draw_conv2d(source: random.Random) -> Sizes:
    sizes = draw_image(source) | {"k": source.choice(CHANNELS)}
    sizes["kernel"] = kernel = source.choice((1, 1, 2, 3, 3, 3, 4, 5, 5, 7, 9, 11))
    sizes["stride"] = source.choice((1, 1, 1, 2, 2, 3, 4))
    sizes["padding"] = source.choice((0, kernel // 2, kernel // 2))
    sizes["dilation"] = source.choice((1, 1, 1, 1, 2, 3))
    kind = source.random()
    if kind < 0.12:
        sizes["groups"] = sizes["c"]
        sizes["k"] = sizes["c"] * source.choice((1, 1, 1, 2))
    elif kind < 0.2:
        groups = source.choice((2, 4, 8))
        sizes |= {"groups": groups, "c": sizes["c"] * groups, "k": sizes["k"] * groups}
    return sizes


def draw_conv_transpose2d(source: random.Random) -> Sizes:
    stride = source.choice((1, 2, 2, 2, 3))
    drawn = {"kernel": stride + source.choice((0, 1, 2, 2)), "stride": stride}
    return (
        draw_image(source)
        | {"k": source.choice(CHANNELS)}
        | drawn
        | {"padding": source.choice((0, 1))}
    )


def draw_pool(source: random.Random) -> Sizes:
    kernel = source.choice((2, 2, 3, 3, 5))
    sizes = draw_image(source) | {"kernel": kernel, "stride": source.choice((1, 2, 2, kernel))}
    return sizes | {"padding": source.choice((0, 0, 1))}


def draw_unpool(source: random.Random) -> Sizes:
    sizes = draw_image(source)
    return sizes | {"h": 2 * sizes["h"], "w": 2 * sizes["w"], "kernel": 2}


def draw_matmul(source: random.Random) -> Sizes:
    sizes = {name: source.choice(LENGTHS) for name in "mnk"}
    return sizes | {source.choice(("ta", "tb")): source.choice((0, 0, 1))}


def draw_recurrent(source: random.Random) -> Sizes:
    return {
        "t": source.choice((1, 5, 20, 50)),
        "b": source.choice((1, 2, 5, 16, 32, 64)),
        "i": source.choice((1, 8, 30, 64, 100, 128)),
        "h": source.choice((4, 20, 50, 64, 100, 128, 200)),
    }


def draw_elements(source: random.Random) -> Sizes:
    return {"size": source.choice(ELEMENTS)}


def draw_rows(source: random.Random) -> Sizes:
    return {"n": source.choice((1, 4, 32, 128, 1000, 8192)), "c": source.choice(LENGTHS)}


def draw_images_for_norm(source: random.Random) -> Sizes:
    return draw_image(source) | {"n": source.choice((1, 2, 8, 32))}


#: By family: the kinds it draws, and the sizes of one of them.
DRAWN: dict[str, tuple[tuple[str, ...], Callable[[random.Random], Sizes]]] = {
    "convolution": (("conv2d",), draw_conv2d),
    "transposed": (("conv_transpose2d",), draw_conv_transpose2d),
    "gemm": (("matmul",), draw_matmul),
    "pooling": (("max_pool2d", "avg_pool2d"), draw_pool),
    "unpooling": (("max_unpool2d",), draw_unpool),
    "rnn": (("lstm", "gru", "rnn"), draw_recurrent),
    "elementwise": (
        ("relu", "tanh", "sigmoid", "gelu", "leaky_relu", "add", "multiply"),
        draw_elements,
    ),
    "rows": (
        ("softmax", "layer_norm", "rms_norm", "sum_last", "sum_first", "sum_all", "cross_entropy"),
        draw_rows,
    ),
    "norm": (("batch_norm", "batch_norm_relu"), draw_images_for_norm),
}


def is_possible(shape: Shape) -> bool:
    """Whether the windows of a shape lie in its map, padding included."""
    padding, kernel = shape.get("padding", 0), shape.get("kernel", 1)
    if shape.kind == "conv_transpose2d":
        sides = [(shape.get(side) - 1) * shape.get("stride") + kernel for side in "hw"]
        return min(sides) > 2 * padding
    if shape.kind == "conv2d":
        reach = shape.get("dilation") * (kernel - 1) + 1
        return min(shape.get("h"), shape.get("w")) + 2 * padding >= reach
    fits = not {"h", "w"} <= shape.sizes.keys() or min(shape.get("h"), shape.get("w")) >= kernel
    return fits and 2 * padding <= kernel


def drawn_cases(group: str, source: random.Random) -> list[Case]:
    """All directions of one shape of a group in `DRAWN`."""
    kinds, draw = DRAWN[group]
    while True:
        shape = Shape("drawn", source.choice(kinds), draw(source))
        if not is_possible(shape):
            continue
        family = next(name for name in FAMILIES if shape.kind in family_module(name).KINDS)
        directions = family_module(family).KINDS[shape.kind]
        found = [Case(family, shape, direction) for direction in directions]
        if all(case.cost.flops <= MOST.flops and case.cost.bytes <= MOST.bytes for case in found):
            return found


def all_drawn(groups: Sequence[str], seed: int) -> Iterator[Case]:
    """Cases without end, the groups in turn."""
    source = random.Random(seed)
    while True:
        for group in groups:
            yield from drawn_cases(group, source)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.drawn", description=__doc__)
    add = parser.add_argument
    add("--family", action="append", choices=DRAWN, help="only these")
    add("--seed", type=int, default=0, help="of the shapes (default 0)")
    add("--seconds", type=float, default=60, help="draw no shape after this long (default 60)")
    add("--rounds", type=int, default=3, help="alternated rounds (default 3)")
    add("--threads", type=int, default=kernels.get_num_threads(), help="of every library")
    add("--below", type=float, default=BOUND, help=f"what falls short (default {BOUND})")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    results = Results()
    seen, short, wrong = 0, [], []

    def tell(case: Case, outcome: Row | str) -> None:
        nonlocal seen
        seen += 1
        line = line_of(case, outcome, results)
        if isinstance(outcome, str):
            wrong.append(line)
        elif any((outcome.ratio(peer) or 1) < options.below for peer in outcome.peers()):
            short.append(line)
        print(line, flush=True)

    cases = all_drawn(options.family or list(DRAWN), options.seed)
    deadline = time.monotonic() + options.seconds
    measure(cases, results, options.threads, Pace(options.rounds), deadline, tell)
    print(
        f"\n{len(short)} of {seen} under {options.below}, {len(wrong)} wrong",
        *wrong,
        *short,
        sep="\n",
    )
    return 1 if short or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
