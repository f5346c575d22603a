"""Settings of all tests."""

import functools
import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

try:
    import fcntl
except ImportError:  # Windows has none: there tests that measure time are not kept apart
    fcntl = None

# The same examples in every run: a failure is then a change of the code. Timing is left to bench.
settings.register_profile("einkorn", derandomize=True, deadline=None)
settings.load_profile("einkorn")


def pytest_configure():
    """Hear Ctrl-C where a background job was started deaf to it; child processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@functools.cache
def locks():
    """Two files that the processes of pytest-xdist lock."""
    folder = Path(tempfile.gettempdir())
    run = os.environ["PYTEST_XDIST_TESTRUNUID"]
    return [open(folder / f"einkorn-{run}-{name}.lock", "w") for name in ("turn", "machine")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Keep the machine to a test marked `alone`, and share it among the others.

    A test waits with the turn in hand, so that those behind it cannot overtake it for ever.
    """
    if fcntl is None or "PYTEST_XDIST_TESTRUNUID" not in os.environ:
        return (yield)
    turn, machine = locks()
    is_alone = item.get_closest_marker("alone") is not None
    fcntl.flock(turn, fcntl.LOCK_EX)
    fcntl.flock(machine, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
    fcntl.flock(turn, fcntl.LOCK_UN)
    try:
        return (yield)
    finally:
        fcntl.flock(machine, fcntl.LOCK_UN)


def pytest_sessionfinish():
    """Leave no file behind."""
    for lock in locks() if locks.cache_info().currsize else ():
        lock.close()
        Path(lock.name).unlink(missing_ok=True)
