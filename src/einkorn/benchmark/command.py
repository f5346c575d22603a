"""Measure this machine: ``einkorn bench``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from einkorn import kernels
from einkorn.benchmark.alternate import Pace
from einkorn.benchmark.cases import FAMILIES, ODD, Case, cases, cheapest, networks
from einkorn.benchmark.machine import describe
from einkorn.benchmark.report import write_report
from einkorn.benchmark.results import Results, Row
from einkorn.benchmark.summary import means
from einkorn.runs._options import UsageError, check_packages, count

__all__ = ["add_arguments", "main"]

QUICK = Pace(rounds=3, shortest=0.005)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add = parser.add_argument
    add("--family", action="append", choices=FAMILIES, help="only this family; may be repeated")
    add(
        "--threads", action="append", type=count, metavar="N",
        help="of every library; may be repeated (default: 1, and all there are)",
    )  # fmt: skip
    add(
        "--out", type=Path, default=Path("runs", "bench"), metavar="DIR",
        help="folder of the report (default: %(default)s)",
    )  # fmt: skip
    add("--quick", action="store_true", help="the cheapest shape of each kind, briefly")
    add("--resume", action="store_true", help="go on with the measurement in the folder")


def main(options: argparse.Namespace) -> None:
    """Measure, write the report, print its means.

    Raises
    ------
    ImportError
        A package of the extra "run" is missing.
    UsageError
        What is in the folder was measured elsewhere, or is damaged.
    KeyboardInterrupt
        Ctrl-C was pressed; the report is about what was measured before.
    """
    check_packages(["matplotlib", "rich"])
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "results.jsonl"
    if not options.resume:
        path.unlink(missing_ok=True)
    results = load(path)
    kernels.show_config()
    try:
        measure_all(results, chosen(options), options)
    except KeyboardInterrupt:
        if results.rows:
            raise KeyboardInterrupt(f"what was measured is in {finish(results, options)}") from None
        raise
    print(f"\nreport: {finish(results, options)}")


def load(path: Path) -> Results:
    """Give the results so far, which must be of this machine and these versions.

    Raises
    ------
    UsageError
        If they are not, or the file is damaged.
    """
    try:
        results = Results.load(path)
    except ValueError as error:
        raise UsageError(f"--resume: {error}") from error
    here = describe()
    for fact in ("processor", "versions") if results.machine else ():
        if results.machine.get(fact) != here[fact]:
            raise UsageError(
                f"--resume: {path} was measured with {fact} {results.machine.get(fact)}, "
                f"this is {here[fact]}"
            )
    return results


def chosen(options: argparse.Namespace) -> list[Case]:
    """Cases of the networks, without the odd shapes that guard development."""
    found = list(cases(options.family, [name for name in networks() if name != ODD]))
    return cheapest(found) if options.quick else found


def measure_all(results: Results, todo: list[Case], options: argparse.Namespace) -> None:
    """Measure with each number of threads; a bar shows the progress."""
    # Imports PyTorch where there is one, which takes longer than any other command.
    from einkorn.benchmark.measure import measure

    before = kernels.get_num_threads()
    pace = QUICK if options.quick else Pace()
    numbers = options.threads or sorted({1, before})
    try:
        with progress_bar(len(todo) * len(numbers)) as advance:
            for threads in numbers:
                measure(todo, results, threads, pace, tell=advance)
    finally:
        kernels.set_num_threads(before)


@contextmanager
def progress_bar(total: int) -> Iterator[Any]:
    """A function to call with each case and its outcome."""
    from rich import progress

    columns = (*progress.Progress.get_default_columns(), progress.MofNCompleteColumn())
    with progress.Progress(*columns) as bar:
        task = bar.add_task("", total=total)

        def advance(case: Case, outcome: Row | str) -> None:
            if isinstance(outcome, str):
                bar.console.print(f"{case}: wrong result: {outcome}", markup=False)
            bar.update(task, advance=1, description=str(case))

        yield advance


def finish(results: Results, options: argparse.Namespace) -> Path:
    """Print the means and write the report."""
    for mean in means(results.rows.values()):
        print(
            f"{mean.label:<52} {mean.threads:>2} threads  {mean.mean:6.2f}x {mean.peer} "
            f"(least {mean.least:.2f}x of {mean.rows})"
        )
    return write_report(results, options.out)
