"""The activations' references against PyTorch and central differences."""

import numpy as np
import pytest

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients

X = np.array([-800.0, -20.0, -2.0, -0.5, -1e-5, 1e-5, 0.3, 2.0, 20.0, 800.0])

#: Activation, its arguments after x, and whether its gradient takes the output.
ACTIVATIONS = [
    ("relu", (), True),
    ("sigmoid", (), True),
    ("tanh", (), True),
    ("leaky_relu", (0.2,), False),
    ("elu", (1.5,), False),
]


@pytest.mark.parametrize(("name", "arguments", "from_output"), ACTIVATIONS)
def test_activation_equals_torch(name, arguments, from_output):
    torch = pytest.importorskip("torch")
    special = np.concatenate([X, [0.0, -0.0, np.inf, -np.inf, np.nan]])
    namespace = torch if name in ("sigmoid", "tanh") else torch.nn.functional
    expected = getattr(namespace, name)(torch.tensor(special), *arguments)
    actual = getattr(references, name)(special, *arguments)
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("name", "arguments", "from_output"), ACTIVATIONS)
def test_activation_gradient(name, arguments, from_output):
    x = X[np.abs(X) >= 0.3][1:-1]  # Central differences straddle the kink at 0.
    function = getattr(references, name)
    grad = np.random.default_rng(0).standard_normal(x.shape)
    saved = function(x, *arguments) if from_output else x
    analytic = getattr(references, f"{name}_grad")(grad, saved, *arguments)
    assert_gradients(lambda x: function(x, *arguments), [x], grad, [analytic])


def test_dropout_grad_drops_all_at_one():
    grad = np.array([np.inf, 1.0])
    np.testing.assert_array_equal(references.dropout_grad(grad, np.zeros(2, bool), 1.0), 0.0)
