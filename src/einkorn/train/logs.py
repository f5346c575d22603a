"""Logs beside the progress bar: a table that grows by the epoch, and TensorBoard's event files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from einkorn.train.callbacks import Callback

if TYPE_CHECKING:
    from einkorn.train.trainer import Trainer

__all__ = ["LiveTable", "TensorBoard"]

_WIDTH = 10


class TensorBoard(Callback):
    """Writes the figures of every epoch, and the loss of steps if asked, for TensorBoard.

    Figures of validation stand in one chart with those of training: ``loss/train`` and
    ``loss/valid``. A resumed run goes on in the same folder: what lies beyond the place it resumes
    from is marked as outdated.

    Parameters
    ----------
    folder : path-like
        Where the event files go.
    every : int
        Steps between two records of the running loss, as ``steps/loss``; 0 for none.

    Raises
    ------
    ValueError
        `every` is negative.
    ImportError
        When training begins: tensorboardX is missing.

    Examples
    --------
    >>> log = TensorBoard("runs/lenet", every=100)
    >>> log.every
    100
    """

    def __init__(self, folder: str | os.PathLike[str], every: int = 0) -> None:
        if every < 0:
            raise ValueError(f"every: expected at least 0, got {every}")
        self.folder = folder
        self.every = every
        self._writer: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Open an event file."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError(
                'TensorBoard needs tensorboardX: pip install "einkorn[tensorboard]"'
            ) from error
        resumed = trainer.epoch + 1 if trainer.epoch else None
        self._writer = SummaryWriter(os.fspath(self.folder), purge_step=resumed)

    def on_step_end(self, trainer: Trainer) -> None:
        """Record the running loss, if this step's turn has come."""
        if self.every and trainer.steps % self.every == 0:
            self._writer.add_scalar("steps/loss", trainer.running_means()["loss"], trainer.steps)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Record the figures of the epoch."""
        for name, value in trainer.history.rows[-1].items():
            if name != "epoch":
                self._writer.add_scalar(_tag(name), value, trainer.epoch)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _tag(name: str) -> str:
    if name in ("lr", "seconds"):
        return f"epoch/{name}"
    if name.startswith("valid_"):
        return f"{name.removeprefix('valid_')}/valid"
    return f"{name}/train"


class LiveTable(Callback):
    """Shows a table with a row for every epoch; the last row follows the epoch under way.

    Where the output is not a terminal, or rich is not installed, each row is written when its epoch
    is done.

    Parameters
    ----------
    file : text file, optional
        Where to write; standard error by default.
    rows : int
        Most epochs shown at once on a terminal; the latest stay.

    Raises
    ------
    ValueError
        `rows` is not positive.

    Examples
    --------
    >>> import sys
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> from einkorn.train import Trainer
    >>> model = nn.Linear(1, 1)
    >>> sgd = optim.SGD(model.parameters(), lr=0.1)
    >>> table = LiveTable(sys.stdout)
    >>> trainer = Trainer(model, nn.functional.mse_loss, sgd, callbacks=[table])
    >>> x = np.ones((4, 1), np.float32)
    >>> _ = trainer.fit([(x, x)], epochs=1)  # doctest: +ELLIPSIS
         epoch       loss         lr    seconds
             1 ...
    """

    #: Seconds between two looks at the figures: drawing must not slow small steps down.
    interval = 0.25

    def __init__(self, file: TextIO | None = None, rows: int = 20) -> None:
        if rows < 1:
            raise ValueError(f"rows: expected at least 1, got {rows}")
        self.file = file
        self.rows = rows
        self._live: Any = None
        self._shown = 0.0
        self._columns: list[str] = []

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Show the epochs so far."""
        self._columns = []
        self._live = _live(self.file or sys.stderr)
        if self._live is not None:
            self._live.start()
            self._show(trainer, {})

    def on_step_end(self, trainer: Trainer) -> None:
        """Bring the last row up to date, but not too often."""
        if self._live is not None and time.monotonic() - self._shown >= self.interval:
            self._show(trainer, {"epoch": trainer.epoch + 1, **trainer.running_means()})

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Complete the row of the epoch."""
        if self._live is not None:
            self._show(trainer, {})
            return
        row = trainer.history.rows[-1]
        lines = [_cells(row, trainer.history.columns)]
        if trainer.history.columns != self._columns:
            self._columns = trainer.history.columns
            lines.insert(0, self._columns)
        for cells in lines:
            text = " ".join(cell.rjust(max(_WIDTH, len(name)))
                            for cell, name in zip(cells, self._columns, strict=True))  # fmt: skip
            print(text, file=self.file or sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the table as it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show(self, trainer: Trainer, running: Mapping[str, float]) -> None:
        from rich.table import Table

        self._shown = time.monotonic()
        rows = [*trainer.history.rows, *([running] if running else [])]
        columns = list(dict.fromkeys([*trainer.history.columns, *running]))
        table = Table()
        for name in columns:
            table.add_column(name, justify="right")
        for row in rows[-self.rows :]:
            table.add_row(*_cells(row, columns))
        self._live.update(table, refresh=True)


def _cells(row: Mapping[str, float], columns: list[str]) -> list[str]:
    shown = {name: f"{value:.4g}" for name, value in row.items()}
    if "epoch" in row:
        shown["epoch"] = str(int(row["epoch"]))
    return [shown.get(name, "") for name in columns]


def _live(file: TextIO) -> Any:
    """Give a live display of rich for a terminal, else None."""
    try:
        from rich.console import Console
        from rich.live import Live
    except ImportError:
        return None
    console = Console(file=file)
    return Live(console=console, auto_refresh=False) if console.is_terminal else None
