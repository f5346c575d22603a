"""Dropped paths and connections: what is dropped together, their mean, their gradients."""

import numpy as np
import pytest

from einkorn import manual_seed, nn
from einkorn.autograd import as_tensor, gradcheck


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_rows_are_dropped_whole_and_scaled():
    manual_seed(0)
    x = normal(4000, 2, 3)
    y = nn.DropPath(0.25)(x).numpy()
    kept = np.any(y != 0, axis=(1, 2))
    np.testing.assert_allclose(y, np.where(kept, 1 / 0.75, 0)[:, None, None] * x, rtol=1e-12)
    # Within five standard deviations of the binomial distribution.
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 4000)


def test_a_batch_is_dropped_whole():
    manual_seed(0)
    layer, x = nn.DropPath(0.5, mode="batch"), normal(6, 2)
    kept = []
    for _ in range(40):
        y = layer(x).numpy()
        assert np.array_equal(y, 2 * x) or not y.any()
        kept.append(y.any())
    assert 0 < sum(kept) < 40


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_paths_at_the_ends_of_the_range_and_in_evaluation(mode):
    x = normal(5, 3)
    np.testing.assert_array_equal(nn.DropPath(0.0, mode)(x).numpy(), x)
    assert not nn.DropPath(1.0, mode)(x).numpy().any()
    np.testing.assert_array_equal(nn.DropPath(0.9, mode).eval()(x).numpy(), x)


def test_gradient_of_paths():
    def run(x):
        manual_seed(3)
        return nn.DropPath(0.5)(x)

    assert gradcheck(run, (as_tensor(normal(6, 2)).requires_grad_(),))


def connected(p=0.3, bias=True):
    manual_seed(0)
    return nn.DropConnect(4, 3, p, bias, dtype=np.float64)


@pytest.mark.parametrize("bias", [True, False])
def test_connections_in_evaluation_are_all_there(bias):
    layer, plain = connected(bias=bias).eval(), nn.Linear(4, 3, bias, dtype=np.float64)
    plain.load_state_dict(layer.state_dict())
    x = normal(5, 4)
    np.testing.assert_array_equal(layer(x).numpy(), plain(x).numpy())
    np.testing.assert_allclose(layer.train().moments(x)[0].numpy(), plain(x).numpy(), rtol=1e-12)


def test_connections_are_dropped_one_by_one_and_anew_for_each_example():
    layer = connected(0.5)
    layer.bias.numpy()[...] = 0
    # Of unit vectors the output shows single weights.
    y = layer(np.tile(np.eye(4), (50, 1, 1))).numpy()
    weight = np.broadcast_to(layer.weight.numpy().T, y.shape)
    dropped = y == 0
    np.testing.assert_allclose(y[~dropped], 2 * weight[~dropped], rtol=1e-12)
    patterns = {example.tobytes() for example in dropped}
    assert len(patterns) == 50
    assert abs(dropped.mean() - 0.5) < 5 * np.sqrt(0.25 / dropped.size)


def test_outputs_have_the_moments_that_the_paper_gives():
    layer, x = connected(), normal(1, 4)
    drawn = layer(np.repeat(x, 40_000, axis=0)).numpy()
    w, b = layer.weight.numpy(), layer.bias.numpy()
    mean, variance = (m.numpy()[0] for m in layer.moments(x))
    np.testing.assert_allclose(variance, 0.3 / 0.7 * (w**2 @ x[0] ** 2 + b**2), rtol=1e-12)
    np.testing.assert_allclose(drawn.mean(0), mean, atol=5 * np.sqrt(variance.max() / 40_000))
    np.testing.assert_allclose(drawn.var(0), variance, rtol=0.05)


@pytest.mark.parametrize("bias", [True, False])
def test_gradients_of_connections(bias):
    layer = connected(bias=bias)

    def run(x, *parameters):
        manual_seed(7)
        return layer(x)

    assert gradcheck(run, (as_tensor(normal(2, 3, 4)).requires_grad_(), *layer.parameters()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.DropPath(1.5), "p must be in .0, 1., got 1.5"),
        (lambda: nn.DropPath(0.5, mode="column"), "mode must be 'row' or 'batch', got 'column'"),
        (lambda: nn.DropConnect(2, 2, -0.1), "p must be in .0, 1., got -0.1"),
        (lambda: nn.DropConnect(2, 2)(normal(3, 5)), r"input must have 2 features, got \(3, 5\)"),
        (lambda: nn.DropConnect(2, 2, 1.0).moments(normal(3, 2)), "p must be less than 1"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
