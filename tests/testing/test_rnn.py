"""The LSTM references against PyTorch and central differences."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, lstm_cases


@settings(max_examples=20)
@given(lstm_cases(), SEEDS)
def test_lstm_cell_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    arrays = [0.5 * rng.standard_normal(shape) for shape in case.shapes]
    x, h, c, *weights = map(torch.tensor, arrays)
    h_next, c_next = torch.lstm_cell(x, (h, c), *weights)
    ours = references.lstm_cell(*arrays)
    np.testing.assert_allclose(ours[0], h_next, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours[1], c_next, rtol=1e-10, atol=1e-12)


def test_lstm_cell_gradient():
    rng = np.random.default_rng(1)
    shapes = (2, 3), (2, 2), (2, 2), (8, 3), (8, 2), (8,)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    x, h, c, w_ih, w_hh, bias = arrays
    grad_h, grad_c = rng.standard_normal((2, 2, 2))
    _, c_next, gates = references.lstm_cell(*arrays)
    assert_gradients(
        lambda *arrays: np.stack(references.lstm_cell(*arrays)[:2]),
        arrays,
        np.stack([grad_h, grad_c]),
        references.lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh),
    )
