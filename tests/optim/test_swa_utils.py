"""Averages of weights are PyTorch's."""

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.optim import swa_utils

torch = pytest.importorskip("torch")
peer_utils = torch.optim.swa_utils

FUNCTIONS = {
    "mean": lambda u: {},
    "mean, one by one": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "mean, many": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "exponential": lambda u: {"avg_fn": u.get_ema_avg_fn(0.8)},
    "exponential, many": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.8)},
    "own": lambda u: {"avg_fn": lambda averaged, current, n: averaged + current * (n + 1)},
}


def models():
    """Return the same model on both sides, in float64, with buffers."""
    ours = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 2)
    )
    ours.to(np.float64)
    theirs.double()
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def train(model, optimizer, x):
    loss = (model(x) ** 2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def assert_equal_states(ours, theirs):
    state, expected = ours.state_dict(), theirs.state_dict()
    assert list(state) == list(expected)
    for name, value in expected.items():
        # PyTorch computes 1 / (n + 1) in float32.
        np.testing.assert_allclose(state[name], value, 1e-6, 1e-9, err_msg=name)


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_average_follows(name, use_buffers):
    if use_buffers and name in ("mean", "mean, many"):
        pytest.skip("PyTorch divides no integers in place")
    ours, theirs = models()
    average = swa_utils.AveragedModel(ours, use_buffers=use_buffers, **FUNCTIONS[name](swa_utils))
    peer = peer_utils.AveragedModel(theirs, use_buffers=use_buffers, **FUNCTIONS[name](peer_utils))
    sgd, their_sgd = optim.SGD(ours.parameters(), 0.01), torch.optim.SGD(theirs.parameters(), 0.01)
    source = np.random.default_rng(0)
    for _ in range(6):
        x = source.normal(size=(7, 3))
        train(ours, sgd, ek.tensor(x))
        train(theirs, their_sgd, torch.tensor(x))
        average.update_parameters(ours)
        peer.update_parameters(theirs)
        assert_equal_states(average, peer)
    average.eval()
    peer.eval()
    np.testing.assert_allclose(average(x).detach(), peer(torch.tensor(x)).detach(), 1e-6)
    other = swa_utils.AveragedModel(ours)
    other.load_state_dict(average.state_dict())
    assert other.n_averaged == 6


def test_averages_of_buffers_that_are_integers():
    model = nn.BatchNorm1d(2)
    average = swa_utils.AveragedModel(model, use_buffers=True)
    for number in (2, 5, 9):
        model.num_batches_tracked.fill_(number)
        average.update_parameters(model)
    assert average.module.num_batches_tracked == 5
    assert model.num_batches_tracked == 9


@pytest.mark.parametrize("pairs", [False, True])
def test_update_bn_follows(pairs):
    ours, theirs = models()
    ours.eval()
    theirs.eval()
    source = np.random.default_rng(0)
    batches = [source.normal(size=(n, 3)) for n in (5, 9, 4)]
    swa_utils.update_bn([(x, None) if pairs else x for x in batches], ours)
    batches = [torch.tensor(x) for x in batches]
    peer_utils.update_bn([(x, None) if pairs else x for x in batches], theirs)
    assert_equal_states(ours, theirs)
    assert not ours.training
    assert ours[1].momentum == 0.1
    assert all(x.grad is None for x in ours.parameters())


def test_update_bn_without_statistics_reads_nothing():
    swa_utils.update_bn(iter(lambda: pytest.fail("read"), None), nn.Linear(1, 1))


@pytest.mark.parametrize("settings", [
    {}, {"anneal_strategy": "linear"}, {"anneal_epochs": 0}, {"anneal_epochs": 31},
    {"anneal_epochs": 4, "anneal_strategy": "linear"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("chained", [None, "before", "sequence"])
def test_swalr_follows(settings, chained):
    rows = []
    for module, wrap in (
        (optim, nn.Parameter),
        (torch.optim, lambda x: torch.nn.Parameter(torch.tensor(x))),
    ):
        groups = [{"params": [wrap(np.zeros(1))]}, {"params": [wrap(np.zeros(1))], "lr": 0.7}]
        sgd = module.SGD(groups, lr=0.5)
        s, swalr = module.lr_scheduler, module.swa_utils.SWALR
        if chained == "sequence":
            schedules = [
                s.SequentialLR(
                    sgd, [s.ExponentialLR(sgd, 0.9), swalr(sgd, [0.05, 0.1], **settings)], [20]
                )
            ]
        else:
            schedules = [s.ExponentialLR(sgd, 0.97)] if chained else []
            schedules.append(swalr(sgd, [0.05, 0.1], **settings))
        row = []
        for _ in range(60):
            row.append([group["lr"] for group in sgd.param_groups])
            sgd.step()
            for schedule in schedules:
                schedule.step()
        rows.append(row)
    np.testing.assert_allclose(*rows, 1e-9, 1e-15)


def test_swalr_resumes():
    def made():
        sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=0.5)
        return sgd, swa_utils.SWALR(sgd, 0.05, anneal_epochs=20)

    sgd, schedule = made()
    other, resumed = made()
    for _ in range(9):
        schedule.step()
    other.load_state_dict(sgd.state_dict())
    resumed.load_state_dict(schedule.state_dict())
    for _ in range(15):
        schedule.step()
        resumed.step()
        assert other.param_groups[0]["lr"] == sgd.param_groups[0]["lr"]


def test_refusals():
    sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=0.5)
    with pytest.raises(ValueError, match="decay must be in"):
        swa_utils.get_ema_avg_fn(1.5)
    with pytest.raises(ValueError, match="decay must be in"):
        swa_utils.get_ema_multi_avg_fn(-0.1)
    with pytest.raises(AssertionError, match="not both"):
        swa_utils.AveragedModel(nn.Linear(1, 1), avg_fn=max, multi_avg_fn=max)
    with pytest.raises(ValueError, match="anneal_strategy must be"):
        swa_utils.SWALR(sgd, 0.1, anneal_strategy="log")
    with pytest.raises(ValueError, match="anneal_epochs must be"):
        swa_utils.SWALR(sgd, 0.1, anneal_epochs=-1)
    with pytest.raises(ValueError, match="swa_lr has 2 entries for 1"):
        swa_utils.SWALR(sgd, [0.1, 0.2])
