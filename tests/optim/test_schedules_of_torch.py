"""Schedules follow PyTorch's: alone, together, through a resumption, and sent to an epoch."""

import itertools
import warnings

import numpy as np
import pytest

from einkorn import nn, optim

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

STEPS = 60
MADE = {
    "LambdaLR": lambda s, o, last=-1: s.LambdaLR(
        o, [lambda e: 0.95**e, lambda e: 1 / (1 + e)], last_epoch=last
    ),
    "MultiplicativeLR": lambda s, o, last=-1: s.MultiplicativeLR(
        o, lambda e: 0.9 + 0.01 * (e % 3), last_epoch=last
    ),
    "StepLR": lambda s, o, last=-1: s.StepLR(o, 7, 0.6, last_epoch=last),
    "MultiStepLR": lambda s, o, last=-1: s.MultiStepLR(o, [9, 4, 9, 30], 0.7, last_epoch=last),
    "ConstantLR": lambda s, o, last=-1: s.ConstantLR(o, 0.4, 11, last_epoch=last),
    "LinearLR": lambda s, o, last=-1: s.LinearLR(o, 0.2, 0.7, 13, last_epoch=last),
    "LinearLR down": lambda s, o, last=-1: s.LinearLR(o, 1.0, 0.1, 50, last_epoch=last),
    "ExponentialLR": lambda s, o, last=-1: s.ExponentialLR(o, 0.93, last_epoch=last),
    "PolynomialLR": lambda s, o, last=-1: s.PolynomialLR(o, 40, 1.7, last_epoch=last),
    "PolynomialLR short": lambda s, o, last=-1: s.PolynomialLR(o, 5, last_epoch=last),
    "CosineAnnealingLR": lambda s, o, last=-1: s.CosineAnnealingLR(o, 17, 0.01, last_epoch=last),
    "CosineAnnealingLR to 0": lambda s, o, last=-1: s.CosineAnnealingLR(o, 8, last_epoch=last),
    "CosineAnnealingWarmRestarts": lambda s, o, last=-1: s.CosineAnnealingWarmRestarts(
        o, 4, 2, 0.02, last_epoch=last
    ),
    "CosineAnnealingWarmRestarts equal": lambda s, o, last=-1: s.CosineAnnealingWarmRestarts(
        o, 9, last_epoch=last
    ),
    "OneCycleLR": lambda s, o, last=-1: s.OneCycleLR(o, [0.8, 0.4], 3 * STEPS, last_epoch=last),
    "OneCycleLR linear": lambda s, o, last=-1: s.OneCycleLR(
        o, 0.8, epochs=9, steps_per_epoch=20, pct_start=0.1, anneal_strategy="linear",
        three_phase=True, base_momentum=[0.5, 0.6], last_epoch=last,
    ),
    "CyclicLR": lambda s, o, last=-1: s.CyclicLR(o, 0.01, [0.6, 0.3], 5, 8, last_epoch=last),
    "CyclicLR triangular2": lambda s, o, last=-1: s.CyclicLR(
        o, 0.01, 0.6, 5, mode="triangular2", cycle_momentum=False, last_epoch=last
    ),
    "CyclicLR exp_range": lambda s, o, last=-1: s.CyclicLR(
        o, 0.01, 0.6, 5, mode="exp_range", gamma=0.98, last_epoch=last
    ),
    "CyclicLR own": lambda s, o, last=-1: s.CyclicLR(
        o, 0.01, 0.6, 5, scale_fn=lambda k: 1 / (1 + k), scale_mode="iterations", last_epoch=last
    ),
}  # fmt: skip
#: Those that write a rate whatever it was before come first in a chain, or undo what was.
COMPOSED = {
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, 20), s.StepLR(o, 4)], [5, 30]
    ),
    "SequentialLR at once": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1), s.ExponentialLR(o, 0.9), s.OneCycleLR(o, 0.7, 90)], [1, 40]
    ),
    "SequentialLR of restarts": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingWarmRestarts(o, 6, 2)], [4]
    ),
    "SequentialLR of all": lambda s, o: s.SequentialLR(
        o, [s.MultiStepLR(o, [2, 3]), s.PolynomialLR(o, 20), s.LambdaLR(o, lambda e: 0.9**e),
            s.MultiplicativeLR(o, lambda e: 0.97), s.CyclicLR(o, 0.01, 0.5, 4)],
        [6, 15, 22, 40],
    ),
    "SequentialLR nested": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.ConstantLR(o, 0.3, 4), s.StepLR(o, 5, 0.8)]),
         s.ExponentialLR(o, 0.97)],
        [15],
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, 4), s.CosineAnnealingLR(o, 9, 0.01), s.ExponentialLR(o, 0.98)]
    ),
    "ChainedScheduler of sequences": lambda s, o: s.ChainedScheduler(
        [s.SequentialLR(o, [s.LinearLR(o, 0.1), s.ExponentialLR(o, 0.95)], [7]),
         s.StepLR(o, 11, 0.7)]
    ),
}  # fmt: skip


