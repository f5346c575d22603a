"""`CyclicLR` beyond the settings that every schedule is compared on."""

import numpy as np
import pytest

from einkorn import nn, optim
from einkorn.optim.lr_scheduler import CyclicLR

SETTINGS = {
    "triangular": {"step_size_up": 4, "step_size_down": 7},
    "triangular2": {"step_size_up": 3, "mode": "triangular2"},
    "exp_range": {"step_size_up": 3, "mode": "exp_range", "gamma": 0.97},
    "own": {"step_size_up": 3, "scale_fn": lambda x: 1 / (1 + x), "scale_mode": "iterations"},
}


def made(optim, x, settings, adam):
    optimizer = optim.Adam([x], lr=0.1) if adam else optim.SGD([x], lr=0.1, momentum=0.9)
    schedule = optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.2, **settings)
    return optimizer, schedule


def seen(optimizer):
    group = optimizer.param_groups[0]
    return group["lr"], group["betas"][0] if "betas" in group else group["momentum"]


@pytest.mark.parametrize("adam", [False, True])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_agrees_with_torch_through_a_resumption(settings, adam):
    torch = pytest.importorskip("torch")
    theirs, their_schedule = made(torch.optim, torch.nn.Parameter(torch.zeros(2)), settings, adam)
    ours, schedule = made(optim, nn.Parameter(np.zeros(2)), settings, adam)
    for number in range(50):
        np.testing.assert_allclose(seen(ours), seen(theirs), 1e-12)
        if number == 23:
            before = schedule.state_dict(), ours.state_dict()
            ours, schedule = made(optim, nn.Parameter(np.zeros(2)), settings, adam)
            schedule.load_state_dict(before[0])
            ours.load_state_dict(before[1])
        theirs.step()
        their_schedule.step()
        schedule.step()


def test_bad_arguments_are_refused():
    sgd = optim.SGD([nn.Parameter(np.zeros(2))], lr=0.1, momentum=0.9)
    with pytest.raises(ValueError, match="mode must be"):
        CyclicLR(sgd, 0.1, 0.2, mode="square")
    with pytest.raises(ValueError, match="max_lr has 2 entries for 1"):
        CyclicLR(sgd, 0.1, [0.2, 0.3])
    with pytest.raises(ValueError, match="cycle_momentum"):
        CyclicLR(optim.Adagrad([nn.Parameter(np.zeros(2))]), 0.1, 0.2)
