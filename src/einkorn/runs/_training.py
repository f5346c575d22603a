"""What every run does around `Trainer.fit`: show progress, keep a history, save, go on."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from einkorn.train import Callback, Checkpoint, CSVLog, History, Progress, Trainer

__all__ = ["bookkeeping", "fit"]

_CHECKPOINT = "checkpoint.safetensors"


def bookkeeping(folder: Path) -> list[Callback]:
    """Give the callbacks of all runs, which write to `folder`; it is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Progress(), CSVLog(folder / "history.csv"), Checkpoint(folder / _CHECKPOINT)]


def fit(
    trainer: Trainer,
    options: argparse.Namespace,
    folder: Path,
    train: Iterable[Any],
    valid: Iterable[Any],
) -> History:
    """Train, from the checkpoint in `folder` on if ``--resume`` is given and there is one.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed; everything is saved.
    """
    checkpoint = folder / _CHECKPOINT
    if options.resume and checkpoint.exists():
        trainer.load_checkpoint(checkpoint)
    history = trainer.fit(train, valid, options.epochs)
    if history.interrupted:
        raise KeyboardInterrupt(f"all is saved in {options.out}; --resume goes on from here")
    return history
