"""What a training run measured: one row an epoch."""

from __future__ import annotations

import csv
import os
from typing import Any

from einkorn.io import atomic_path

__all__ = ["History"]

Row = dict[str, float]


class History:
    """The figures of each epoch, as `einkorn.train.Trainer.fit` returns them.

    Attributes
    ----------
    rows : list of dict
        For each epoch: ``epoch`` (from 1), ``loss`` and the metrics on training batches, the same
        with ``valid_`` before their names, ``lr`` and ``seconds``. Equal seeds give equal rows but
        for the seconds.
    interrupted : bool
        Whether Ctrl-C ended the run; the epoch then under way has no row.

    Examples
    --------
    >>> history = History([{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.5}])
    >>> history["loss"]
    [0.7, 0.5]
    >>> history.best("loss")
    {'epoch': 2, 'loss': 0.5}
    """

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows: list[Row] = rows if rows is not None else []
        self.interrupted = False

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        """Give one column; epochs without the figure are left out."""
        values = [row[column] for row in self.rows if column in row]
        if not values:
            raise KeyError(f"no column {column!r}; there are {self.columns}")
        return values

    def __repr__(self) -> str:
        last = f", last {self.rows[-1]}" if self.rows else ""
        return f"History({len(self)} epochs{last}{', interrupted' * self.interrupted})"

    @property
    def columns(self) -> list[str]:
        """The names of all figures, in order of first appearance."""
        return list(dict.fromkeys(column for row in self.rows for column in row))

    def best(self, column: str, mode: str = "min") -> Row:
        """Give the first row whose figure in `column` is smallest (or, "max", largest)."""
        if mode not in ("min", "max"):
            raise ValueError(f"mode: expected 'min' or 'max', got {mode!r}")
        wanted = min(self[column]) if mode == "min" else max(self[column])
        return next(row for row in self.rows if row.get(column) == wanted)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows under a line of column names, in full precision, atomically."""
        with atomic_path(path) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw a panel for the loss and each metric, training beside validation.

        Raises
        ------
        ImportError
            matplotlib is missing.
        """
        from einkorn.train.pictures import plot_history

        plot_history(self.rows, path)

    def state_dict(self) -> dict[str, Any]:
        """Give the rows, copied."""
        return {"rows": [dict(row) for row in self.rows]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the rows of `state` in place of the present ones."""
        self.rows[:] = [dict(row) for row in state["rows"]]
