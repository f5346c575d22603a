"""Print how much faster einkorn is than its peers: ``python -m bench.compare --help``."""

import argparse
import math
import os
import subprocess
import sys
from collections import defaultdict

from einkorn import kernels
from einkorn.benchmark.alternate import alternate, validate
from einkorn.benchmark.cases import FAMILIES, cases
from einkorn.benchmark.peers import is_pooled, torch, use_threads

POOLED = "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=8589934592"


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("--family", action="append", choices=FAMILIES, help="only these families")
    parser.add_argument("--network", action="append", help="only the shapes of these networks")
    parser.add_argument("--rounds", type=int, default=5, help="alternated rounds (default 5)")
    parser.add_argument("--threads", type=int, default=kernels.get_num_threads())
    parser.add_argument(
        "--pooled",
        action="store_true",
        help="spare the peers the faults of fresh pages (a child process with GLIBC_TUNABLES)",
    )
    return parser.parse_args(arguments)


def compare(options):
    """Time every case, print a line for each, and return the ratios by family and peer."""
    ratios = defaultdict(list)
    for case in cases(options.family, options.network):
        run = case.build()
        validate({name: function() for name, function in run.items()})
        seconds = alternate(run, options.rounds)
        ours = seconds.pop("einkorn")
        columns = [f"{peer} {theirs / ours:6.2f}x" for peer, theirs in sorted(seconds.items())]
        name = f"{case.shape.network:<10} {case!s:<88}"
        print(f"{name} {ours * 1e6:10.1f} us  {'  '.join(columns)}", flush=True)
        for peer, theirs in seconds.items():
            ratios[case.family, peer].append(theirs / ours)
    return ratios


def print_summary(ratios):
    print("\ngeometric mean of (peer's time / einkorn's time), and the least of its rows")
    for (family, peer), values in sorted(ratios.items()):
        mean = math.exp(sum(map(math.log, values)) / len(values))
        print(
            f"{family:<12} {peer:<6} {mean:6.2f}x  least {min(values):5.2f}x  ({len(values)} rows)"
        )


def main(arguments=None):
    """Run the comparison; the exit status is 0 whatever the ratios are."""
    options = parse(arguments)
    if options.pooled and not is_pooled():
        command = [sys.executable, "-m", "bench.compare", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | {"GLIBC_TUNABLES": POOLED}).returncode
    kernels.show_config()
    print(f"peers    numpy; {'torch ' + torch.__version__ if torch else 'torch is not installed'}")
    print(f"memory   {'pooled' if is_pooled() else 'stock'}; {options.threads} threads\n")
    use_threads(options.threads)
    print_summary(compare(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