def optimizer_of(module, wrap, name="SGD"):
    groups = [{"params": [wrap(np.zeros(2))]}, {"params": [wrap(np.zeros(3))], "lr": 0.25}]
    extra = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    return getattr(module, name)(groups, lr=0.5, **extra)


def both(name="SGD"):
    theirs = optimizer_of(torch.optim, lambda x: torch.nn.Parameter(torch.tensor(x)), name)
    return (optim, optimizer_of(optim, nn.Parameter, name)), (torch.optim, theirs)


def seen(optimizer):
    row = []
    for group in optimizer.param_groups:
        row += [group["lr"], *group.get("betas", ()), group.get("momentum", 0)]
    return row


def follow(make, name="SGD", steps=STEPS):
    """Step one or several schedules on each side, and compare rates and momenta."""
    histories = []
    for module, optimizer in both(name):
        schedules = make(module.lr_scheduler, optimizer)
        rows = [seen(optimizer)]
        for _ in range(steps):
            optimizer.step()
            for schedule in schedules:
                schedule.step()
            rows.append([*seen(optimizer), *(x for s in schedules for x in s.get_last_lr())])
        histories.append(rows)
    ours, theirs = histories
    for number, (row, expected) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(row, expected, 1e-9, 1e-15, err_msg=f"step {number}")


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW", "RMSprop"])
@pytest.mark.parametrize("name", [*MADE, *COMPOSED])
def test_alone(name, optimizer):
    follow(lambda s, o: [(MADE | COMPOSED)[name](s, o)], optimizer)


@pytest.mark.parametrize("pair", itertools.permutations(MADE, 2), ids=" and ".join)
def test_two_on_one_optimizer(pair):
    follow(lambda s, o: [MADE[name](s, o) for name in pair], steps=25)


@pytest.mark.parametrize("name", [*MADE, *COMPOSED])
def test_state_in_the_middle(name):
    """Ours goes on from a saved state as PyTorch's does without a pause."""
    make = (MADE | COMPOSED)[name]
    (module, ours), (peer_module, theirs) = both()
    schedule, peer = make(module.lr_scheduler, ours), make(peer_module.lr_scheduler, theirs)
    for number in range(STEPS):
        if number in (1, 23, 41):
            states = ours.state_dict(), schedule.state_dict()
            (module, ours), _ = both()
            schedule = make(module.lr_scheduler, ours)
            schedule.load_state_dict(states[1])
            ours.load_state_dict(states[0])
        theirs.step()
        schedule.step()
        peer.step()
        np.testing.assert_allclose(seen(ours), seen(theirs), 1e-9, 1e-15, err_msg=f"{number}")
        np.testing.assert_allclose(schedule.get_last_lr(), peer.get_last_lr(), 1e-9, 1e-15)


@pytest.mark.parametrize("name", [*MADE, *COMPOSED])
def test_state_of_torch_is_taken_over(name):
    make = (MADE | COMPOSED)[name]
    (module, ours), (peer_module, theirs) = both()
    schedule, peer = make(module.lr_scheduler, ours), make(peer_module.lr_scheduler, theirs)
    for number in range(STEPS):
        theirs.step()
        peer.step()
        if number == 23:
            schedule.load_state_dict(peer.state_dict())
            ours.load_state_dict(theirs.state_dict())
        elif number > 23:
            schedule.step()
            np.testing.assert_allclose(seen(ours), seen(theirs), 1e-9, 1e-15, err_msg=f"{number}")


