"""Whether ``algorithm="auto"`` takes the fastest: ``python -m bench.planner --help``.

Times every algorithm that accepts a convolution, in turns, and tells how far the planner is from
the best of them.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from functools import partial

from einkorn import kernels
from einkorn.benchmark.alternate import Pace, alternate, seconds_of
from einkorn.benchmark.cases import ODD, Case, cases, networks
from einkorn.benchmark.families import convolution
from einkorn.benchmark.peers import use_threads

#: The planner is to be this near the best, on this share of the cases.
NEAR, SHARE = 1.10, 0.95
#: An algorithm that many times slower than the best in its first call is not timed further.
HOPELESS = 2.5


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.planner", description=__doc__)
    suite = [name for name in networks() if name != ODD]
    parser.add_argument("--network", action="append", choices=networks(), help="only these shapes")
    parser.add_argument("--rounds", type=int, default=3, help="alternated rounds (default 3)")
    parser.add_argument("--threads", type=int, default=kernels.get_num_threads())
    options = parser.parse_args(arguments)
    use_threads(options.threads)
    distances = []
    for case in cases(["convolution"], options.network or suite):
        seconds, planned = compare_algorithms(case, Pace(options.rounds))
        best = min(seconds, key=seconds.__getitem__)
        distances.append(seconds[planned] / seconds[best])
        shown = "  ".join(f"{name} {s / seconds[best]:.2f}" for name, s in seconds.items())
        print(f"{case!s:<88} {distances[-1]:.2f}  auto: {planned:<10} of  {shown}", flush=True)
    near = statistics.mean(distance <= NEAR for distance in distances)
    print(
        f"\nwithin {NEAR:.2f} times the best on {near:.0%} of {len(distances)} (wanted {SHARE:.0%})"
    )
    return 0 if near >= SHARE else 1


def compare_algorithms(case: Case, pace: Pace) -> tuple[dict[str, float], str]:
    """Median seconds of each algorithm that is worth timing, and the name of the planner's."""
    shape = case.shape
    function, given = convolution.calls(shape, *convolution.arrays(shape))[case.direction]
    options = convolution.options_of(shape) | {"groups": shape.get("groups", 1)}
    shapes = [getattr(argument, "shape", argument) for argument in given]
    listing = kernels.algorithms(function.__name__, *shapes, **options)
    planned = listing.pop("auto")
    forced = {runs: name for name, runs in listing.items()}
    run = {
        runs: partial(function, *given, algorithm=name, **options) for runs, name in forced.items()
    }
    for function in run.values():
        function()
    first = {runs: seconds_of(function) for runs, function in run.items()}
    hopeful = HOPELESS * min(first.values())
    run = {runs: run[runs] for runs in run if first[runs] <= hopeful or runs == planned}
    seconds = alternate(run, pace)
    return {name: statistics.median(times) for name, times in seconds.items()}, planned


if __name__ == "__main__":
    sys.exit(main())
