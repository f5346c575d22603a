"""Optimisers and schedules follow PyTorch's over sixty steps."""

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.autograd import as_tensor

torch = pytest.importorskip("torch")

SHAPES = [(3, 4), (5,), (), (2, 1, 3)]
STEPS = 60


def start(dtype):
    source = np.random.default_rng(0)
    return [source.normal(size=shape).astype(dtype) for shape in SHAPES]


def gradients(dtype):
    source = np.random.default_rng(1)
    return [[source.normal(size=s).astype(dtype) for s in SHAPES] for _ in range(STEPS)]


def run(parameters, optimizer, wrap, dtype=np.float64, each_step=lambda: None):
    for number, grads in enumerate(gradients(dtype)):
        for index, (parameter, grad) in enumerate(zip(parameters, grads, strict=True)):
            # The last parameter gets its first gradient late, and then only now and then.
            absent = index == len(SHAPES) - 1 and (number < 5 or number % 3)
            parameter.grad = None if absent else wrap(grad)
        optimizer.step()
        each_step()


def both(make, dtype=np.float64, schedule=None):
    """Return the parameters of einkorn and of PyTorch after the same steps."""
    ours = [nn.Parameter(value) for value in start(dtype)]
    theirs = [torch.nn.Parameter(torch.tensor(value)) for value in start(dtype)]
    run(ours, make(optim, ours), as_tensor, dtype)
    run(theirs, make(torch.optim, theirs), torch.tensor, dtype)
    return ours, theirs


def assert_follow(ours, theirs, rtol=1e-9):
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our.numpy(), their.detach().numpy(), rtol=rtol, atol=rtol)


SGD_SETTINGS = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01, "maximize": True},
    {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    {"maximize": True},
]

ADAM_SETTINGS = [
    {},
    {"betas": (0.8, 0.9), "eps": 1e-3},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "decoupled_weight_decay": True},
    {"maximize": True, "weight_decay": 0.1},
    {"amsgrad": True},
    {"amsgrad": True, "weight_decay": 0.1, "maximize": True},
    {"amsgrad": True, "weight_decay": 0.1, "decoupled_weight_decay": True},
]


@pytest.mark.parametrize("settings", SGD_SETTINGS, ids=str)
def test_sgd_follows(settings):
    assert_follow(*both(lambda module, params: module.SGD(params, lr=0.05, **settings)))


@pytest.mark.parametrize("settings", ADAM_SETTINGS, ids=str)
def test_adam_follows(settings):
    assert_follow(*both(lambda module, params: module.Adam(params, lr=0.05, **settings)))


@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.3, "amsgrad": True}], ids=str)
def test_adamw_follows(settings):
    assert_follow(*both(lambda module, params: module.AdamW(params, lr=0.05, **settings)))


OTHERS = [
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.9, "eps": 1e-4, "weight_decay": 0.1}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {"initial_accumulator_value": 0.1, "eps": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"betas": (0.8, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"momentum_decay": 6e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "betas": (0.8, 0.99)}),
    ("RAdam", {}),
    ("RAdam", {"betas": (0.8, 0.9), "eps": 1e-4, "weight_decay": 0.1, "maximize": True}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Rprop", {}),
    ("Rprop", {"etas": (0.3, 1.7), "step_sizes": (2e-3, 0.5), "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"t0": 10, "lambd": 0.1, "alpha": 0.6, "weight_decay": 0.1, "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"d": 1.5, "beta2_decay": -0.5, "weight_decay": 0.1, "maximize": True}),
    ("Adafactor", {"eps": (1e-3, 1e-2)}),
]


@pytest.mark.parametrize(("name", "settings"), OTHERS, ids=str)
def test_others_follow(name, settings):
    pair = both(lambda module, params: getattr(module, name)(params, lr=0.05, **settings))
    assert_follow(*pair)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", *dict(OTHERS)])
def test_float32_follows(name):
    pair = both(lambda module, params: getattr(module, name)(params, lr=0.01), np.float32)
    assert_follow(*pair, rtol=1e-4)


def test_groups_follow():
    def make(module, params):
        groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.3, "momentum": 0.5}]
        return module.SGD(groups, lr=0.05, momentum=0.9)

    assert_follow(*both(make))


