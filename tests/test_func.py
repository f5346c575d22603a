"""Networks as functions of their parameters."""

import inspect

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.autograd import functional
from einkorn.func import functional_call


def test_it_takes_what_pytorch_s_takes():
    torch = pytest.importorskip("torch")
    ours = inspect.signature(functional_call).parameters
    theirs = inspect.signature(torch.func.functional_call).parameters
    assert [(p.name, p.kind, p.default) for p in ours.values()] == [
        (p.name, p.kind, p.default) for p in theirs.values()
    ]


def test_several_dictionaries():
    layer = nn.Linear(2, 1)
    own = {name: value.numpy().copy() for name, value in layer.state_dict().items()}
    weight, bias = ek.tensor([[2.0, 3.0]]), ek.tensor([0.5])
    x = ek.tensor([[1.0, 10.0]])
    assert functional_call(layer, [{"weight": weight}, {"bias": bias}], x).item() == 32.5
    assert functional_call(layer, {"weight": weight, "bias": bias}, (x,)).item() == 32.5
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), own[name])
    with pytest.raises(ValueError, match=r"\['bias'\] are in several"):
        functional_call(layer, ({"bias": bias}, {"bias": bias}), x)
    for wrong in (3, [weight], "weight"):
        with pytest.raises(TypeError, match="parameter_and_buffer_dicts: expected"):
            functional_call(layer, wrong, x)
    with pytest.raises(RuntimeError, match="missing"):
        functional_call(layer, ({"bias": bias},), x, strict=True)


def test_derivatives_by_parameters():
    layer = nn.Linear(2, 1, bias=False).double()
    x = ek.tensor(np.array([[1.0, 10.0]]))
    weight = ek.tensor(np.array([[2.0, 3.0]]))

    def loss(weight):
        return functional_call(layer, {"weight": weight}, x).pow(2).sum()

    # (w·x)² has the Hessian 2 x xᵀ.
    found = functional.hessian(loss, weight).reshape(2, 2)
    np.testing.assert_allclose(found.numpy(), 2 * np.outer(x.numpy(), x.numpy()))
