"""The softmax and cross-entropy references against SciPy, PyTorch and central differences."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, softmax_cases


@settings(max_examples=30)
@given(softmax_cases(), SEEDS)
def test_softmax_equals_scipy(case, seed):
    special = pytest.importorskip("scipy.special")
    x = 20 * np.random.default_rng(seed).standard_normal(case.shapes[0])
    if x.size == 0:
        assert references.softmax(x, **case.parameters).shape == x.shape
        return
    close = np.testing.assert_allclose
    close(references.softmax(x, **case.parameters), special.softmax(x, **case.parameters), 1e-12)
    expected = special.log_softmax(x, **case.parameters)
    close(references.log_softmax(x, **case.parameters), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_gradient(name, axis):
    rng = np.random.default_rng(1)
    x, grad = rng.standard_normal((2, 2, 3, 4))
    function = getattr(references, name)
    analytic = getattr(references, f"{name}_grad")(grad, function(x, axis), axis)
    assert_gradients(lambda x: function(x, axis), [x], grad, [analytic])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 2), (2, 3, 2, 4)])
def test_cross_entropy_equals_torch(reduction, weighted, shape):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    logits = 5 * rng.standard_normal(shape)
    target = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    target.flat[0] = 1
    parameters = {"ignore_index": 1, "reduction": reduction}
    weight = rng.random(shape[1]) if weighted else None
    x = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(
        x,
        torch.tensor(target),
        weight=None if weight is None else torch.tensor(weight),
        **parameters,
    )
    actual = references.cross_entropy(logits, target, weight=weight, **parameters)
    np.testing.assert_allclose(actual, loss.detach(), rtol=1e-12, atol=1e-12)

    grad = rng.standard_normal(loss.shape)
    loss.backward(torch.tensor(grad))
    actual = references.cross_entropy_grad(grad, logits, target, weight=weight, **parameters)
    np.testing.assert_allclose(actual, x.grad, rtol=1e-12, atol=1e-12)


def test_cross_entropy_of_nothing_is_nan():
    logits, target = np.zeros((2, 3)), np.full(2, -100)
    assert np.isnan(references.cross_entropy(logits, target))
    assert references.cross_entropy(logits, target, reduction="sum") == 0


def test_cross_entropy_gradient():
    rng = np.random.default_rng(3)
    logits, weight = rng.standard_normal((4, 3)), rng.random(3)
    target = np.array([0, 2, 2, -100])
    assert_gradients(
        lambda logits: references.cross_entropy(logits, target, weight=weight),
        [logits],
        np.array(1.5),
        [references.cross_entropy_grad(np.array(1.5), logits, target, weight=weight)],
    )
