"""Maxout and highway layers against their formulas."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor, gradcheck


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("pieces", [1, 2, 3, 6])
@pytest.mark.parametrize(("shape", "dim"), [((4, 6), 1), ((2, 6, 3, 5), 1), ((3, 2, 6), -1)])
def test_maxout_takes_the_greatest_of_each_group(pieces, shape, dim):
    x = normal(*shape)
    parts = [np.take(x, range(s, 6, pieces), axis=dim) for s in range(pieces)]
    expected = np.maximum.reduce(parts)
    np.testing.assert_array_equal(nn.Maxout(pieces, dim)(x).numpy(), expected)


def test_maxout_of_two_affine_maps_is_the_absolute_value():
    linear = nn.Linear(1, 2, bias=False, dtype=np.float64)
    linear.load_state_dict({"weight": np.array([[1.0], [-1.0]])})
    x = normal(7, 1)
    np.testing.assert_array_equal(nn.Sequential(linear, nn.Maxout(2))(x).numpy(), abs(x))


def test_maxout_gives_the_gradient_to_the_first_of_equals():
    x = as_tensor(np.array([[1.0, 1.0, 0.0, 2.0]])).requires_grad_()
    nn.Maxout(2)(x).sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 0.0, 1.0]]


def test_highway_is_its_formula():
    layer = nn.Highway(5, nn.Tanh(), dtype=np.float64)
    x = normal(3, 5)
    state = {k: v.numpy() for k, v in layer.state_dict().items()}
    changed = np.tanh(x @ state["transform.weight"].T + state["transform.bias"])
    gate = 1 / (1 + np.exp(-(x @ state["gate.weight"].T + state["gate.bias"])))
    expected = gate * changed + (1 - gate) * x
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-12)


def test_highway_begins_by_carrying():
    layer = nn.Highway(4, gate_bias=-30.0, dtype=np.float64)
    x = normal(3, 4)
    np.testing.assert_allclose(layer(x).numpy(), x, atol=1e-10)
    layer.gate.bias.numpy()[...] = 0
    layer.reset_parameters()
    assert layer.gate.bias.tolist() == [-30.0] * 4


@pytest.mark.parametrize(
    ("make", "shape"),
    [(lambda: nn.Maxout(3), (2, 6, 2)), (lambda: nn.Highway(4, nn.Tanh()), (3, 4))],
    ids=["Maxout", "Highway"],
)
def test_gradients(make, shape):
    layer = make().double()
    x = as_tensor(normal(*shape)).requires_grad_()
    assert gradcheck(lambda x, *_: layer(x), (x, *layer.parameters()))


def test_state_round_trip():
    first, second = nn.Highway(3), nn.Highway(3)
    second.load_state_dict(first.state_dict())
    x = normal(2, 3)
    np.testing.assert_array_equal(first(x).numpy(), second(x).numpy())
    assert set(first.state_dict()) == {
        f"{part}.{name}" for part in ("transform", "gate") for name in ("weight", "bias")
    }


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Maxout(0), ValueError, "pieces must be at least 1, got 0"),
        (lambda: nn.Maxout(2)(normal(3, 5)), ValueError, r"a multiple of 2 features.*\(3, 5\)"),
        (lambda: nn.Maxout(2)(normal(4)), IndexError, "dim: expected an axis of the input"),
        (lambda: nn.Highway(0), ValueError, "features must be at least 1, got 0"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
