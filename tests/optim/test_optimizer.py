"""What holds for every optimiser."""

import copy
import signal
import time
import tracemalloc

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.autograd import as_tensor

MAKERS = {
    "SGD": lambda params: optim.SGD(params, lr=0.1),
    "momentum": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.5),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
    "AMSGrad": lambda params: optim.Adam(params, lr=0.1, amsgrad=True),
    "AdamW": lambda params: optim.AdamW(params, lr=0.1),
    "ascent": lambda params: optim.Adam(params, lr=0.1, maximize=True),
}


def parameters(dtype=np.float64):
    source = np.random.default_rng(0)
    return [nn.Parameter(source.normal(size=s).astype(dtype)) for s in [(4, 3), (3,), ()]]


def give_gradients(params, seed):
    source = np.random.default_rng(seed)
    for param in params:
        param.grad = as_tensor(source.normal(size=param.shape).astype(param.dtype))


@pytest.mark.parametrize("name", MAKERS)
def test_resumed_run_is_the_same_bit_for_bit(name):
    params = parameters()
    optimizer = MAKERS[name](params)
    for seed in range(5):
        give_gradients(params, seed)
        optimizer.step()
    copies = copy.deepcopy(params)
    resumed = MAKERS[name](copies)
    resumed.load_state_dict(optimizer.state_dict())
    for seed in range(5, 10):
        for group, opt in ((params, optimizer), (copies, resumed)):
            give_gradients(group, seed)
            opt.step()
    for param, other in zip(params, copies, strict=True):
        np.testing.assert_array_equal(param.numpy(), other.numpy())


def test_loading_a_state_copies_it():
    params = parameters()
    adam = MAKERS["Adam"](params)
    give_gradients(params, 0)
    adam.step()
    saved = adam.state_dict()
    other = MAKERS["Adam"](copy.deepcopy(params))
    other.load_state_dict(saved)
    before = saved["state"][0]["exp_avg"].copy()
    give_gradients(other.param_groups[0]["params"], 1)
    other.step()
    np.testing.assert_array_equal(saved["state"][0]["exp_avg"], before)


def test_state_dict_has_the_structure_of_pytorch():
    params = parameters()
    sgd = optim.SGD([{"params": params[:1]}, {"params": params[1:], "lr": 0.5}], momentum=0.9)
    give_gradients(params, 0)
    sgd.step()
    state = sgd.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1, 2]]
    assert [group["lr"] for group in state["param_groups"]] == [1e-3, 0.5]
    assert {number: list(entry) for number, entry in state["state"].items()} == {
        number: ["momentum_buffer"] for number in range(3)
    }


def test_a_state_that_does_not_fit_changes_nothing():
    params = parameters()
    adam = MAKERS["Adam"](params)
    give_gradients(params, 0)
    adam.step()
    saved = copy.deepcopy(adam.state_dict())
    saved["param_groups"][0]["lr"] = 7.0
    saved["state"][1]["exp_avg"] = np.zeros(99)
    with pytest.raises(ValueError, match=r"exp_avg has shape \(99,\), its parameter \(3,\)"):
        adam.load_state_dict(saved)
    assert adam.param_groups[0]["lr"] == 0.1
    with pytest.raises(ValueError, match=r"sizes \[3\], the optimizer \[1\]"):
        MAKERS["Adam"](params[:1]).load_state_dict(adam.state_dict())


def test_zero_grad():
    params = parameters()
    sgd = MAKERS["SGD"](params)
    give_gradients(params, 0)
    sgd.zero_grad(set_to_none=False)
    assert all((param.grad.numpy() == 0).all() for param in params)
    sgd.zero_grad()
    assert all(param.grad is None for param in params)


@pytest.mark.parametrize("name", MAKERS)
def test_parameters_keep_their_memory(name):
    params = parameters(np.float32)
    arrays = [param.numpy() for param in params]
    optimizer = MAKERS[name](params)
    for seed in range(3):
        give_gradients(params, seed)
        optimizer.step()
    assert all(param.numpy() is array for param, array in zip(params, arrays, strict=True))


@pytest.mark.parametrize("name", ["SGD", "momentum", "Adam", "AdamW", "ascent"])
def test_steps_allocate_nothing_once_started(name):
    param = nn.Parameter(np.zeros(100_000))
    param.grad = as_tensor(np.ones(100_000))
    optimizer = MAKERS[name]([param])
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000


