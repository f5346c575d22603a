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
