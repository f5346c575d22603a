"""Settings of all tests."""

from hypothesis import settings

# The same examples in every run: a failure is then a change of the code. Timing is left to bench.
settings.register_profile("einkorn", derandomize=True, deadline=None)
settings.load_profile("einkorn")