def test_backward_through_a_changed_parameter_is_refused():
    param = nn.Parameter(np.ones(2))
    loss = (param * param).sum()
    param.grad = as_tensor(np.ones(2))
    MAKERS["SGD"]([param]).step()
    with pytest.raises(RuntimeError, match="in place"):
        loss.backward()


def test_named_parameters_give_names_to_the_group():
    layer = nn.Linear(2, 3)
    sgd = optim.SGD(layer.named_parameters())
    assert sgd.param_groups[0]["param_names"] == ["weight", "bias"]
    assert sgd.param_groups[0]["params"][0] is layer.weight


def test_parameters_of_a_lazy_layer_may_be_given_early():
    layer = nn.LazyLinear(2)
    adam = optim.Adam(layer.parameters())
    layer(np.ones((1, 3), np.float32)).sum().backward()
    before = layer.weight.numpy().copy()
    adam.step()
    assert (layer.weight.numpy() != before).all()


def test_repr_lists_the_groups():
    text = repr(optim.SGD([nn.Parameter(np.zeros(1))], lr=0.5))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False")
    assert "\n    lr: 0.5\n    maximize: False\n" in text


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: optim.SGD([]), ValueError, "at least one parameter"),
        (lambda p: optim.SGD(p), TypeError, "iterable of Tensors"),
        (lambda p: optim.SGD([p.numpy()]), TypeError, "must hold Tensors, got ndarray"),
        (lambda p: optim.SGD([p * 2]), ValueError, "not a leaf"),
        (lambda p: optim.SGD([p, p]), ValueError, "twice"),
        (lambda p: optim.SGD([{"params": p}, {"params": p}]), ValueError, "another parameter"),
        (lambda p: optim.SGD([p], lr=-1), ValueError, "lr must be at least 0, got -1"),
        (lambda p: optim.SGD([p], lr=float("nan")), ValueError, "lr must be at least 0"),
        (lambda p: optim.SGD([p], momentum=-1), ValueError, "momentum"),
        (lambda p: optim.SGD([p], nesterov=True), ValueError, "nesterov needs momentum"),
        (lambda p: optim.Adam([p], betas=(0.9, 1.0)), ValueError, "betas must be in"),
        (lambda p: optim.Adam([p], eps=-1e-8), ValueError, "eps must be at least 0"),
        (lambda p: optim.Adam([p], differentiable=True), ValueError, "differentiable"),
        (lambda p: optim.AdamW([p], foreach=True, fused=True), RuntimeError, "together"),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(nn.Parameter(np.zeros(2)))


@pytest.mark.parametrize("name", MAKERS)
def test_an_interrupt_leaves_whole_steps(name):
    """However Ctrl-C falls, all parameters have taken the same number of steps.

    All parameters start equal and get equal gradients: they differ exactly if a step was torn.
    """
    params = [nn.Parameter(np.zeros(3)) for _ in range(40)]
    optimizer = MAKERS[name](params)
    for param in params:
        param.grad = as_tensor(np.ones(3))

    def interrupt(number, frame):
        # A callback of the garbage collector, such as hypothesis has, swallows what it raises.
        while frame is not None and frame.f_globals["__name__"].startswith("einkorn."):
            if frame.f_code is optim.Optimizer.step.__code__:
                raise KeyboardInterrupt
            frame = frame.f_back

    interrupts = 0
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1e-3, 2.7e-4)
    try:
        deadline = time.monotonic() + 0.3
        while time.monotonic() < deadline:
            try:
                optimizer.step()
            except KeyboardInterrupt:
                interrupts += 1
                assert all((param.numpy() == params[0].numpy()).all() for param in params)
                steps = {state.get("step") for state in optimizer.state.values()}
                assert len(steps) <= 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert interrupts > 20


def test_names_of_parameters_are_given_everywhere_or_nowhere():
    first, second = nn.Parameter(np.zeros(1)), nn.Parameter(np.zeros(1))
    with pytest.raises(ValueError, match="all or none, got 1 of 2"):
        optim.SGD([("a", first), second])
    optimizer = optim.SGD([("a", first)])
    with pytest.raises(ValueError, match="must have names"):
        optimizer.add_param_group({"params": [second]})
    optimizer.add_param_group({"params": [("b", second)]})
    with pytest.raises(TypeError, match="not a set"):
        optim.SGD([{"params": {first, second}}])
