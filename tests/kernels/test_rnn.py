"""The LSTM cell, forward and backward."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, lstm_cases
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")


def cell(shapes, dtype, seed=0):
    """x, h, c, w_ih, w_hh, b_ih and b_hh."""
    rng = np.random.default_rng(seed)
    return [(0.5 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]


def check(arrays, seed=0):
    """Compare the step and its gradients with the references."""
    results = kernels.lstm_cell(*arrays)
    expected = references.lstm_cell(*arrays)
    for ours, theirs, name in zip(results, expected, ("h_next", "c_next", "gates"), strict=True):
        assert_close(ours, theirs, what=name)
    x, h, c, w_ih, w_hh, *_ = arrays
    rng = np.random.default_rng(seed + 1)
    grad_h, grad_c = rng.standard_normal((2, *h.shape)).astype(h.dtype)
    _, c_next, gates = results
    saved = (grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh)
    names = ["gx", "gh", "gc", "gw_ih", "gw_hh", "gb"]
    for ours, theirs, name in zip(
        kernels.lstm_cell_grad(*saved), references.lstm_cell_grad(*saved), names, strict=True
    ):
        assert_close(ours, theirs, what=name)


@settings(max_examples=40)
@given(lstm_cases(), SEEDS)
def test_lstm_cell_equals_reference(dtype, case, seed):
    check(cell(case.shapes, dtype, seed), seed)


def shapes(batch, inputs, hidden):
    state, gates = (batch, hidden), 4 * hidden
    return (batch, inputs), state, state, (gates, inputs), (gates, hidden), (gates,), (gates,)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 128, 128), (32, 128, 96), (0, 3, 4), (2, 0, 3)])
def test_sizes(sizes, dtype):
    check(cell(shapes(*sizes), dtype))


@pytest.mark.parametrize("present", [(), (5,), (6,)])
def test_biases_are_optional_each(present, dtype):
    arrays = cell(shapes(3, 4, 5), dtype)
    biases = [arrays[i] if i in present else None for i in (5, 6)]
    actual = kernels.lstm_cell(*arrays[:5], *biases)
    for ours, theirs in zip(actual, references.lstm_cell(*arrays[:5], *biases), strict=True):
        assert_close(ours, theirs)


def test_saturated_gates(dtype):
    arrays = cell(shapes(3, 4, 5), dtype)
    arrays[5][:] = np.resize([1e4, -1e4], 20)
    results = kernels.lstm_cell(*arrays)
    for ours, theirs in zip(results, references.lstm_cell(*arrays), strict=True):
        assert_close(ours, theirs)


def test_gradients_by_central_differences():
    arrays = cell(shapes(2, 3, 2), np.float64)[:6]
    x, h, c, w_ih, w_hh, _ = arrays
    grad_h, grad_c = np.random.default_rng(1).standard_normal((2, 2, 2))
    _, c_next, gates = kernels.lstm_cell(*arrays)
    assert_gradients(
        lambda *arrays: np.stack(kernels.lstm_cell(*arrays)[:2]),
        arrays,
        np.stack([grad_h, grad_c]),
        kernels.lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh),
    )


def test_lstm_cell_equals_torch(dtype):
    torch = pytest.importorskip("torch")
    arrays = cell(shapes(7, 9, 11), dtype)
    x, h, c, *weights = (torch.tensor(array) for array in arrays)
    h_next, c_next = torch.lstm_cell(x, (h, c), *weights)
    ours = kernels.lstm_cell(*arrays)
    assert_close(ours[0], h_next.double().numpy())
    assert_close(ours[1], c_next.double().numpy())
