"""The command line: ``einkorn run NAME``, ``einkorn list``, ``einkorn bench``, ``einkorn info``.

Exit codes: 0 done, 1 failed, 2 wrong arguments, 130 interrupted by Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import einkorn
from einkorn import runs
from einkorn.benchmark import command
from einkorn.io import WeightFileError
from einkorn.runs import _options

__all__ = ["main"]

FAILED, WRONG_ARGUMENTS, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the command's name; by default those of the process.

    Raises
    ------
    SystemExit
        After ``--help`` and ``--version`` (code 0) and for arguments that do not parse (code 2).
    """
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except KeyboardInterrupt as interrupt:
        print(f"interrupted{': ' if str(interrupt) else ''}{interrupt}", file=sys.stderr)
        return INTERRUPTED
    except _options.UsageError as error:
        print(f"{options.title}: error: {error}", file=sys.stderr)
        return WRONG_ARGUMENTS
    except (ImportError, OSError, WeightFileError) as error:
        print(f"{options.title}: error: {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="einkorn", description="Train networks on real data with the einkorn library."
    )
    parser.add_argument("--version", action="version", version=f"einkorn {einkorn.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_runs(commands.add_parser("run", help="train a network, print its figures, save it"))
    _add_command(commands.add_parser("list", help="name the runs"), _list)
    _add_bench(commands.add_parser("bench", help="measure this machine, write a report"))
    _add_command(commands.add_parser("info", help="tell versions and settings"), _info)
    return parser


def _add_runs(parser: argparse.ArgumentParser) -> None:
    choices = parser.add_subparsers(title="runs", metavar="NAME", required=True)
    for name in runs.names():
        run = runs.load(name)
        single = choices.add_parser(
            name,
            help=_summary(run),
            description=run.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _options.add_common_arguments(single, name)
        run.add_arguments(single)
        _add_command(single, run.main)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    command.add_arguments(parser)
    _add_command(parser, command.main)


def _add_command(parser: argparse.ArgumentParser, command: object) -> None:
    parser.set_defaults(command=command, title=parser.prog)


def _list(options: argparse.Namespace) -> None:
    names = runs.names()
    width = max(map(len, names))
    for name in names:
        print(f"{name:{width}}  {_summary(runs.load(name))}")


def _info(options: argparse.Namespace) -> None:
    einkorn.show_config()


def _summary(run: runs.Run) -> str:
    return (run.__doc__ or "").partition("\n")[0]