def test_closure_is_called_and_its_loss_returned():
    parameter = nn.Parameter(np.array([2.0]))
    sgd = optim.SGD([parameter], lr=0.1)

    def closure():
        sgd.zero_grad()
        loss = (parameter * parameter).sum()
        loss.backward()
        return loss

    assert sgd.step(closure).item() == 4.0
    np.testing.assert_allclose(parameter.numpy(), [1.6])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("SGD", {"momentum": 0.9, "dampening": 0.1}),
        ("Adam", {}),
        ("Adam", {"amsgrad": True}),
        ("RMSprop", {"momentum": 0.9, "centered": True}),
        *((name, {}) for name in dict(OTHERS)),
    ],
    ids=str,
)
def test_state_of_pytorch_is_taken_over(name, settings):
    """Thirty steps there and thirty here equal sixty there."""
    theirs = [torch.nn.Parameter(torch.tensor(value)) for value in start(np.float64)]
    peer = getattr(torch.optim, name)(theirs, lr=0.05, **settings)
    ours = [nn.Parameter(value) for value in start(np.float64)]
    optimizer = getattr(optim, name)(ours, lr=1.0)
    for number, grads in enumerate(gradients(np.float64)):
        if number == 30:
            for our, their in zip(ours, theirs, strict=True):
                our.numpy()[...] = their.detach().numpy()
            optimizer.load_state_dict(peer.state_dict())
        for our, their, grad in zip(ours, theirs, grads, strict=True):
            our.grad, their.grad = as_tensor(grad), torch.tensor(grad)
        peer.step()
        if number >= 30:
            optimizer.step()
    assert_follow(ours, theirs)


LBFGS_SETTINGS = [
    {"lr": 0.1},
    {"lr": 0.1, "max_iter": 4, "history_size": 2},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 7, "history_size": 3},
    {"line_search_fn": "strong_wolfe", "max_eval": 6, "tolerance_grad": 1e-3},
]


def minimise(module, wrap, settings, steps):
    """Return the parameters and losses of Rosenbrock's function, times a scale, plus a square."""
    x, y = (module[0].Parameter(wrap(np.array(v))) for v in ([-1.5, 2.0, 0.3], [[0.5, -1.0]]))
    optimizer = module[1].LBFGS([x, y], **settings)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = (1 - x[0]) ** 2 + 20 * (x[1] - x[0] ** 2) ** 2 + ((x[2:] - y) ** 2).sum()
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return [x, y], losses


@pytest.mark.parametrize("settings", LBFGS_SETTINGS, ids=str)
def test_lbfgs_follows(settings):
    """Evaluation for evaluation; so long as rounding has not been blown up by the curvature."""
    steps = 1 if settings.get("max_iter", 20) > 10 else 3
    ours, losses = minimise((nn, optim), np.asarray, settings, steps)
    theirs, expected = minimise((torch.nn, torch.optim), torch.tensor, settings, steps)
    np.testing.assert_allclose(losses, expected, rtol=1e-6, atol=1e-12)
    assert_follow(ours, theirs, rtol=1e-6)


SCHEDULES = {
    "step": lambda s, o: s.StepLR(o, 7, gamma=0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 10, 10, 40], gamma=0.5),
    "constant": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=9),
    "linear": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.9, total_iters=11),
    "linear to zero": lambda s, o: s.LinearLR(o, 1.0, 0.0, total_iters=11),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.93),
    "polynomial": lambda s, o: s.PolynomialLR(o, total_iters=20, power=2.0),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, T_max=60, eta_min=0.01),
    "cosine beyond its period": lambda s, o: s.CosineAnnealingLR(o, T_max=7, eta_min=0.001),
    "cosine with restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, eta_min=0.01),
    "cosine with equal periods": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 1.0 / (1 + epoch)),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1.0 / (1 + e)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.8, total_steps=STEPS + 1),
    "one cycle, linear": lambda s, o: s.OneCycleLR(
        o, [0.8, 0.4], epochs=7, steps_per_epoch=9, anneal_strategy="linear", pct_start=0.5
    ),
    "one cycle, three phases": lambda s, o: s.OneCycleLR(
        o, 0.8, total_steps=STEPS + 1, three_phase=True, base_momentum=0.7, div_factor=5.0
    ),
    "sequential": lambda s, o: s.SequentialLR(
        o,
        [
            s.LinearLR(o, 0.1, total_iters=5),
            s.CosineAnnealingLR(o, T_max=20),
            s.ExponentialLR(o, 0.9),
        ],
        milestones=[5, 25],
    ),
    "chained": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, total_iters=4), s.StepLR(o, 6, 0.8), s.ExponentialLR(o, 0.98)]
    ),
    "two at once": lambda s, o: [s.ExponentialLR(o, 0.97), s.StepLR(o, 9, 0.5)],
}


