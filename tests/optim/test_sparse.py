"""Steps by sparse gradients, beside PyTorch's and beside dense ones."""

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.autograd import RowSparseTensor
from einkorn.interop.torch import to_torch
from einkorn.nn import functional as F

SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("SparseAdam", {"lr": 0.1}),
    ("SparseAdam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-2, "maximize": True}),
]
OTHERS = [
    *("Adadelta", "Adafactor", "Adam", "AdamW", "Adamax"),
    *("ASGD", "NAdam", "RAdam", "RMSprop", "Rprop"),
]


def indices(number):
    return np.random.default_rng(number).integers(0, 6, 4)


def start():
    return np.random.default_rng(1).standard_normal((6, 3))


def trained(name, settings, steps, sparse=lambda number: True, optimizer=None):
    weight = nn.Parameter(start())
    optimizer = getattr(optim, name)([weight], **settings)
    for number in range(steps):
        optimizer.zero_grad()
        found = F.embedding(indices(number), weight, sparse=sparse(number))
        (found**2).sum().backward()
        optimizer.step()
    return weight, optimizer


def dense(value):
    return value.to_dense().numpy() if isinstance(value, RowSparseTensor) else np.asarray(value)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_steps_and_states_equal_pytorch(name, settings):
    torch = pytest.importorskip("torch")
    weight, optimizer = trained(name, settings, 5)
    theirs = torch.nn.Parameter(torch.tensor(start()))
    peer = getattr(torch.optim, name)([theirs], **settings)
    for number in range(5):
        peer.zero_grad()
        index = torch.tensor(indices(number))
        (torch.nn.functional.embedding(index, theirs, sparse=True) ** 2).sum().backward()
        peer.step()
    np.testing.assert_allclose(weight.numpy(), theirs.detach().numpy(), 1e-9)
    ours, expected = optimizer.state_dict(), peer.state_dict()
    assert ours["param_groups"] == expected["param_groups"]
    assert ours["state"].keys() == expected["state"].keys()
    for number, entries in expected["state"].items():
        assert ours["state"][number].keys() == entries.keys()
        for key, value in entries.items():
            found = ours["state"][number][key]
            assert getattr(found, "is_sparse", False) == getattr(value, "is_sparse", False)
            value = value.to_dense().numpy() if isinstance(value, torch.Tensor) else value
            np.testing.assert_allclose(dense(found), value, 1e-9, err_msg=key)
    # And each goes on from the other's state.
    peer.load_state_dict(to_torch(ours))
    optimizer.load_state_dict(expected)
    again = optimizer.state_dict()["state"]
    for number, entries in ours["state"].items():
        for key, value in entries.items():
            resumed = peer.state_dict()["state"][number][key]
            assert getattr(resumed, "is_sparse", False) == isinstance(value, RowSparseTensor)
            np.testing.assert_allclose(dense(again[number][key]), dense(value), 1e-9)


@pytest.mark.parametrize(("name", "settings"), SETTINGS[:7])
def test_steps_equal_those_by_dense_gradients(name, settings):
    sparse, _ = trained(name, settings, 5)
    expected, _ = trained(name, settings, 5, lambda number: False)
    np.testing.assert_allclose(sparse.numpy(), expected.numpy(), 1e-12)


@pytest.mark.parametrize(("name", "settings"), SETTINGS[:7])
@pytest.mark.parametrize("remainder", [0, 1])
def test_sparse_and_dense_steps_alternate(name, settings, remainder):
    mixed, _ = trained(name, settings, 6, lambda number: number % 2 == remainder)
    expected, _ = trained(name, settings, 6, lambda number: False)
    np.testing.assert_allclose(mixed.numpy(), expected.numpy(), 1e-12)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_state_resumes(name, settings):
    expected, _ = trained(name, settings, 6)
    weight, first = trained(name, settings, 3)
    second = getattr(optim, name)([weight], **settings)
    second.load_state_dict(first.state_dict())
    for number in range(3, 6):
        second.zero_grad()
        (F.embedding(indices(number), weight, sparse=True) ** 2).sum().backward()
        second.step()
    np.testing.assert_array_equal(weight.numpy(), expected.numpy())


@pytest.mark.parametrize("name", OTHERS)
def test_others_refuse_and_name_the_parameter(name):
    model = nn.Sequential(nn.Embedding(6, 3, sparse=True), nn.Linear(3, 2))
    before = model[0].weight.numpy().copy()
    for params, blamed in (
        (model.parameters(), r"param_groups\[0\]\['params'\]\[0\]"),
        (model.named_parameters(), "parameter '0.weight'"),
    ):
        optimizer = getattr(optim, name)(params)
        (model(np.array([0, 1])) ** 2).sum().backward()
        with pytest.raises(RuntimeError, match=f"does not support sparse gradients.*{blamed}"):
            optimizer.step()
    np.testing.assert_array_equal(model[0].weight.numpy(), before)


def test_sparse_adam_refuses_dense_gradients():
    weight = nn.Parameter(np.ones((2, 2)))
    (weight**2).sum().backward()
    with pytest.raises(RuntimeError, match="does not support dense gradients.*params.*use Adam"):
        optim.SparseAdam([weight]).step()


@pytest.mark.parametrize("name", ["SGD", "Adagrad"])
def test_weight_decay_is_refused(name):
    weight = nn.Parameter(np.ones((2, 2)))
    F.embedding(np.array([1]), weight, sparse=True).sum().backward()
    with pytest.raises(RuntimeError, match=r"weight_decay must be 0 .* got 0\.1"):
        getattr(optim, name)([weight], weight_decay=0.1).step()


@pytest.mark.parametrize(
    "settings", [{"lr": 0.0}, {"eps": 0.0}, {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}]
)
def test_settings_of_sparse_adam(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        optim.SparseAdam([nn.Parameter(np.ones((2, 2)))], **settings)


def test_sparse_parameters_are_refused():
    gradient = RowSparseTensor([0], np.ones((1, 2)), (3, 2))
    with pytest.raises(ValueError, match="sparse"):
        optim.SparseAdam([gradient])


def test_rows_without_a_gradient_stay_bit_for_bit():
    weight, optimizer = trained("SparseAdam", {"lr": 0.1}, 1)
    untouched = np.setdiff1d(np.arange(6), indices(0))
    np.testing.assert_array_equal(weight.numpy()[untouched], start()[untouched])
    assert not optimizer.state[weight]["exp_avg"][untouched].any()


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_an_empty_gradient_changes_nothing(name, settings):
    weight = nn.Parameter(start())
    F.embedding(np.zeros(0, np.int64), weight, sparse=True).sum().backward()
    getattr(optim, name)([weight], **settings).step()
    np.testing.assert_array_equal(weight.numpy(), start())


def test_lbfgs_takes_them_as_dense():
    weight = nn.Parameter(start())
    optimizer = optim.LBFGS([weight], lr=0.5, max_iter=8)

    def closure():
        optimizer.zero_grad()
        loss = (F.embedding(np.arange(6), weight, sparse=True) ** 2).sum()
        loss.backward()
        return loss

    before = closure().item()
    optimizer.step(closure)
    assert closure().item() < before / 10
