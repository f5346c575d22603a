"""Lists and dictionaries of parameters."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor


def test_list_registers_and_orders():
    weights = nn.ParameterList([np.zeros(1), np.ones(2)])
    weights.append(nn.Parameter(np.full(3, 2.0)))
    weights += [np.full(4, 3.0)]
    assert [name for name, _ in weights.named_parameters()] == ["0", "1", "2", "3"]
    assert [p.shape for p in weights] == [(1,), (2,), (3,), (4,)]
    assert weights[-1].shape == (4,)
    assert [p.shape for p in weights[1:3]] == [(2,), (3,)]
    weights[0] = np.zeros(5)
    assert isinstance(weights[0], nn.Parameter)
    with pytest.raises(IndexError, match="4"):
        weights[4]


def test_list_pops_and_closes_the_gap():
    weights = nn.ParameterList([np.full(1, float(i)) for i in range(4)])
    assert weights.pop(1).item() == 1.0
    assert [p.item() for p in weights] == [0.0, 2.0, 3.0]
    assert list(weights.state_dict()) == ["0", "1", "2"]
    assert weights.pop().item() == 3.0
    assert len(weights) == 2


def test_dict_registers():
    scales = nn.ParameterDict({"left": np.ones(2), "right": as_tensor(np.ones(3))})
    scales["up"] = nn.Parameter(np.ones(4))
    assert list(scales) == ["left", "right", "up"]
    assert list(scales.state_dict()) == ["left", "right", "up"]
    assert scales.get("down") is None
    assert scales.setdefault("down", np.ones(5)).shape == (5,)
    assert scales.popitem()[0] == "down"
    assert scales.pop("left").shape == (2,)
    assert "left" not in scales
    with pytest.raises(KeyError):
        scales["left"]
    with pytest.raises(KeyError, match="forward"):
        scales["forward"] = np.ones(1)
    copy = scales.copy()
    scales.clear()
    assert len(scales) == 0
    assert len(copy) == 2


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_state_goes_round(kind):
    def make(values):
        if kind == "list":
            return nn.ParameterList(values)
        return nn.ParameterDict({f"p{i}": value for i, value in enumerate(values)})

    one, two = make([np.ones(2), np.ones(3)]), make([np.zeros(2), np.zeros(3)])
    two.load_state_dict(one.state_dict())
    for parameter in two.parameters():
        np.testing.assert_array_equal(parameter.numpy(), 1.0)


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_alpha_dropout_keeps_mean_and_variance(name):
    x = np.random.default_rng(0).standard_normal((400, 500, 2))
    layer = getattr(nn, name)(0.3)
    y = layer(x).numpy()
    assert abs(y.mean()) < 0.02
    assert abs(y.var() - 1) < 0.02
    np.testing.assert_array_equal(layer.eval()(x).numpy(), x)
    assert not getattr(nn, name)(1.0)(x).numpy().any()


def test_random_slopes_lie_between_the_bounds():
    y = nn.RReLU(0.2, 0.4)(-np.ones(1000)).numpy()
    assert -0.4 <= y.min() < -0.35
    assert -0.25 < y.max() <= -0.2


def test_hard_gumbel_samples_are_one_hot_and_have_a_gradient():
    logits = as_tensor(np.array([[2.0, 0.0, -1.0]] * 2000)).requires_grad_()
    y = nn.functional.gumbel_softmax(logits, hard=True)
    assert set(np.unique(y.detach().numpy().round(12))) == {0.0, 1.0}
    share = y.detach().numpy().mean(axis=0)
    expected = np.exp([2.0, 0.0, -1.0]) / np.exp([2.0, 0.0, -1.0]).sum()
    np.testing.assert_allclose(share, expected, atol=0.05)
    (y * y).sum().backward()
    assert logits.grad.numpy().any()
