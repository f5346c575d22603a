"""Sixty steps with the settings that PyTorch tests its own optimisers on follow PyTorch's."""

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.testing.namesakes import database

torch = pytest.importorskip("torch")

STEPS = 60
INFOS = [info for info in database.optimizers() if hasattr(optim, info.optim_cls.__name__)]
SETTINGS = [
    pytest.param(
        info.optim_cls.__name__, sample.kwargs, id=f"{info.optim_cls.__name__} {sample.desc}"
    )
    for info in INFOS
    for sample in info.optim_inputs_func("cpu")
    if info.optim_cls.__name__ != "SparseAdam"
]


def groups_of(parameters):
    """Return two groups; the second has a rate of its own."""
    return [{"params": parameters[:2]}, {"params": parameters[2:], "lr": 3e-3}]


def trained(module, wrap, name, settings, several, steps=STEPS):
    """Return the parameters after each step down a quartic valley, and the state at the end."""
    source = np.random.default_rng(4)
    shapes = [(3, 4), (5,), (2, 3)] if name != "Muon" else [(3, 4), (5, 2), (2, 3)]
    parameters = [wrap(source.normal(size=shape)) for shape in shapes]
    optimizer = getattr(module, name)(groups_of(parameters) if several else parameters, **settings)
    rows = []

    def closure():
        optimizer.zero_grad()
        # Bounded, for those that ascend; convex, for L-BFGS, whose steps nothing bounds.
        if name == "LBFGS":
            loss = sum((x**4 * 0.1 + (x - 0.5) ** 2).sum() for x in parameters)
        else:
            loss = sum(((x - 0.5) ** 2 / (1 + x * x)).sum() for x in parameters)
        loss.backward()
        return loss

    for number in range(steps):
        loss = optimizer.step(closure)
        values = [x.detach().numpy().ravel() for x in parameters]
        rows.append(np.concatenate([[loss.item()], *values]))
        if number == steps // 2 and name != "LBFGS":
            optimizer.param_groups[0]["lr"] = float(optimizer.param_groups[0]["lr"]) * 0.5
    return np.array(rows), optimizer.state_dict()


def converted(settings):
    return {k: v.item() if isinstance(v, torch.Tensor) else v for k, v in settings.items()}


@pytest.mark.parametrize("several", [False, True], ids=["one group", "two groups"])
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_settings_follow(name, settings, several):
    if several and name == "LBFGS":
        pytest.skip("L-BFGS takes one group, PyTorch's too")
    peer, their_state = trained(
        torch.optim, lambda x: torch.nn.Parameter(torch.tensor(x)), name, settings, several
    )
    rows, state = trained(optim, nn.Parameter, name, converted(settings), several)
    np.testing.assert_allclose(rows, peer, rtol=1e-6)
    assert [list(g) for g in state["param_groups"]] == [
        list(g) for g in their_state["param_groups"]
    ]
    if name == "LBFGS":
        return
    for number, entries in their_state["state"].items():
        assert list(state["state"][number]) == list(entries)
        for key, value in entries.items():
            actual = state["state"][number][key]
            np.testing.assert_allclose(actual, value, rtol=1e-6, atol=1e-12, err_msg=key)


SWITCHES = ["foreach", "fused", "capturable"]


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.optim_cls.__name__)
def test_switches_are_taken_and_change_nothing(info, switch):
    name = info.optim_cls.__name__
    try:
        info.optim_cls([torch.nn.Parameter(torch.zeros(2, 2))], **{switch: True})
    except TypeError:
        with pytest.raises(TypeError):
            getattr(optim, name)([nn.Parameter(np.zeros((2, 2)))], **{switch: True})
        return
    if name == "SparseAdam":
        pytest.skip("SparseAdam takes sparse gradients alone; test_sparse.py has it")
    plain, _ = trained(optim, nn.Parameter, name, {}, False, 5)
    switched, state = trained(optim, nn.Parameter, name, {switch: True}, False, 5)
    np.testing.assert_array_equal(switched, plain)
    assert state["param_groups"][0][switch] is True
