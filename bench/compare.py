"""Measure einkorn beside its peers: ``python -m bench.compare --help``.

Without ``--targets`` it measures the chosen cases in this process's setting. With it, every setting
that ``bench/targets.toml`` asks for is measured, each in a child process of its own and one round
after the other over all cases, and every row of the table is printed with what was reached.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from bench.targets import Verdict, judge, read_targets
from einkorn import kernels
from einkorn.benchmark.alternate import Pace
from einkorn.benchmark.cases import FAMILIES, ODD, Case, cases, cheapest, networks
from einkorn.benchmark.measure import measure
from einkorn.benchmark.peers import READINGS, reading
from einkorn.benchmark.report import write_report
from einkorn.benchmark.results import Results, Row
from einkorn.benchmark.summary import means

#: Exit statuses: a result that differs, and a time limit that left cases unmeasured.
DIFFERS, UNFINISHED = 1, 75


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    add = parser.add_argument
    add("--family", action="append", choices=FAMILIES, help="only these families")
    add("--network", action="append", choices=networks(), help="only the shapes of these networks")
    add("--rounds", type=int, default=5, help="alternated rounds (default 5)")
    add("--threads", type=int, default=kernels.get_num_threads(), help="of every library")
    add("--reading", choices=READINGS, default="stock", help="how the peers are started")
    add("--pooled", action="store_const", dest="reading", const="pooled", help="--reading pooled")
    add("--isa", choices=kernels.isa_variants(), help="of einkorn (default: the best)")
    add("--quick", action="store_true", help="the cheapest case of each kind, briefly")
    add("--targets", action="store_true", help="all settings, then the table of targets")
    add("--results", type=Path, help="file of JSON lines to add to; what it holds is not repeated")
    add("--report", type=Path, help="with --targets: folder for a page about all of it")
    add("--seconds", type=float, default=float("inf"), help="begin no case after this long")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds = min(options.rounds, 3)
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.targets:
        return measure_all(options)
    environment = environment_of(options.reading, options.isa)
    if any(os.environ.get(key) != value for key, value in environment.items()):
        # Both are read when a process starts.
        command = [sys.executable, "-m", "bench.compare", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | environment).returncode
    results = Results.load(options.results) if options.results else Results()
    status = measure_here(options, results)
    print_means(row for row in results.rows.values() if row.threads == options.threads)
    return status


def environment_of(name: str, isa: str | None) -> dict[str, str]:
    return READINGS[name].environment | ({"EINKORN_ISA": isa} if isa else {})


def measure_here(options: argparse.Namespace, results: Results) -> int:
    kernels.show_config()
    print(f"peers    {reading()}; {options.threads} threads\n", flush=True)
    differ = []

    def tell(case: Case, outcome: Row | str) -> None:
        if isinstance(outcome, str):
            differ.append(case)
        print(line_of(case, outcome, results), flush=True)

    pace = Pace(options.rounds, 0.005 if options.quick else Pace.shortest)
    deadline = time.monotonic() + options.seconds
    whole = measure(chosen(options), results, options.threads, pace, deadline, tell)
    return DIFFERS if differ else 0 if whole else UNFINISHED


def chosen(options: argparse.Namespace) -> list[Case]:
    found = list(cases(options.family, options.network))
    return cheapest(found) if options.quick else found


def line_of(case: Case, outcome: Row | str, results: Results) -> str:
    name = f"{case.shape.network:<10} {case!s:<88}"
    if isinstance(outcome, str):
        return f"{name} WRONG: {outcome}"
    columns = [f"{peer} {outcome.ratio(peer):6.2f}x" for peer in outcome.peers()]
    for share, unit in zip(results.shares_of(outcome), ("peak", "copy"), strict=True):
        if share is not None:
            columns.append(f"{share:4.0%} of {unit}")
    return f"{name} {outcome.median() * 1e6:10.1f} us  {'  '.join(columns)}"


def print_means(rows: Iterator[Row]) -> None:
    print("\ngeometric mean of (peer's time / einkorn's time), and the least of its rows")
    for mean in means(rows):
        print(
            f"{mean.label:<52} {mean.peer:<8} {mean.reading:<9} {mean.threads} threads "
            f"{mean.mean:6.2f}x  least {mean.least:5.2f}x  ({mean.rows} rows)"
        )


def measure_all(options: argparse.Namespace) -> int:
    """Measure every setting, or what the time allows, and print what is reached so far.

    The rounds of a row lie minutes and a process apart: what disturbs the machine for a while, or
    an unlucky place of the arrays in memory, then spoils one of them and not the median.
    """
    if options.results is None:
        print("--targets needs --results FILE", file=sys.stderr)
        return 2
    deadline = time.monotonic() + options.seconds
    status = 0
    for rounds, setting in product(range(1, options.rounds + 1), settings(options)):
        left = deadline - time.monotonic()
        status = max(status, subprocess.run(command_of(options, setting, rounds, left)).returncode)
        if status == UNFINISHED:
            break
    results = Results.load(options.results)
    verdicts = list(judge(read_targets(), results))
    print_verdicts(verdicts)
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        print(write_report(results, options.report, table_of(verdicts)))
    return status


def settings(options: argparse.Namespace) -> Iterator[list[str]]:
    """Arguments of the child processes: one for each setting."""
    for threads in sorted({1, options.threads}, reverse=True):
        for name in READINGS if options.isa is None else ["stock"]:
            families, chosen_networks = options.family or [], options.network or []
            if name == "best-blas":
                if families and "gemm" not in families:
                    continue
                families = ["gemm"]
            if name != "stock" and not chosen_networks:
                # What is asked of odd shapes is asked of the stock reading alone.
                chosen_networks = [network for network in networks() if network != ODD]
            yield [
                *("--reading", name, "--threads", str(threads)),
                *(["--isa", options.isa] if options.isa else []),
                *(word for family in families for word in ("--family", family)),
                *(word for network in chosen_networks for word in ("--network", network)),
            ]


def command_of(
    options: argparse.Namespace, setting: list[str], rounds: int, seconds: float
) -> list[str]:
    command = [sys.executable, "-m", "bench.compare", *setting, "--seconds", str(seconds)]
    command += ["--results", str(options.results), "--rounds", str(rounds)]
    return command + (["--quick"] if options.quick else [])


def print_verdicts(verdicts: list[Verdict]) -> None:
    print(f"\n{'target':<56} {'by':<12} threads   wanted     mean    least (bound)  rows")
    for v in verdicts:
        name, criterion, threads, wanted, mean, least, rows, met = columns_of(v)
        print(
            f"{name:<56} {criterion:<12} {threads:>7} {wanted:>8} {mean:>8} {least:>15} "
            f"{rows:>5}  {met}"
        )


def table_of(verdicts: list[Verdict]) -> Iterator[str]:
    """The same in Markdown."""
    yield "\n## Targets\n"
    yield "| target | by | threads | wanted | mean | least (bound) | rows | |"
    yield "|---|---|--:|--:|--:|--:|--:|---|"
    for verdict in verdicts:
        yield f"| {' | '.join(columns_of(verdict))} |"


def columns_of(v: Verdict) -> tuple[str, ...]:
    unit = 1e6 if v.criterion == "most seconds" else 1.0
    return (
        *(v.target.name, "microseconds" if unit > 1 else v.criterion, str(v.threads)),
        f"{v.wanted * unit:.2f}" if v.wanted else "",
        f"{v.mean * unit:.2f}",
        f"{v.least * unit:.2f}" + (f" ({v.bound:.2f})" if v.bound else ""),
        *(str(v.rows), "met" if v.met else "not met"),
    )


if __name__ == "__main__":
    sys.exit(main())
