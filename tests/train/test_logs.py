from __future__ import annotations

import io
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from einkorn.train import LiveTable, TensorBoard


class Writer:
    """Records what would be written."""

    made: list[Writer] = []

    def __init__(self, folder: str, purge_step: int | None = None) -> None:
        self.folder, self.purge_step = folder, purge_step
        self.scalars: list[tuple[str, float, int]] = []
        self.closed = False
        self.made.append(self)

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.scalars.append((tag, value, step))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> list[Writer]:
    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    Writer.made = []
    return Writer.made


def test_figures_go_to_tensorboard(make, loader, valid, writers: list[Writer]) -> None:
    trainer = make(callbacks=(TensorBoard("folder", every=4),))
    history = trainer.fit(loader(), valid, epochs=2)
    (writer,) = writers
    assert writer.folder == "folder" and writer.purge_step is None and writer.closed
    found = {(tag, step): value for tag, value, step in writer.scalars}
    assert len(found) == len(writer.scalars) == 2 * 6 + 2
    assert {step for tag, step in found if tag == "steps/loss"} == {4, 8}
    for row in history.rows:
        epoch = row["epoch"]
        assert found["loss/train", epoch] == row["loss"]
        assert found["accuracy/valid", epoch] == row["valid_accuracy"]
        assert found["epoch/lr", epoch] == row["lr"]
    trainer.fit(loader(), valid, epochs=3)
    assert writers[1].purge_step == 3
    assert {step for _, _, step in writers[1].scalars} >= {3}


def test_files_are_closed_on_errors(make, writers: list[Writer]) -> None:
    with pytest.raises(ValueError, match="no batch"):
        make(callbacks=(TensorBoard("folder"),)).fit([], epochs=1)
    assert writers[0].closed


def test_event_files_are_real(make, loader, valid, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    make(callbacks=(TensorBoard(tmp_path / "log"),)).fit(loader(), valid, epochs=2)
    (path,) = (tmp_path / "log").iterdir()
    content = path.read_bytes()
    for tag in (b"loss/train", b"loss/valid", b"accuracy/valid", b"epoch/lr"):
        assert content.count(tag) == 2


def test_without_tensorboard(make, loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"einkorn\[tensorboard\]"):
        make(callbacks=(TensorBoard("folder"),)).fit(loader(), epochs=1)
    with pytest.raises(ValueError, match="every: expected at least 0, got -1"):
        TensorBoard("folder", every=-1)


def test_rows_are_written_where_there_is_no_terminal(make, loader, valid) -> None:
    out = io.StringIO()
    history = make(callbacks=(LiveTable(out),)).fit(loader(), valid, epochs=3)
    head, *lines = out.getvalue().splitlines()
    assert head.split() == history.columns
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert len({len(line) for line in (head, *lines)}) == 1
    for line, row in zip(lines, history.rows, strict=True):
        assert line.split()[1] == f"{row['loss']:.4g}"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_lives_on_a_terminal(make, loader, valid, monkeypatch: Any) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    out = Terminal()
    table = LiveTable(out, rows=2)
    table.interval = 0.0
    history = make(callbacks=(table,)).fit(loader(), valid, epochs=3)
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", out.getvalue())
    rows = re.findall(r"│ +(\d+) │ +([\d.e-]+) │ +[\d.e-]+ │ +([\d.e-]*)", text)
    # The first end, two more epochs of five steps and an end with two rows each, and the last look;
    # before the first validation there is no column for it.
    assert len(rows) == 1 + 2 * 6 + 2 * 6 + 2
    assert [row[0] for row in rows[-2:]] == ["2", "3"]
    assert rows[-1][1] == f"{history['loss'][-1]:.4g}"
    assert rows[-1][2] == f"{history['valid_loss'][-1]:.4g}"
    assert rows[2][0] == "2" and rows[2][2] == ""
    with pytest.raises(ValueError, match="rows: expected at least 1, got 0"):
        LiveTable(rows=0)
