"""The table of calls: complete, and valid for the references."""

import numpy as np
import pytest

from einkorn.testing import references
from einkorn.testing.calls import CALLS, IN_PLACE


def test_every_reference_has_a_call():
    # The generator of dropout is the kernel's own, so it has no reference.
    assert set(CALLS) == {*references.__all__, "dropout"}


@pytest.mark.parametrize("name", references.__all__)
@pytest.mark.parametrize("seed", range(10))
def test_references_accept_the_calls(name, seed):
    arguments = CALLS[name](np.random.default_rng(seed), np.float64)
    result = getattr(references, name)(**arguments)
    assert (result is None) == (name in IN_PLACE)
    results = result if isinstance(result, tuple) else (result,)
    if name == "ctc_loss":
        # Logarithms, of 0 too.
        results = [np.exp(array) for array in results]
    assert name in IN_PLACE or all(np.isfinite(array).all() for array in results)


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_repeatable_and_of_one_dtype(name):
    first, second = (CALLS[name](np.random.default_rng(5), np.float32) for _ in range(2))
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])
        if isinstance(value, np.ndarray):
            assert value.dtype in (np.float32, np.int64, np.bool_), key
