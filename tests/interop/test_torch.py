"""A state goes from einkorn's optimisers to PyTorch's and back, in the middle of training."""

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.autograd import as_tensor
from einkorn.interop.torch import from_torch, to_torch

torch = pytest.importorskip("torch")

SHAPES = [(3, 4), (5,), (2, 1, 3)]
OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "maximize": True}),
    ("Adam", {"fused": True}),
    ("AdamW", {"foreach": True}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("NAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("RAdam", {}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Rprop", {}),
    ("ASGD", {"t0": 10, "lambd": 0.1}),
    ("Adafactor", {}),
    ("LBFGS", {}),
    ("LBFGS", {"line_search_fn": "strong_wolfe", "history_size": 4}),
]


def ours(values):
    return [nn.Parameter(value.copy()) for value in values]


def theirs(values):
    return [torch.nn.Parameter(torch.tensor(value)) for value in values]


def train(name, optimizer, steps):
    """Take steps; L-BFGS takes few, of two iterations each, so that rounding does not grow."""
    parameters = [x for group in optimizer.param_groups for x in group["params"]]

    def closure():
        optimizer.zero_grad()
        loss = sum(((x**4) * 0.1 + (x - 0.5) ** 2).sum() for x in parameters)
        loss.backward()
        return loss

    for _ in range(2 if name == "LBFGS" else steps):
        optimizer.step(closure)
    return [x.detach().numpy() for x in parameters]


def groups(name, parameters):
    if name == "LBFGS":
        return parameters
    return [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.02}]


@pytest.mark.parametrize("there", [True, False], ids=["to torch", "from torch"])
@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS, ids=str)
def test_training_goes_on_where_it_was(name, settings, there):
    settings = {"lr": 0.05, **settings, **({"max_iter": 2} if name == "LBFGS" else {})}
    source = np.random.default_rng(4)
    start = [source.normal(size=shape) for shape in SHAPES]
    first = (ours if there else theirs)(start)
    module, other = (optim, torch.optim) if there else (torch.optim, optim)
    before = getattr(module, name)(groups(name, first), **settings)
    reached = train(name, before, 20)
    second = (theirs if there else ours)(reached)
    after = getattr(other, name)(groups(name, second))
    state = before.state_dict()
    after.load_state_dict(to_torch(state) if there else state)
    for key, value in settings.items():
        assert after.param_groups[0][key] == value
    for one, two in zip(train(name, before, 20), train(name, after, 20), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)


@pytest.mark.parametrize(("name", "settings"), OPTIMIZERS, ids=str)
def test_a_state_comes_back_as_it_was(name, settings):
    parameters = ours([np.linspace(-1, 1, 6).reshape(2, 3)])
    optimizer = getattr(optim, name)(parameters, lr=0.05, **settings)
    train(name, optimizer, 3)
    state = optimizer.state_dict()
    back = from_torch(to_torch(state))
    assert back["param_groups"] == state["param_groups"]
    for key, value in state["state"].get(0, {}).items():
        np.testing.assert_array_equal(back["state"][0][key], value, err_msg=key)
        if isinstance(value, np.ndarray):
            assert back["state"][0][key].dtype == value.dtype
            assert not np.shares_memory(back["state"][0][key], value)


def test_containers_and_tensors():
    state = to_torch({"a": [np.ones(2), (as_tensor(np.zeros(3)), "text")], 3: None, "b": 0.5})
    assert isinstance(state["a"][0], torch.Tensor)
    assert isinstance(state["a"][1][0], torch.Tensor) and state["a"][1][1] == "text"
    assert (state[3], state["b"]) == (None, 0.5)


def test_an_lbfgs_state_that_does_not_fit_is_refused():
    optimizer = optim.LBFGS(ours([np.ones(3)]))
    train("LBFGS", optimizer, 1)
    with pytest.raises(ValueError, match=r"d has shape \(3,\), the parameters \(2,\)"):
        optim.LBFGS(ours([np.ones(2)])).load_state_dict(optimizer.state_dict())


def test_a_state_of_no_parameter_is_refused():
    optimizer = optim.Adam(ours([np.ones(3)]))
    train("Adam", optimizer, 1)
    state = optimizer.state_dict()
    state["state"][7] = state["state"][0]
    with pytest.raises(ValueError, match="has a state 7 of none"):
        optimizer.load_state_dict(state)
