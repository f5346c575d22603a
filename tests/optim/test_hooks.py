"""Functions called around steps, and around saving and loading a state."""

import copy
import pickle

import numpy as np
import pytest

from einkorn import nn, optim


def made(name="SGD", **settings):
    x = nn.Parameter(np.array([3.0]))
    return x, getattr(optim, name)([x], lr=0.1, **settings)


def closure_of(x, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize("name", ["SGD", "Adam", "LBFGS"])
def test_hooks_are_called_around_each_step(name):
    x, optimizer = made(name)
    calls = []
    optimizer.register_step_pre_hook(lambda *given: calls.append(("before", x.item(), *given)))
    handle = optimizer.register_step_post_hook(lambda *given: calls.append(("after", *given)))
    closure = closure_of(x, optimizer)
    assert optimizer.step(closure).item() == 9.0
    given = (optimizer, closure), {}
    assert calls == [("before", 3.0, optimizer, *given), ("after", optimizer, *given)]
    handle.remove()
    handle.remove()
    optimizer.step(closure=closure)
    assert [call[0] for call in calls] == ["before", "after", "before"]
    assert calls[-1][3:] == ((optimizer,), {"closure": closure})


def test_a_hook_may_change_what_the_step_is_given():
    x, sgd = made()
    closure = closure_of(x, sgd)
    with sgd.register_step_pre_hook(lambda optimizer, args, kwargs: ((optimizer, closure), {})):
        assert sgd.step().item() == 9.0
    assert sgd.step() is None
    sgd.register_step_pre_hook(lambda *given: 3)
    with pytest.raises(RuntimeError, match="expected None or a pair of args"):
        sgd.step()


def test_without_hooks_a_step_is_that_of_the_class():
    _, sgd = made()
    handle = sgd.register_step_post_hook(print)
    handle.remove()
    assert "step" not in vars(sgd)


def test_hooks_of_one_optimizer_are_not_anothers():
    _, sgd = made()
    _, other = made()
    sgd.register_step_pre_hook(lambda *given: pytest.fail("not its own"))
    other.step()


def test_hooks_around_state_dict():
    _, sgd = made()
    order = []
    sgd.register_state_dict_pre_hook(lambda optimizer: order.append("second"))
    sgd.register_state_dict_pre_hook(lambda optimizer: order.append("first"), prepend=True)
    sgd.register_state_dict_post_hook(lambda optimizer, state: state.update(extra=1))
    sgd.register_state_dict_post_hook(lambda optimizer, state: {**state, "more": 2})
    state = sgd.state_dict()
    assert order == ["first", "second"]
    assert (state["extra"], state["more"]) == (1, 2)


def test_hooks_around_load_state_dict():
    _, sgd = made()
    state = sgd.state_dict()
    kept = copy.deepcopy(state)

    def faster(optimizer, given):
        groups = [group | {"lr": group["lr"] * 10} for group in given["param_groups"]]
        given["param_groups"] = groups

    seen = []
    sgd.register_load_state_dict_pre_hook(faster)
    sgd.register_load_state_dict_pre_hook(lambda optimizer, given: {**given}, prepend=True)
    sgd.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    sgd.load_state_dict(state)
    assert seen == [1.0]
    assert state == kept


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_leave_hooks_behind_and_go_on_the_same(copied):
    x, adam = made("Adam", maximize=True)
    closure_of(x, adam)()
    adam.register_step_pre_hook(print)
    other = copied(adam)
    assert "step" not in vars(other)
    (y,) = other.param_groups[0]["params"]
    assert y is not x
    for optimizer, parameter in ((adam, x), (other, y)):
        for _ in range(3):
            optimizer.step(closure_of(parameter, optimizer))
    assert x.item() == y.item()
    assert other.state[y]["step"] == 3
