"""What the kernel tests share."""

import numpy as np
import pytest

from einkorn.testing.isa import forced, variants


def pytest_itemcollected(item):
    """Tell apart the tests that visit the instruction sets themselves."""
    if "isa" in item.fixturenames:
        item.add_marker("isa")


# Module scope groups the tests by variant, and is what hypothesis wants of a fixture.
@pytest.fixture(scope="module", params=variants())
def isa(request):
    """Run the test under each instruction set of the machine, or the one of EINKORN_ISA."""
    with forced(request.param):
        yield request.param


@pytest.fixture(scope="module", params=["float32", "float64"])
def dtype(request):
    """Run the test in both precisions."""
    return np.dtype(request.param).type
