"""What happens around the training loop: progress, stopping early, checkpoints, schedules, logs."""

from __future__ import annotations

import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from einkorn.io import to_array

if TYPE_CHECKING:
    from einkorn.train.trainer import Trainer

__all__ = ["CSVLog", "Callback", "Checkpoint", "EarlyStopping", "Progress", "Schedule"]

_UNITS = ("epoch", "step")


class Callback:
    """Base of callbacks: methods that `Trainer.fit` calls; each does nothing by default.

    Attributes
    ----------
    order : int
        Callbacks of a lower order are called first; among equals the order of the list holds.
    """

    order = 0

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Act before the first epoch of a `fit`."""

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Act before the first batch of an epoch."""

    def on_step_end(self, trainer: Trainer) -> None:
        """Act after an optimiser step: parameters, ``trainer.batch``, ``trainer.steps`` are new."""

    def on_valid_begin(self, trainer: Trainer) -> None:
        """Act before the model is evaluated on data."""

    def on_valid_end(self, trainer: Trainer) -> None:
        """Act after that, also when it broke off."""

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Act after an epoch and its validation: ``trainer.history.rows[-1]`` is its row."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """Act after the last epoch, also after Ctrl-C (``trainer.interrupted``), not on errors."""

    def judged_weights(self) -> dict[str, Any]:
        """Give the weights that this callback puts in place of the model's for evaluation."""
        return {}

    def close(self) -> None:
        """Give back what is held; called at the very end of `fit`, on errors too."""

    def state_dict(self) -> dict[str, Any]:
        """Give what a checkpoint must hold of this callback."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to the state that `state_dict` gave."""


