"""Settings of all tests."""

import signal

from hypothesis import settings

# The same examples in every run: a failure is then a change of the code. Timing is left to bench.
settings.register_profile("einkorn", derandomize=True, deadline=None)
settings.load_profile("einkorn")


def pytest_configure():
    """Hear Ctrl-C where a background job was started deaf to it; child processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
