"""A global rate that adapts, and gains of single connections."""

import math

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.autograd import as_tensor
from einkorn.optim.lr_scheduler import BoldDriver


def quadratic(x, curvatures, optimizer):
    optimizer.zero_grad()
    loss = (x * x * as_tensor(curvatures)).sum() * 0.5
    loss.backward()
    return loss.item()


def test_bold_driver_follows_its_rule():
    sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    driver = BoldDriver(sgd, increase=1.1, decrease=0.4, threshold=0.1, min_lr=0.2, max_lr=1.2)
    losses = [4.0, 3.0, 3.2, 3.6, 3.5, math.nan, 3.0, math.inf, 9.0, 9.0, 8.0]
    rates = []
    for loss in losses:
        driver.step(loss)
        rates.append(sgd.param_groups[0]["lr"])
    factors = [1, 1.1, 1.1, 0.4, 1.1, 0.4, 1.1, 0.4, 0.4, 1.1, 1.1]
    rate, expected = 1.0, []
    for factor in factors:
        rate = min(max(rate * factor, 0.2), 1.2)
        expected.append(rate)
    np.testing.assert_allclose(rates, expected)
    assert driver.get_last_lr() == [rates[-1]]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_bold_driver_tames_a_rate_that_diverges(momentum):
    curvatures = np.array([1.0, 30.0])

    def trained(bold):
        x = nn.Parameter(np.array([1.0, 1.0]))
        sgd = optim.SGD([x], lr=1.0, momentum=momentum)
        driver = BoldDriver(sgd, undo=True)
        for _ in range(150):
            loss = quadratic(x, curvatures, sgd)
            if bold:
                driver.step(loss)
                quadratic(x, curvatures, sgd)
            sgd.step()
        return loss

    with np.errstate(over="ignore", invalid="ignore"):
        assert not trained(bold=False) < 1e9
    assert trained(bold=True) < 1e-3


def test_undoing_restores_parameters_and_forgets_momentum():
    x = nn.Parameter(np.array([1.0]))
    sgd = optim.SGD([x], lr=1.0, momentum=0.9)
    driver = BoldDriver(sgd, undo=True)
    driver.step(1.0)
    x.grad = as_tensor(np.array([5.0]))
    sgd.step()
    assert x.item() == -4.0
    driver.step(16.0)
    assert x.item() == 1.0
    assert not sgd.state
    driver.step(1.01)  # compared with what was accepted, not with the 16
    assert sgd.param_groups[0]["lr"] == 0.25


def test_bold_driver_resumes():
    def made():
        sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
        return sgd, BoldDriver(sgd, undo=True)

    sgd, driver = made()
    other, resumed = made()
    for loss in (3.0, 2.0, 2.5):
        driver.step(loss)
    resumed.load_state_dict(driver.state_dict())
    other.load_state_dict(sgd.state_dict())
    for loss in (1.9, 1.8, 7.0):
        driver.step(loss)
        resumed.step(loss)
    assert other.param_groups[0]["lr"] == sgd.param_groups[0]["lr"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"theta": 0.7, "increase": 0.2, "decrease": 0.5, "gains": (0.5, 1.5)},
        {"momentum": 0.9, "theta": 0.9, "maximize": True},
        {"momentum": 0.5, "weight_decay": 0.1},
    ],
    ids=str,
)
def test_gains_follow_the_rule_for_one_connection_after_another(settings):
    source = np.random.default_rng(0)
    start = source.normal(size=(2, 3))
    rows = source.normal(size=(40, 2, 3))
    rows[5:9, 0, 1] = 0.0
    x = nn.Parameter(start.copy())
    optimizer = optim.DeltaBarDelta([x], lr=0.05, **settings)
    for row in rows:
        x.grad = as_tensor(row)
        optimizer.step()
    for place in np.ndindex(2, 3):
        weight, gain = one_connection(start[place], rows[(slice(None), *place)], settings)
        np.testing.assert_allclose(x.numpy()[place], weight, rtol=1e-12)
        np.testing.assert_allclose(optimizer.state[x]["gain"][place], gain, rtol=1e-12)


def one_connection(w, gradients, settings):
    up, down = settings.get("increase", 0.05), settings.get("decrease", 0.95)
    low, high = settings.get("gains", (0.1, 10.0))
    theta, momentum = settings.get("theta", 0.0), settings.get("momentum", 0.0)
    gain, mean, velocity = 1.0, 0.0, 0.0
    for g in gradients:
        g = (-g if settings.get("maximize") else g) + settings.get("weight_decay", 0.0) * w
        if g * mean > 0:
            gain = min(gain + up, high)
        elif g * mean < 0:
            gain = max(gain * down, low)
        mean = (1 - theta) * g + theta * mean
        velocity = momentum * velocity + gain * g
        w -= 0.05 * velocity
    return w, gain


def test_gains_help_where_curvatures_differ():
    curvatures = np.array([0.01, 1.0])

    def loss_after(make):
        x = nn.Parameter(np.array([1.0, 1.0]))
        optimizer = make([x])
        for _ in range(400):
            quadratic(x, curvatures, optimizer)
            optimizer.step()
        return quadratic(x, curvatures, optimizer)

    plain = loss_after(lambda p: optim.SGD(p, lr=0.1))
    assert loss_after(lambda p: optim.DeltaBarDelta(p, lr=0.1)) < plain / 2


def test_gains_are_restored():
    source = np.random.default_rng(0)
    one, other = (nn.Parameter(np.ones(5)) for _ in range(2))
    first, second = (optim.DeltaBarDelta([x], momentum=0.5) for x in (one, other))
    for number in range(20):
        if number == 10:
            other.numpy()[...] = one.numpy()
            second.load_state_dict(first.state_dict())
        gradient = source.normal(size=5)
        one.grad, other.grad = as_tensor(gradient), as_tensor(gradient)
        first.step()
        if number >= 10:
            second.step()
    np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"lr": -1.0}, "lr must be at least 0"),
        ({"decrease": 1.5}, "decrease must be at most 1"),
        ({"theta": 1.0}, r"theta must be in \[0, 1\)"),
        ({"gains": (2.0, 3.0)}, "gains must enclose 1"),
    ],
)
def test_settings_of_gains_that_make_no_sense(settings, match):
    with pytest.raises(ValueError, match=match):
        optim.DeltaBarDelta([nn.Parameter(np.ones(1))], **settings)


@pytest.mark.parametrize("settings", [{"decrease": 1.0}, {"increase": 0.9}, {"threshold": -1}])
def test_settings_of_the_driver_that_make_no_sense(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        BoldDriver(optim.SGD([nn.Parameter(np.ones(1))]), **settings)
