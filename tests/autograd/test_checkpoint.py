"""A checkpointed function has the gradients of the function, and keeps nothing between."""

import weakref

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.autograd import checkpoint, checkpoint_sequential, grad, gradcheck, gradgradcheck


def leaf(*shape):
    values = np.random.default_rng(0).standard_normal(shape)
    return ek.tensor(values, requires_grad=True)


def function(x):
    y = (x * x).sin()
    return y.exp() * x + y


def gradients(model, x, call):
    model.zero_grad()
    x.grad = None
    call(x).square().sum().backward()
    return [x.grad.numpy().copy(), *(p.grad.numpy().copy() for p in model.parameters())]


def test_gradients_of_arguments_and_parameters():
    ek.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Dropout(0.5), nn.Linear(7, 3))
    x = leaf(4, 5).to(np.float32).detach().requires_grad_()
    results = []
    for call in (
        model,
        lambda x: checkpoint(model, x),
        lambda x: checkpoint_sequential(model, 2, x),
    ):
        ek.manual_seed(1)
        results.append(gradients(model, x, call))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_first_and_second_derivatives():
    x = leaf(3)
    assert gradcheck(lambda x: checkpoint(function, x), (x,))
    assert gradgradcheck(lambda x: checkpoint(function, x), (x,))
    (ours,) = grad(checkpoint(function, x).sum(), x)
    (plain,) = grad(function(x).sum(), x)
    np.testing.assert_array_equal(ours, plain)


def test_nested():
    def outer(x):
        return checkpoint(function, checkpoint(function, x).tanh()) * 2

    def plain(x):
        return function(function(x).tanh()) * 2

    x = leaf(3)
    (ours,) = grad(checkpoint(outer, x).sum(), x)
    (expected,) = grad(plain(x).sum(), x)
    np.testing.assert_array_equal(ours, expected)


def test_inner_values_are_not_kept():
    inner = []

    def watched(x):
        y = x * 2
        inner.append(weakref.ref(y.numpy()))
        return (y * y).sum()

    x = leaf(10)
    loss = checkpoint(watched, x)
    assert inner[0]() is None
    assert len(inner) == 1
    loss.backward(retain_graph=True)
    assert len(inner) == 2
    loss.backward()
    np.testing.assert_allclose(x.grad, 2 * 8 * x.numpy())
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_only_the_inputs_that_are_asked_for():
    a, b = leaf(3), leaf(3)
    y = checkpoint(lambda a, b: (a * b).exp(), a, b)
    (ga,) = grad(y.sum(), a)
    np.testing.assert_allclose(ga, b.numpy() * np.exp(a.numpy() * b.numpy()))


def test_results_of_any_structure():
    x = leaf(3)
    results = checkpoint(lambda x: {"a": x * x, "b": (x.exp(), 5)}, x)
    (results["a"] + results["b"][0]).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * x.numpy() + np.exp(x.numpy()))
    assert results["b"][1] == 5


def test_a_function_that_changes_its_mind():
    calls = []

    def fickle(x):
        calls.append(1)
        return x.exp() if len(calls) == 1 else x.exp().sin()

    with pytest.raises(RuntimeError, match="fickle: recomputed from a checkpoint"):
        checkpoint(fickle, leaf(2)).sum().backward()


def test_bad_input():
    with pytest.raises(ValueError, match="use_reentrant: expected False, got True"):
        checkpoint(function, leaf(2), use_reentrant=True)
    with pytest.raises(ValueError, match="segments: expected a number from 1 to 2, got 3"):
        checkpoint_sequential([function, function], 3, leaf(2))
    with ek.no_grad():
        assert not checkpoint(function, leaf(2)).requires_grad