@pytest.mark.parametrize("last", [0, 3, 12])
@pytest.mark.parametrize("name", MADE)
def test_made_with_last_epoch(name, last):
    def resumed(s, o):
        first = MADE[name](s, o)
        for _ in range(last):
            o.step()
            first.step()
        return [MADE[name](s, o, last)]

    follow(resumed, steps=20)


@pytest.mark.parametrize("name", MADE)
def test_sent_to_an_epoch(name):
    histories = []
    for module, optimizer in both():
        schedule = MADE[name](module.lr_scheduler, optimizer)
        rows = []
        for epoch in (3, 5, 0, None, None, 21, None, 2, None, 16, 17, None):
            optimizer.step()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schedule.step() if epoch is None else schedule.step(epoch)
            rows.append([schedule.last_epoch, *seen(optimizer), *schedule.get_last_lr()])
        histories.append(rows)
    np.testing.assert_allclose(*histories, 1e-9, 1e-15)


def test_restarts_at_fractions_of_an_epoch():
    make = MADE["CosineAnnealingWarmRestarts"]
    histories = []
    for module, optimizer in both():
        schedule = make(module.lr_scheduler, optimizer)
        rows = []
        for number in range(150):
            optimizer.step()
            schedule.step(number / 5) if number % 11 else schedule.step()
            rows.append([schedule.last_epoch, schedule.T_cur, schedule.T_i, *seen(optimizer)])
        histories.append(rows)
    np.testing.assert_allclose(*histories, 1e-9, 1e-12)


@pytest.mark.parametrize("name", ["StepLR", "CosineAnnealingLR", "OneCycleLR", "LambdaLR"])
def test_a_rate_that_is_a_tensor_stays_one(name):
    short = {
        "LambdaLR": lambda s, o: s.LambdaLR(o, lambda e: 0.9**e),
        "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.8, 70),
    }
    rows = []
    for module, tensor, x in (
        (torch.optim, torch.tensor(0.5, dtype=torch.float64), torch.nn.Parameter(torch.zeros(1))),
        (optim, nn.Parameter(np.array(0.5), requires_grad=False), nn.Parameter(np.zeros(1))),
    ):
        optimizer = module.SGD([x], lr=tensor, momentum=0.9)
        schedule = {**MADE, **short}[name](module.lr_scheduler, optimizer)
        row = []
        for _ in range(STEPS):
            optimizer.step()
            schedule.step()
            row.append(float(optimizer.param_groups[0]["lr"]))
        assert optimizer.param_groups[0]["lr"] is tensor
        rows.append(row)
    np.testing.assert_allclose(*rows, 1e-9)


def test_attributes_of_callable_objects_are_kept():
    class Decay:
        def __init__(self, base):
            self.base = base

        def __call__(self, epoch):
            return self.base**epoch

    sgd = optimizer_of(optim, nn.Parameter)
    schedule = optim.lr_scheduler.LambdaLR(sgd, [Decay(0.9), lambda e: 1.0])
    other = optim.lr_scheduler.LambdaLR(sgd, [Decay(0.5), lambda e: 2.0])
    other.load_state_dict(schedule.state_dict())
    assert other.lr_lambdas[0].base == 0.9
    assert other.lr_lambdas[1](0) == 2.0


def test_refusals():
    sgd = optimizer_of(optim, nn.Parameter)
    s = optim.lr_scheduler
    with pytest.raises(ValueError, match="epoch must be at least 0, got -1"):
        s.CosineAnnealingWarmRestarts(sgd, 3).step(-1)
    chained = s.ChainedScheduler([s.StepLR(sgd, 3)])
    with pytest.raises(ValueError, match="ChainedScheduler must come first"):
        s.SequentialLR(sgd, [s.StepLR(sgd, 3), chained], [4])
