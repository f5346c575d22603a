"""Schedules: state, and refusals."""

import math

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.optim import lr_scheduler


def sgd(lr=1.0, groups=1, **settings):
    params = [{"params": [nn.Parameter(np.zeros(1))]} for _ in range(groups)]
    return optim.SGD(params, lr=lr, **settings)


MAKERS = {
    "step": lambda o: lr_scheduler.StepLR(o, 3, 0.5),
    "multistep": lambda o: lr_scheduler.MultiStepLR(o, [2, 5, 5], 0.5),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 7, 0.1),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda e: 0.9**e),
    "multiplicative": lambda o: lr_scheduler.MultiplicativeLR(o, lambda e: 0.9),
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, 2.0, total_steps=40),
    "sequential": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [4]
    ),
    "chained": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
}


def steps(optimizer, schedule, number):
    history = []
    for _ in range(number):
        schedule.step()
        history.append(optimizer.param_groups[0]["lr"])
    return history


@pytest.mark.parametrize("name", MAKERS)
def test_restored_state_continues_the_same(name):
    optimizer = sgd(momentum=0.9)
    schedule = MAKERS[name](optimizer)
    steps(optimizer, schedule, 6)
    other = sgd(momentum=0.9)
    restored = MAKERS[name](other)
    restored.load_state_dict(schedule.state_dict())
    other.load_state_dict(optimizer.state_dict())
    assert steps(other, restored, 12) == steps(optimizer, schedule, 12)


def test_plateau_state_is_restored():
    optimizer = sgd()
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
    for metric in (3.0, 2.0, 2.0, 2.0):
        schedule.step(metric)
    restored = lr_scheduler.ReduceLROnPlateau(sgd(), patience=3)
    restored.load_state_dict(schedule.state_dict())
    assert (restored.best, restored.num_bad_epochs) == (2.0, 2)


def test_plateau_counts_nan_as_bad():
    optimizer = sgd()
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    schedule.step(1.0)
    schedule.step(math.nan)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


def test_a_rate_changed_by_hand_keeps_its_change():
    optimizer = sgd()
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    schedule.step()
    optimizer.param_groups[0]["lr"] *= 10
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(2.5)


def test_state_holds_no_functions():
    schedule = MAKERS["lambda"](sgd())
    assert not any(callable(value) for value in schedule.state_dict().values())


def test_going_to_an_epoch_uses_the_closed_form():
    optimizer = sgd()
    schedule = lr_scheduler.CosineAnnealingLR(optimizer, 10)
    schedule.step(5)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: lr_scheduler.StepLR("sgd", 3), TypeError, "optimizer must be an Optimizer"),
        (lambda o: lr_scheduler.StepLR(o, 0), ValueError, "step_size must be a positive"),
        (lambda o: lr_scheduler.StepLR(o, 3, last_epoch=2), KeyError, "initial_lr"),
        (lambda o: lr_scheduler.LinearLR(o, 0.0), ValueError, r"start_factor must be in \(0"),
        (lambda o: lr_scheduler.LinearLR(o, end_factor=2.0), ValueError, "end_factor"),
        (lambda o: lr_scheduler.ConstantLR(o, 1.5), ValueError, "factor must be in"),
        (lambda o: lr_scheduler.LambdaLR(o, [abs, abs]), ValueError, "2 entries for 1 param"),
        (lambda o: lr_scheduler.CosineAnnealingLR(o, 0), ValueError, "T_max"),
        (lambda o: lr_scheduler.OneCycleLR(o, 1.0), ValueError, "give total_steps, or both"),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 1.0, 9, pct_start=2.0),
            ValueError,
            "pct_start must be in",
        ),
        (
            lambda o: lr_scheduler.OneCycleLR(o, 1.0, 9, anneal_strategy="log"),
            ValueError,
            "anneal_strategy",
        ),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), ValueError, "below 1"),
        (lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="up"), ValueError, "mode"),
        (lambda o: lr_scheduler.ChainedScheduler([]), ValueError, "at least one"),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o)], [3]),
            ValueError,
            "1 schedulers need 0 milestones, got 1",
        ),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(sgd())], []),
            ValueError,
            r"schedulers\[0\] belongs to another optimizer",
        ),
        (
            lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ReduceLROnPlateau(o)], []),
            ValueError,
            "needs a metric",
        ),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(sgd())


def test_one_cycle_ends():
    optimizer = sgd()
    schedule = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=3)
    with pytest.raises(ValueError, match="beyond total_steps=3"):
        steps(optimizer, schedule, 10)
