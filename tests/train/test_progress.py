from __future__ import annotations

import io
import os
import re
import signal
import sys
from typing import Any

import pytest

from einkorn.train import Callback, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def term(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


LINE = re.compile(
    r"epoch +(\d)/3  loss [\d.e-]+  accuracy [\d.]+  valid_loss .* lr [\d.]+  \d+\.\d s"
)


def test_plain_lines_where_there_is_no_terminal(make, loader, valid) -> None:
    out = io.StringIO()
    make(callbacks=(Progress(out),)).fit(loader(), valid, epochs=3)
    lines = out.getvalue().splitlines()
    assert [LINE.fullmatch(line).group(1) for line in lines] == ["1", "2", "3"]


def test_standard_error_by_default(make, loader, valid, capsys: Any) -> None:
    make(callbacks=(Progress(),)).fit(loader(), valid, epochs=3)
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 3


def test_without_rich_the_lines_remain(make, loader, valid, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out = Terminal()
    make(callbacks=(Progress(out),)).fit(loader(), valid, epochs=3)
    assert len(out.getvalue().splitlines()) == 3


def test_a_bar_lives_on_a_terminal(make, loader, valid, term: Terminal) -> None:
    progress = Progress(term)
    progress.interval = 0.0
    make(callbacks=(progress,)).fit(loader(), valid, epochs=3)
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", term.getvalue())
    assert [m.group(1) for m in LINE.finditer(text)] == ["1", "2", "3"]
    assert re.search(r"epoch 1/3 .*━.* \d/5", text)
    assert term.getvalue().rstrip().endswith("\x1b[2K") or "\x1b[?25h" in term.getvalue()


@pytest.mark.parametrize("failure", ["interrupt", "error"])
def test_the_bar_is_closed_however_training_ends(
    make, loader, term: Terminal, failure: str
) -> None:
    class Failing(Callback):
        def on_step_end(self, trainer: Any) -> None:
            if failure == "error":
                raise RuntimeError
            os.kill(os.getpid(), signal.SIGINT)

    trainer = make(callbacks=(Progress(term), Failing()))
    trainer.callbacks = trainer.callbacks[-2:]
    if failure == "error":
        with pytest.raises(RuntimeError):
            trainer.fit(loader(), epochs=3)
    else:
        assert trainer.fit(loader(), epochs=3).interrupted
    assert "\x1b[?25h" in term.getvalue()  # the cursor is shown again
