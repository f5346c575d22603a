"""Clipping of gradients, and the vector of all parameters."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor
from einkorn.nn import utils


def parameters(dtype=np.float64, scale=1.0):
    source = np.random.default_rng(0)
    made = [nn.Parameter(source.normal(size=s).astype(dtype)) for s in [(3, 4), (5,), ()]]
    for parameter in made:
        gradient = scale * source.normal(size=parameter.shape)
        parameter.grad = as_tensor(np.asarray(gradient, dtype))
    return [*made, nn.Parameter(np.zeros(2, dtype))]


@pytest.mark.parametrize("norm_type", [2.0, 1.0, np.inf, 3.0])
@pytest.mark.parametrize("max_norm", [0.1, 1e6])
def test_clipping_by_norm_matches_torch(norm_type, max_norm):
    torch = pytest.importorskip("torch")
    ours = parameters()
    theirs = [torch.nn.Parameter(torch.tensor(p.numpy())) for p in ours]
    for our, their in zip(ours[:-1], theirs, strict=False):
        their.grad = torch.tensor(our.grad.numpy())
    total = utils.clip_grad_norm_(ours, max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert total.item() == pytest.approx(expected.item(), rel=1e-12)
    for our, their in zip(ours[:-1], theirs, strict=False):
        np.testing.assert_allclose(our.grad.numpy(), their.grad.numpy(), rtol=1e-12)
    assert ours[-1].grad is None


def test_the_norm_of_what_is_not_finite():
    ours = parameters()
    ours[1].grad.numpy()[0] = np.nan
    before = ours[0].grad.numpy().copy()
    with pytest.raises(RuntimeError, match="total norm of order 2.0 is nan"):
        utils.clip_grad_norm_(ours, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(ours[0].grad.numpy(), before)


def test_norm_of_nothing_is_zero():
    assert utils.clip_grad_norm_([nn.Parameter(np.zeros(2))], 1.0).item() == 0.0
    assert utils.get_total_norm([]).dtype == np.float32


def test_clipping_by_value():
    ours = parameters(scale=3.0)
    before = [p.grad.numpy().copy() for p in ours[:-1]]
    utils.clip_grad_value_(ours, 0.5)
    for parameter, old in zip(ours[:-1], before, strict=True):
        np.testing.assert_array_equal(parameter.grad.numpy(), np.clip(old, -0.5, 0.5))


def test_one_parameter_needs_no_list():
    parameter = parameters()[0]
    utils.clip_grad_value_(parameter, 0.1)
    assert np.abs(parameter.grad.numpy()).max() == 0.1


def test_vector_and_back():
    ours = parameters()
    vector = utils.parameters_to_vector(ours)
    assert vector.shape == (12 + 5 + 1 + 2,)
    assert vector.requires_grad
    utils.vector_to_parameters(vector.detach() * 2, ours)
    np.testing.assert_array_equal(utils.parameters_to_vector(ours).numpy(), vector.numpy() * 2)


def test_a_vector_that_does_not_fit_changes_nothing():
    ours = parameters()
    before = ours[0].numpy().copy()
    with pytest.raises(ValueError, match=r"shape \(20,\), got \(21,\)"):
        utils.vector_to_parameters(as_tensor(np.zeros(21)), ours)
    with pytest.raises(TypeError, match="vec must be a Tensor, got ndarray"):
        utils.vector_to_parameters(np.zeros(20), ours)
    np.testing.assert_array_equal(ours[0].numpy(), before)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, np.inf])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_limiting_rows_matches_torch(norm_type, dim):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).normal(size=(5, 4, 3))
    ours = nn.Parameter(values.copy())
    utils.max_norm_([ours], 2.0, norm_type, dim)
    expected = torch.renorm(torch.tensor(values), norm_type, dim, 2.0).numpy()
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-6)


def test_limiting_leaves_biases_and_short_rows_alone():
    layer = nn.Linear(3, 2, dtype=np.float64)
    layer.weight.numpy()[...] = [[3.0, 0.0, 4.0], [0.1, 0.2, 0.3]]
    layer.bias.numpy()[...] = 9.0
    utils.max_norm_(layer.parameters(), 1.0)
    np.testing.assert_allclose(layer.weight.numpy()[0], [0.6, 0.0, 0.8], rtol=1e-15)
    assert layer.weight.tolist()[1] == [0.1, 0.2, 0.3]
    assert layer.bias.tolist() == [9.0, 9.0]


def test_limiting_a_saved_weight_is_seen():
    weight = nn.Parameter(np.full((2, 2), 3.0))
    loss = (weight * weight).sum()
    utils.max_norm_(weight, 1.0)
    with pytest.raises(RuntimeError, match="in place|changed|modified"):
        loss.backward()


def test_bad_limits_change_nothing():
    first, second = nn.Parameter(np.ones((2, 2, 2))), nn.Parameter(np.ones((2, 2)))
    with pytest.raises(ValueError, match="max_norm must be positive, got 0"):
        utils.max_norm_(first, 0)
    with pytest.raises(IndexError, match=r"dim: expected an axis of shape \(2, 2\), got 2"):
        utils.max_norm_([first, second], 0.1, dim=2)
    assert first.numpy().min() == 1.0