def rates(module, wrap, make, optimizer_name):
    """Return rate and momentum of both groups after each of sixty epochs."""
    parameters = [wrap(np.zeros(2)), wrap(np.zeros(3))]
    groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.25}]
    optimizer = getattr(module, optimizer_name)(groups, lr=0.5)
    schedules = make(module.lr_scheduler, optimizer)
    schedules = schedules if isinstance(schedules, list) else [schedules]
    history = []
    for _ in range(STEPS):
        row = []
        for group in optimizer.param_groups:
            row += [group["lr"], group["betas"][0] if "betas" in group else group["momentum"]]
        history.append([*row, *schedules[-1].get_last_lr()])
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    return np.array(history)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_follows(name):
    for optimizer_name in ("SGD", "Adam"):
        expected = rates(
            torch.optim,
            lambda a: torch.nn.Parameter(torch.tensor(a)),
            SCHEDULES[name],
            optimizer_name,
        )
        actual = rates(optim, nn.Parameter, SCHEDULES[name], optimizer_name)
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    "settings",
    [
        {"patience": 2},
        {"mode": "max", "factor": 0.5, "patience": 1, "cooldown": 3},
        {"threshold_mode": "abs", "threshold": 0.05, "patience": 0, "min_lr": [0.01, 0.2]},
        {"mode": "max", "threshold_mode": "abs", "patience": 3, "eps": 0.05},
    ],
    ids=str,
)
def test_plateau_follows(settings):
    metrics = np.cumsum(np.random.default_rng(5).normal(size=STEPS))

    def run_plateau(module, wrap):
        parameters = [wrap(np.zeros(2)), wrap(np.zeros(3))]
        groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.25}]
        optimizer = module.SGD(groups, lr=0.5)
        schedule = module.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
        history = []
        for metric in metrics:
            schedule.step(metric)
            history.append([*schedule.get_last_lr(), schedule.num_bad_epochs])
        return np.array(history)

    actual = run_plateau(optim, nn.Parameter)
    expected = run_plateau(torch.optim, lambda a: torch.nn.Parameter(torch.tensor(a)))
    np.testing.assert_allclose(actual, expected, rtol=1e-12)
    assert actual[-1, 0] < 0.5


RESUMED = {
    "step": lambda s, o, last: s.StepLR(o, 11, 0.5, last_epoch=last),
    "multistep": lambda s, o, last: s.MultiStepLR(o, [11, 13], 0.5, last_epoch=last),
    "constant": lambda s, o, last: s.ConstantLR(o, 0.5, 11, last_epoch=last),
    "linear": lambda s, o, last: s.LinearLR(o, 0.2, total_iters=20, last_epoch=last),
    "cosine": lambda s, o, last: s.CosineAnnealingLR(o, 30, last_epoch=last),
    "exponential": lambda s, o, last: s.ExponentialLR(o, 0.9, last_epoch=last),
    "polynomial": lambda s, o, last: s.PolynomialLR(o, 30, last_epoch=last),
    "lambda": lambda s, o, last: s.LambdaLR(o, lambda e: 0.9**e, last_epoch=last),
    "multiplicative": lambda s, o, last: s.MultiplicativeLR(o, lambda e: 0.9, last_epoch=last),
}


@pytest.mark.parametrize("name", RESUMED)
def test_resuming_follows(name):
    """A schedule made with ``last_epoch`` continues as PyTorch's does."""

    def resumed(module, parameter):
        optimizer = module.SGD([parameter], lr=0.5)
        first = RESUMED[name](module.lr_scheduler, optimizer, -1)
        for _ in range(10):
            optimizer.step()
            first.step()
        second = RESUMED[name](module.lr_scheduler, optimizer, first.last_epoch)
        history = []
        for _ in range(10):
            history.append(second.get_last_lr()[0])
            optimizer.step()
            second.step()
        return history

    expected = resumed(torch.optim, torch.nn.Parameter(torch.zeros(1)))
    np.testing.assert_allclose(resumed(optim, nn.Parameter(np.zeros(1))), expected, rtol=1e-9)
