"""Each kernel's share of the machine's limits: ``python -m bench.roofline --help``.

The multiply-add rate and the copy bandwidth are measured first; einkorn alone is timed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from einkorn import kernels
from einkorn.benchmark.alternate import Pace
from einkorn.benchmark.cases import FAMILIES, Case, cases, networks
from einkorn.benchmark.measure import measure
from einkorn.benchmark.report import draw_roofline
from einkorn.benchmark.results import Results, Row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.roofline", description=__doc__)
    add = parser.add_argument
    add("--family", action="append", choices=FAMILIES, help="only these families")
    add("--network", action="append", choices=networks(), help="only the shapes of these networks")
    add("--rounds", type=int, default=5, help="rounds (default 5)")
    add("--threads", type=int, default=kernels.get_num_threads())
    add("--out", type=Path, default=Path("roofline.png"), help="the picture (default %(default)s)")
    options = parser.parse_args(arguments)
    kernels.show_config()
    results = Results()

    def tell(case: Case, outcome: Row | str) -> None:
        assert isinstance(outcome, Row), outcome  # with nobody to differ from
        if len(results.rows) == 1:
            roof = results.roof_of(outcome)
            print(f"peak     {roof.flops / 1e9:.0f} GFLOP/s; copy {roof.bytes / 1e9:.0f} GB/s\n")
        shares = ["" if s is None else f"{s:.0%}" for s in results.shares_of(outcome)]
        print(f"{case!s:<88} {shares[0]:>5} of peak  {shares[1]:>5} of copy", flush=True)

    chosen = (case for case in cases(options.family, options.network) if any(case.cost))
    measure(chosen, results, options.threads, Pace(options.rounds, peers=False), tell=tell)
    draw_roofline(results, options.out)
    print(f"\n{options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