class Schedule(Callback):
    """Steps a learning-rate schedule.

    Parameters
    ----------
    scheduler : LRScheduler
        Of `einkorn.optim.lr_scheduler`.
    per : {"epoch", "step"}
        When it is stepped.
    monitor : str, optional
        The figure that is passed to the scheduler, for `ReduceLROnPlateau`.

    Raises
    ------
    ValueError
        `per` is unknown, or a figure is asked for where there is none, after a step.
    """

    def __init__(self, scheduler: Any, per: str = "epoch", monitor: str | None = None) -> None:
        _check_unit(per)
        if monitor is not None and per == "step":
            raise ValueError(f"monitor: {monitor!r} is known after an epoch, not after a step")
        self.scheduler = scheduler
        self.per = per
        self.monitor = monitor

    def on_step_end(self, trainer: Trainer) -> None:
        """Step the schedule, if it goes by steps."""
        if self.per == "step":
            self.scheduler.step()

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Step the schedule, if it goes by epochs."""
        if self.per == "epoch":
            given = () if self.monitor is None else (_figure(trainer, self.monitor),)
            self.scheduler.step(*given)

    def state_dict(self) -> dict[str, Any]:
        """Give the schedule's state."""
        return {"scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the schedule's state back."""
        self.scheduler.load_state_dict(state["scheduler"])


class EarlyStopping(Callback):
    """Ends training when a figure has stopped improving.

    Parameters
    ----------
    patience : int
        Epochs without improvement after which training ends.
    monitor : str
        The figure, a column of the history.
    mode : {"min", "max"}
        Whether it shall be small or large.
    min_delta : float
        Improvements up to this count as none.
    restore_best : bool
        At the end, unless interrupted, go back to the weights of the best epoch.

    Attributes
    ----------
    best : float
        The best figure so far.
    best_epoch : int
        Its epoch, counted from 1; 0 before the first.

    Raises
    ------
    ValueError
        An argument is out of range.
    """

    def __init__(
        self,
        patience: int = 5,
        *,
        monitor: str = "valid_loss",
        mode: str = "min",
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode: expected 'min' or 'max', got {mode!r}")
        if patience < 1 or min_delta < 0:
            raise ValueError(
                "patience, min_delta: expected at least 1 and at least 0, "
                f"got {patience} and {min_delta}"
            )
        self.patience = patience
        self.monitor = monitor
        self.mode = mode
        self.min_delta = min_delta
        self.restore_best = restore_best
        self.best = math.inf if mode == "min" else -math.inf
        self.best_epoch = 0
        self._waited = 0
        self._weights: dict[str, np.ndarray] = {}

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Keep a run that was stopped from going on when it is resumed."""
        trainer.stop_training |= self._waited >= self.patience

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Compare the epoch with the best one; stop when patience has run out."""
        value = _figure(trainer, self.monitor)
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.best_epoch, self._waited = value, trainer.epoch, 0
            if self.restore_best:
                weights = trainer.judged_weights()
                self._weights = {name: to_array(w).copy() for name, w in weights.items()}
        else:
            self._waited += 1
            trainer.stop_training |= self._waited >= self.patience

    def on_fit_end(self, trainer: Trainer) -> None:
        """Go back to the best weights."""
        if self._weights and not trainer.interrupted:
            trainer.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """Give the best figure and weights, and how long they have been the best."""
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "waited": self._waited,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the state of `state_dict` back."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self._waited, self._weights = state["waited"], state["weights"]


class Checkpoint(Callback):
    """Saves the trainer's state now and then, at the last epoch, and on Ctrl-C.

    Parameters
    ----------
    path : path-like
        The file; each checkpoint replaces the one before.
    every : int
        Epochs or steps from one checkpoint to the next.
    per : {"epoch", "step"}
        The unit of `every`.

    Raises
    ------
    ValueError
        `every` is not positive or `per` is unknown.
    """

    order = 1  # after all others: the file shall hold the state that they end up in

    def __init__(self, path: str | os.PathLike[str], every: int = 1, per: str = "epoch") -> None:
        _check_unit(per)
        if every < 1:
            raise ValueError(f"every: expected at least 1, got {every}")
        self.path = path
        self.every = every
        self.per = per

    def on_step_end(self, trainer: Trainer) -> None:
        """Save, if this step's turn has come."""
        if self.per == "step" and trainer.steps % self.every == 0:
            trainer.save_checkpoint(self.path)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Save, if this epoch's turn has come or it is the last."""
        last = trainer.epoch >= trainer.epochs or trainer.stop_training
        if last or (self.per == "epoch" and trainer.epoch % self.every == 0):
            trainer.save_checkpoint(self.path)

    def on_fit_end(self, trainer: Trainer) -> None:
        """Save an interrupted run."""
        if trainer.interrupted:
            trainer.save_checkpoint(self.path)


class CSVLog(Callback):
    """Writes the history to a CSV file after every epoch.

    The whole file is written anew, so a resumed run continues it without a seam.

    Parameters
    ----------
    path : path-like
        The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Write the file."""
        trainer.history.to_csv(self.path)


class Progress(Callback):
    """Shows a live bar for the epoch under way and a line for each one done.

    Where the output is not a terminal, or rich is not installed, only the lines are written.

    Parameters
    ----------
    file : text file, optional
        Where to write; standard error by default.
    """

    #: Seconds between two looks at the figures: drawing must not slow small steps down.
    interval = 0.1

    def __init__(self, file: TextIO | None = None) -> None:
        self.file = file
        self._bar: Any = None
        self._task: Any = None
        self._shown = 0.0

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Show an empty bar."""
        self._bar = _live_bar(self.file or sys.stderr)
        if self._bar is not None:
            self._task = self._bar.add_task("", total=trainer.batches, figures="")
            self._bar.start()
            self._show(trainer)

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Begin the bar anew."""
        if self._bar is not None:
            self._bar.reset(self._task, total=trainer.batches)
            self._show(trainer)

    def on_step_end(self, trainer: Trainer) -> None:
        """Move the bar on, but not too often."""
        if self._bar is not None and time.monotonic() - self._shown >= self.interval:
            self._show(trainer)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Write the line of the epoch."""
        line = _row_text(trainer.history.rows[-1], trainer.epochs)
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            print(line, file=self.file or sys.stderr, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self, trainer: Trainer) -> None:
        self._shown = time.monotonic()
        self._bar.update(
            self._task,
            description=f"epoch {min(trainer.epoch + 1, trainer.epochs)}/{trainer.epochs}",
            completed=trainer.batch,
            figures=_figures_text(trainer.running_means()),
        )


def _live_bar(file: TextIO) -> Any:
    """Give a bar of rich for a terminal, else None."""
    try:
        from rich import progress
        from rich.console import Console
    except ImportError:
        return None
    console = Console(file=file)
    if not console.is_terminal:
        return None
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[figures]}"),
        console=console,
        transient=True,
    )


def _row_text(row: dict[str, float], epochs: int) -> str:
    figures = {name: value for name, value in row.items() if name not in ("epoch", "seconds")}
    width = len(str(epochs))
    return (
        f"epoch {int(row['epoch']):{width}d}/{epochs}  {_figures_text(figures)}"
        f"  {row['seconds']:.1f} s"
    )


def _figures_text(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items())


def _figure(trainer: Trainer, name: str) -> float:
    row = trainer.history.rows[-1]
    if name not in row:
        raise ValueError(f"monitor: there is no figure {name!r}, only {list(row)}")
    return row[name]


def _check_unit(per: str) -> None:
    if per not in _UNITS:
        raise ValueError(f"per: expected one of {_UNITS}, got {per!r}")
