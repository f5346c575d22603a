from __future__ import annotations

import os
import signal
import threading

import pytest

from einkorn.train.interrupt import Interrupt


def sigint() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_first_is_noted_second_raises_then_all_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt() as interrupt:
        assert not interrupt.requested
        sigint()
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            sigint()
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_and_ignored_signals_are_left_alone() -> None:
    seen = []

    def work() -> None:
        with Interrupt() as interrupt:
            seen.append(interrupt.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            sigint()
            assert not interrupt.requested
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
