"""Hold the convolution planner against the clock: ``python -m bench.planner --help``.

For every shape of the suite and each direction, every algorithm that can run is timed; the line
shows what ``algorithm="auto"`` takes, the fastest, and how much longer the choice takes. The exit
status is 1 where the choice is more than 10 % behind on more than 5 % of the cases.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from einkorn import kernels
from einkorn.benchmark.alternate import Pace, alternate, seconds_of
from einkorn.benchmark.cases import Shape, cases, networks
from einkorn.benchmark.families.convolution import DEFAULTS
from einkorn.benchmark.peers import random_arrays

#: A choice this many times slower than the best counts as right, for this share of the cases.
CLOSE, WANTED = 1.10, 0.95
#: Algorithms that many times slower in their first call are not timed further.
HOPELESS = 2.5


@dataclass(frozen=True)
class Verdict:
    """What the planner took in one case, and the seconds of every algorithm worth timing."""

    choice: str
    seconds: dict[str, float]

    @property
    def best(self) -> str:
        """The fastest algorithm."""
        return min(self.seconds, key=self.seconds.__getitem__)

    @property
    def ratio(self) -> float:
        """How much longer the choice takes than the best."""
        return self.seconds[self.choice] / self.seconds[self.best]


def calls_of(shape: Shape) -> Iterator[tuple[str, tuple[object, ...], dict[str, int]]]:
    """Function, positional arguments and options of the three directions."""
    n, c, h, w, k, kernel = (shape.get(key) for key in ("n", "c", "h", "w", "k", "kernel"))
    groups = shape.get("groups", 1)
    options = {key: shape.get(key, default) for key, default in DEFAULTS.items()}
    options["groups"] = groups
    transposed = shape.kind == "conv_transpose2d"
    outer, inner = (c, k) if transposed else (k, c)
    x, weight = random_arrays((n, c, h, w), (outer, inner // groups, kernel, kernel))
    (grad,) = random_arrays(getattr(kernels, shape.kind)(x, weight, **options).shape)
    input_shape = () if transposed else (x.shape,)
    yield shape.kind, (x, weight), options
    yield f"{shape.kind}_input_grad", (grad, weight, *input_shape), options
    yield f"{shape.kind}_weight_grad", (grad, x, weight.shape), options


def judge(name: str, arguments: tuple[object, ...], options: dict[str, int], pace: Pace) -> Verdict:
    """Time every algorithm of one call."""
    shapes = [getattr(argument, "shape", argument) for argument in arguments]
    listing = kernels.algorithms(name, *shapes, **options)
    choice = listing.pop("auto")
    run: dict[str, Callable[[], object]] = {
        algorithm: partial(getattr(kernels, name), *arguments, algorithm=algorithm, **options)
        for algorithm in listing
    }
    for function in run.values():
        function()
    first = {algorithm: seconds_of(function) for algorithm, function in run.items()}
    limit = HOPELESS * min(first.values())
    run = {a: f for a, f in run.items() if first[a] <= limit or a == choice}
    return Verdict(choice, {a: median(times) for a, times in alternate(run, pace).items()})


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.planner", description=__doc__)
    add = parser.add_argument
    add("--network", action="append", choices=networks(), help="only the shapes of these networks")
    add("--rounds", type=int, default=3, help="alternated rounds (default 3)")
    add("--threads", type=int, default=kernels.get_num_threads())
    options = parser.parse_args(arguments)
    kernels.set_num_threads(options.threads)
    close = []
    for shape in dict.fromkeys(case.shape for case in cases(["convolution"], options.network)):
        for name, positional, keywords in calls_of(shape):
            verdict = judge(name, positional, keywords, Pace(options.rounds, 0.005))
            close.append(verdict.ratio <= CLOSE)
            direction = name.removeprefix(f"{shape.kind}_") if name != shape.kind else "forward"
            print(
                f"{f'{shape} {direction}':<88} {verdict.choice:<9} best {verdict.best:<9} "
                f"{verdict.ratio:5.2f}  "
                + "  ".join(f"{a} {s * 1e6:.0f}" for a, s in verdict.seconds.items()),
                flush=True,
            )
    share = sum(close) / len(close)
    print(f"\nwithin {CLOSE - 1:.0%} of the best in {share:.0%} of {len(close)} cases")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
