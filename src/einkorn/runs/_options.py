"""What all runs share: the common arguments, and the folder that a run writes to."""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import einkorn
from einkorn.io import atomic_path

__all__ = ["UsageError", "add_common_arguments", "begin", "check_packages", "count", "number"]

#: Where a run keeps the arguments that it was started with.
_RECORD = "options.json"

#: Arguments that may differ when a run is resumed, since they do not change its figures.
_FREE = frozenset(["command", "device", "out", "resume", "threads", "title"])


#: What the extra "run" installs, by the names of import.
_PACKAGES = ("matplotlib", "rich", "safetensors", "sklearn")


class UsageError(ValueError):
    """The arguments are well-formed, but cannot be used (exit code 2)."""


def add_common_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments that every run has."""
    parser.add_argument(
        "--epochs", type=count, metavar="N", help="passes over the data (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N",
        help="fixes everything random, to the bit (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=count, metavar="N",
        help="threads of the kernels; figures do not depend on it (default: all there are)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("runs", name), metavar="DIR",
        help="folder for everything written (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint in the folder"
    )
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], default="cpu", help="where to compute (default: cpu)"
    )


def begin(options: argparse.Namespace) -> Path:
    """Apply the common arguments and give the folder to write to, which now exists.

    Raises
    ------
    UsageError
        The device is not there, or there is nothing in the folder that these arguments resume.
    ImportError
        A package is missing that is needed now or, for the pictures, only after the training.
    """
    _check_device(options.device)
    check_packages(_PACKAGES)
    if options.threads is not None:
        einkorn.set_num_threads(options.threads)
    einkorn.manual_seed(options.seed)
    recipe = {key: _plain(value) for key, value in vars(options).items() if key not in _FREE}
    record = options.out / _RECORD
    if options.resume:
        _check_same_recipe(record, recipe)
        return options.out
    options.out.mkdir(parents=True, exist_ok=True)
    with atomic_path(record) as temporary:
        Path(temporary).write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")
    return options.out


def count(text: str) -> int:
    """Parse a positive whole number."""
    return _whole(text, least=1)


def number(text: str) -> float:
    """Parse a positive number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return value


def _seed(text: str) -> int:
    return _whole(text, least=0)


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} on, got {text!r}")
    return value


def _check_device(device: str) -> None:
    if device == "cuda":
        raise UsageError(
            "--device cuda: the CUDA kernels need CuPy, an NVIDIA GPU and its driver: "
            'pip install "einkorn[cuda]"'
        )


def check_packages(names: Iterable[str]) -> None:
    """Refuse to begin what would fail at its end.

    Raises
    ------
    ImportError
        If a package of the extra "run" is not installed.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(f'needs {", ".join(missing)}: pip install "einkorn[run]"')


def _check_same_recipe(record: Path, recipe: dict[str, Any]) -> None:
    try:
        started = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--resume: there is no run to go on with in {record.parent}") from None
    except ValueError as error:
        raise UsageError(f"--resume: {record} is damaged: {error}") from error
    if not isinstance(started, dict):
        raise UsageError(f"--resume: {record} is damaged: it holds no options")
    for key, value in recipe.items():
        if started.get(key) != value:
            raise UsageError(
                f"--resume: the run in {record.parent} was started with "
                f"--{key.replace('_', '-')} {started.get(key)}, not {value}"
            )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
