"""Capsules against the procedure of their paper, in loops of NumPy."""

import numpy as np
import pytest

from einkorn import manual_seed, nn
from einkorn.autograd import as_tensor, gradcheck


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def squash(s):
    length = np.linalg.norm(s)
    return length**2 / (1 + length**2) * s / length


def routed(u, weight, iterations):
    """Procedure 1 of the paper, for one example."""
    below, above = weight.shape[:2]
    votes = np.array([[weight[i, j] @ u[i] for j in range(above)] for i in range(below)])
    b = np.zeros((below, above))
    for _ in range(iterations):
        c = np.exp(b) / np.exp(b).sum(1, keepdims=True)
        v = [squash(sum(c[i, j] * votes[i, j] for i in range(below))) for j in range(above)]
        for i in range(below):
            for j in range(above):
                b[i, j] += votes[i, j] @ v[j]
    return np.array(v)


def capsules(iterations=3):
    manual_seed(0)
    return nn.Capsules(5, 3, 4, 2, iterations, dtype=np.float64)


@pytest.mark.parametrize("iterations", [1, 2, 3, 5])
def test_routing_is_the_papers(iterations):
    layer, u = capsules(iterations), normal(3, 5, 3)
    expected = [routed(example, layer.weight.numpy(), iterations) for example in u]
    np.testing.assert_allclose(layer(u).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("dim", [-1, 1])
def test_squashing(dim):
    x = normal(2, 3, 4)
    expected = np.apply_along_axis(squash, dim, x)
    np.testing.assert_allclose(nn.Squash(dim)(x).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_vectors_stay_and_have_gradients(dtype):
    x = as_tensor(np.zeros((2, 3), dtype)).requires_grad_()
    y = nn.Squash()(x)
    y.sum().backward()
    assert not y.detach().numpy().any()
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("iterations", [1, 3])
def test_gradients_of_capsules(iterations):
    layer = capsules(iterations)
    u = as_tensor(normal(2, 5, 3)).requires_grad_()
    assert gradcheck(lambda u, *_: layer(u), (u, layer.weight))


def margin(lengths, there):
    total = 0.0
    for length, t in zip(lengths, there, strict=True):
        total += t * max(0, 0.9 - length) ** 2 + 0.5 * (1 - t) * max(0, length - 0.1) ** 2
    return total


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("several", [False, True])
def test_margin_loss_is_the_papers(reduction, several):
    lengths = np.random.default_rng(0).random((6, 4))
    classes = np.array([0, 3, 1, 1, 2, 0])
    there = np.eye(4, dtype=int)[classes]
    if several:
        there[:, 2] = 1
    losses = [margin(*row) for row in zip(lengths, there, strict=True)]
    expected = {"mean": np.mean, "sum": np.sum, "none": np.array}[reduction](losses)
    loss = nn.CapsuleMarginLoss(reduction=reduction)(lengths, there if several else classes)
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-12)
    x = as_tensor(lengths).requires_grad_()
    target = there if several else classes
    assert gradcheck(lambda x: nn.CapsuleMarginLoss(reduction=reduction)(x, target), (x,))


def test_state_round_trip():
    first, second = capsules(), nn.Capsules(5, 3, 4, 2, dtype=np.float64)
    second.load_state_dict(first.state_dict())
    u = normal(3, 5, 3)
    np.testing.assert_array_equal(first(u).numpy(), second(u).numpy())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Capsules(5, 3, 4, 0), "out_features must be at least 1, got 0"),
        (lambda: nn.Capsules(5, 3, 4, 2, 0), "iterations must be at least 1, got 0"),
        (
            lambda: capsules()(normal(2, 3, 5)),
            r"input must have shape \(B, 5, 3\), got \(2, 3, 5\)",
        ),
        (lambda: nn.CapsuleMarginLoss(reduction="max"), "max"),
        (
            lambda: nn.CapsuleMarginLoss()(normal(2, 3), np.array([0, 1, 2])),
            r"input and target must have .*got \(2, 3\) and \(3,\)",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
