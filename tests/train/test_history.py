from __future__ import annotations

import csv
from pathlib import Path

import pytest

from einkorn.train import History

ROWS = [
    {"epoch": 1, "loss": 0.1 + 0.2, "lr": 0.1, "seconds": 1.0},
    {"epoch": 2, "loss": 0.25, "valid_loss": 0.5, "lr": 0.1, "seconds": 1.5},
    {"epoch": 3, "loss": 0.125, "valid_loss": 0.5, "lr": 0.05, "seconds": 1.0},
]


def test_columns_and_best_rows() -> None:
    history = History([dict(row) for row in ROWS])
    assert len(history) == 3
    assert history.columns == ["epoch", "loss", "lr", "seconds", "valid_loss"]
    assert history["valid_loss"] == [0.5, 0.5]
    assert history.best("valid_loss")["epoch"] == 2
    assert history.best("loss", "max")["epoch"] == 1
    with pytest.raises(KeyError, match="no column 'accuracy'"):
        history["accuracy"]
    with pytest.raises(ValueError, match="mode: expected 'min' or 'max', got 'most'"):
        history.best("loss", "most")


def test_csv_keeps_full_precision(tmp_path: Path) -> None:
    History(ROWS).to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == [row["loss"] for row in ROWS]
    assert [row["valid_loss"] for row in rows] == ["", "0.5", "0.5"]


def test_state_is_a_copy() -> None:
    history = History([dict(row) for row in ROWS])
    state = history.state_dict()
    history.rows.pop()
    history.rows[0]["loss"] = 9
    other = History()
    other.load_state_dict(state)
    assert other.rows == ROWS


def test_repr_shows_length_and_interruption() -> None:
    history = History([dict(row) for row in ROWS])
    assert repr(history).startswith("History(3 epochs, last {'epoch': 3")
    history.interrupted = True
    assert repr(history).endswith("interrupted)")
    assert repr(History()) == "History(0 epochs)"
