import numpy as np
import pytest

from einkorn import kernels
from einkorn.kernels import roof


def test_multiply_adds_are_done_and_counted(isa):
    flops, means = roof.fused_multiply_adds(3, 100)
    # From any start a ← a / 2 + 1 tends to 2: a chain that was skipped would show.
    np.testing.assert_array_equal(means, np.full(3, 2, np.float32))
    assert flops == 3 * roof.fused_multiply_adds(1, 100)[0]
    assert flops % (3 * 100 * 2) == 0


def test_few_repeats_are_not_rounded_up(isa):
    _, means = roof.fused_multiply_adds(1, 2)
    # Chain i starts at i: i / 4 + 1.5 on average over twelve.
    np.testing.assert_allclose(means, 5.5 / 4 + 1.5, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (33, 5), (70_001, 4)])
@pytest.mark.parametrize("streamed", [True, False])
def test_copy(isa, dtype, shape, streamed):
    x = np.asarray(np.random.default_rng(0).standard_normal(shape)).astype(dtype)
    y = roof.copy(x, streamed=streamed)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, x)


def test_copy_takes_any_layout():
    x = np.arange(24.0).reshape(4, 6)[::-1, ::2]
    np.testing.assert_array_equal(roof.copy(x), x)


@pytest.mark.parametrize("arguments", [(-1, 1), (1, -1)])
def test_negative_counts_are_refused(arguments):
    with pytest.raises(ValueError, match="expected"):
        roof.fused_multiply_adds(*arguments)


def test_count_of_operations_that_overflows_is_refused():
    with pytest.raises(ValueError, match="too large"):
        roof.fused_multiply_adds(1, 2**62)


def test_is_no_public_kernel():
    assert "fused_multiply_adds" not in kernels.__all__
    assert kernels.copy is not roof.copy
