"""Initialisers: distributions, gains, and one generator."""

import math

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import random
from einkorn.nn import init


def blank(*shape, dtype=np.float32):
    return nn.Parameter(np.full(shape, np.nan, dtype))


def assert_uniform(values, bound):
    """Assert U(-bound, bound) by range, mean and variance, to five standard errors."""
    assert np.abs(values).max() <= bound
    error = 5 / math.sqrt(values.size)
    assert abs(values.mean()) < error * bound
    assert abs(values.var() / (bound**2 / 3) - 1) < error


def assert_normal(values, std):
    error = 5 / math.sqrt(values.size)
    assert abs(values.mean()) < error * std
    assert abs(values.var() / std**2 - 1) < error * math.sqrt(2)
    assert abs((values**4).mean() / std**4 - 3) < error * math.sqrt(96)


def test_xavier():
    weight = blank(64, 32, 3, 5)
    fans = (32 + 64) * 15
    assert_uniform(init.xavier_uniform_(weight, gain=2.0).numpy(), 2 * math.sqrt(6 / fans))
    assert_normal(init.xavier_normal_(weight).numpy(), math.sqrt(2 / fans))


@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 32 * 15), ("fan_out", 64 * 15)])
def test_kaiming(mode, fan):
    weight = blank(64, 32, 3, 5)
    init.kaiming_uniform_(weight, a=1.0, mode=mode)
    assert_uniform(weight.numpy(), math.sqrt(3 / fan))
    init.kaiming_normal_(weight, mode=mode, nonlinearity="relu")
    assert_normal(weight.numpy(), math.sqrt(2 / fan))


def test_plain_distributions():
    weight = blank(200, 100)
    values = init.uniform_(weight, 2.0, 4.0).numpy()
    assert_uniform(values - 3.0, 1.0)
    assert_normal(init.normal_(weight, 5.0, 0.5).numpy() - 5.0, 0.5)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [(0.0, 1.0, -2.0, 2.0), (0.0, 0.02, -2.0, 2.0), (0.0, 1.0, 1.5, 9.0), (0.0, 1.0, -0.1, 0.1)],
)
def test_truncated_normal_has_the_distribution(mean, std, a, b):
    scipy_stats = pytest.importorskip("scipy.stats")
    values = init.trunc_normal_(blank(20_000), mean, std, a, b).numpy()
    assert values.min() >= a
    assert values.max() <= b
    expected = scipy_stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std)
    assert scipy_stats.kstest(values, expected.cdf).pvalue > 1e-4


def test_constants():
    assert (init.constant_(blank(2, 3), 7.0).numpy() == 7).all()
    assert (init.ones_(blank(2)).numpy() == 1).all()
    assert (init.zeros_(blank(2)).numpy() == 0).all()
    np.testing.assert_array_equal(init.eye_(blank(2, 3)).numpy(), np.eye(2, 3))


@pytest.mark.parametrize(("shape", "groups"), [((4, 4, 3), 1), ((6, 2, 3, 5), 3), ((2, 4, 1), 1)])
def test_dirac_matches_torch(shape, groups):
    torch = pytest.importorskip("torch")
    expected = torch.nn.init.dirac_(torch.empty(shape), groups).numpy()
    np.testing.assert_array_equal(init.dirac_(blank(*shape), groups).numpy(), expected)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 2, 3)])
def test_orthogonal(shape):
    matrix = init.orthogonal_(blank(*shape, dtype=np.float64), gain=2.0).numpy()
    matrix = matrix.reshape(shape[0], -1)
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_empty_tensors_are_filled():
    assert init.orthogonal_(blank(0, 3)).shape == (0, 3)
    assert init.kaiming_uniform_(blank(4, 0)).shape == (4, 0)


def test_sparse():
    values = init.sparse_(blank(10, 4), sparsity=0.25).numpy()
    np.testing.assert_array_equal((values == 0).sum(axis=0), [3, 3, 3, 3])


@pytest.mark.parametrize(
    ("name", "param"),
    [("linear", None), ("tanh", None), ("relu", None), ("leaky_relu", 0.3), ("selu", None)],
)
def test_gains_match_torch(name, param):
    torch = pytest.importorskip("torch")
    assert init.calculate_gain(name, param) == torch.nn.init.calculate_gain(name, param)


def test_the_default_generator_is_the_library_s():
    random.manual_seed(3)
    first = init.normal_(blank(5)).numpy().copy()
    random.manual_seed(3)
    np.testing.assert_array_equal(init.normal_(blank(5)).numpy(), first)


def test_a_generator_of_one_s_own():
    values = init.uniform_(blank(5), generator=np.random.default_rng(7)).numpy()
    expected = np.random.default_rng(7).uniform(size=5).astype(np.float32)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: init.calculate_gain("cubic"), "nonlinearity must be one of"),
        (lambda: init.calculate_gain("leaky_relu", "x"), "param must be the slope"),
        (lambda: init.xavier_uniform_(blank(3)), "at least two axes"),
        (lambda: init.orthogonal_(blank(3)), "at least two axes"),
        (lambda: init.kaiming_normal_(blank(3, 3), mode="fan"), "mode must be"),
        (lambda: init.eye_(blank(3)), "2-D"),
        (lambda: init.dirac_(blank(3, 3)), "3-, 4- or 5-D"),
        (lambda: init.dirac_(blank(4, 4, 3), groups=3), "groups must divide 4"),
        (lambda: init.sparse_(blank(3), 0.5), "2-D"),
        (lambda: init.trunc_normal_(blank(3), a=2.0, b=-2.0), "a must be below b"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
