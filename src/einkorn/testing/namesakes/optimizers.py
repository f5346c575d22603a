"""Optimisers on the settings of ``optim_db``, and the schedules of learning rates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

import einkorn as ek
from einkorn.testing.namesakes import database
from einkorn.testing.namesakes.compare import assert_alike, assert_refused, converted
from einkorn.testing.namesakes.convert import numpy_dtype
from einkorn.testing.namesakes.differences import Different
from einkorn.testing.namesakes.report import Trial, spread

__all__ = ["names", "trials"]

_STEPS = 8
_SCHEDULE = "optim.lr_scheduler."


@cache
def _database() -> dict[str, Any]:
    found = {f"optim.{info.optim_cls.__name__}": info for info in database.optimizers()}
    return {name: info for name, info in found.items() if hasattr(ek.optim, name[6:])}


def names() -> list[str]:
    """Return the namesakes: optimisers of PyTorch's database that einkorn has, and schedules."""
    return [*sorted(_database()), *(f"{_SCHEDULE}{name}" for name in sorted(SCHEDULES))]


def trials(name: str, limit: int | None = None) -> Iterator[Trial]:
    """Return the comparisons of an optimiser or schedule."""
    if name.startswith(_SCHEDULE):
        yield from _schedule_trials(name.removeprefix(_SCHEDULE))
        return
    import torch

    info = _database()[name]
    for dtype in (torch.float32, torch.float64):
        for _, sample in spread(info.optim_inputs_func("cpu"), limit):
            what = f"{str(dtype).removeprefix('torch.')}, {sample.desc}: {sample.kwargs}"
            if not info.only_supports_sparse_grads:
                yield what, partial(_compare, info, sample.kwargs, dtype)
            decays = sample.kwargs.get("weight_decay", 0) != 0
            if info.only_supports_sparse_grads or (info.supports_sparse and not decays):
                sparse = partial(_compare, info, sample.kwargs, dtype, sparse=True)
                yield f"sparse, {what}", sparse
    for error in info.optim_error_inputs_func("cpu", torch.float32):
        yield f"error: {error.error_regex[:120]}", partial(_refuse, info, error)


def _start(info: Any, dtype: Any) -> list[np.ndarray]:
    """Return the values of two parameters; some optimisers take matrices only."""
    generator = np.random.default_rng(1)
    shapes = ((3, 4), (2, 3)) if info.optim_cls.__name__ == "Muon" else ((3, 4), (5,))
    return [generator.standard_normal(shape).astype(numpy_dtype(dtype)) for shape in shapes]


def _compare(info: Any, settings: dict[str, Any], dtype: Any, sparse: bool = False) -> None:
    import torch

    (options,), _ = converted(settings)
    start = _start(info, dtype)[:1] if sparse else _start(info, dtype)
    theirs = [torch.nn.Parameter(torch.tensor(x)) for x in start]
    ours = [ek.nn.Parameter(x.copy()) for x in start]
    their_optimizer = info.optim_cls(theirs, **settings)
    our_optimizer = getattr(ek.optim, info.optim_cls.__name__)(ours, **options)
    for number in range(_STEPS):
        if sparse:
            index = np.random.default_rng(number).integers(0, 3, 4)
            looks = (torch.nn.functional.embedding, ek.nn.functional.embedding)
            their_way, our_way = (
                partial(look, place, sparse=True)
                for look, place in zip(looks, (torch.from_numpy(index), index), strict=True)
            )
        else:
            their_way = our_way = _itself
        expected = their_optimizer.step(partial(_closure, their_optimizer, theirs, their_way))
        actual = our_optimizer.step(partial(_closure, our_optimizer, ours, our_way))
        assert_alike(actual, expected, f"loss of step {number}")
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            assert_alike(x, y, f"parameter {i} after step {number}")


def _itself(x: Any) -> Any:
    return x


def _closure(optimizer: Any, parameters: list[Any], way: Any) -> Any:
    """Return the loss, a sum of fourth and second powers, with its gradients in place.

    `way` makes of a parameter what the powers are of: itself, or rows of it.
    """
    optimizer.zero_grad()
    loss = sum(((x**4) * 0.1 + (x - 0.5) ** 2).sum() for x in map(way, parameters))
    loss.backward()
    return loss


def _refuse(info: Any, error: Any) -> None:
    sample = error.optimizer_error_input
    if error.error_on.name != "CONSTRUCTION_ERROR":
        raise Different("devices")
    parameters = _start(info, "float32") if sample.params is None else sample.params
    if sample.params is None:
        parameters = [ek.nn.Parameter(x) for x in parameters]
    (parameters, options), _ = converted(parameters, sample.kwargs)
    assert_refused(getattr(ek.optim, info.optim_cls.__name__), parameters, **options)


def _scaled(epoch: int) -> float:
    return 0.9**epoch


#: Arguments of each schedule; a function is given the schedules and the optimiser.
SCHEDULES: dict[str, list[Any]] = {
    "StepLR": [{"step_size": 3}, {"step_size": 2, "gamma": 0.5}],
    "MultiStepLR": [{"milestones": [2, 5, 5], "gamma": 0.5}],
    "ConstantLR": [{}, {"factor": 0.4, "total_iters": 4}],
    "LinearLR": [{}, {"start_factor": 0.4, "end_factor": 0.8, "total_iters": 4}],
    "ExponentialLR": [{"gamma": 0.9}],
    "PolynomialLR": [{}, {"total_iters": 4, "power": 0.9}],
    "CosineAnnealingLR": [{"T_max": 7}, {"T_max": 5, "eta_min": 0.01}],
    "CosineAnnealingWarmRestarts": [{"T_0": 3}, {"T_0": 2, "T_mult": 2, "eta_min": 0.01}],
    "LambdaLR": [{"lr_lambda": _scaled}, {"lr_lambda": [_scaled, lambda epoch: 1 / (1 + epoch)]}],
    "MultiplicativeLR": [{"lr_lambda": lambda epoch: 0.95}],
    "CyclicLR": [
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 4},
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3, "mode": "triangular2"},
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3, "mode": "exp_range", "gamma": 0.9},
    ],
    "OneCycleLR": [
        {"max_lr": 0.5, "total_steps": 20},
        {"max_lr": [0.5, 0.2], "epochs": 4, "steps_per_epoch": 5, "anneal_strategy": "linear"},
        {"max_lr": 0.5, "total_steps": 20, "three_phase": True, "cycle_momentum": False},
    ],
    "ReduceLROnPlateau": [{"patience": 1}, {"patience": 0, "mode": "max", "cooldown": 2}],
    "SequentialLR": [
        lambda schedules, optimizer: {
            "schedulers": [
                schedules.LinearLR(optimizer, total_iters=4),
                schedules.ExponentialLR(optimizer, 0.9),
            ],
            "milestones": [4],
        }
    ],
    "ChainedScheduler": [
        lambda schedules, optimizer: {
            "schedulers": [schedules.ConstantLR(optimizer), schedules.ExponentialLR(optimizer, 0.9)]
        }
    ],
}
SCHEDULES = {n: all for n, all in SCHEDULES.items() if hasattr(ek.optim.lr_scheduler, n)}


def _schedule_trials(name: str) -> Iterator[Trial]:
    for settings in SCHEDULES[name]:
        yield str(settings), partial(_compare_schedule, name, settings)


def _compare_schedule(name: str, settings: Any) -> None:
    import torch

    histories = [
        _history(ek.optim, [ek.nn.Parameter(np.zeros(2)) for _ in range(2)], name, settings),
        _history(
            torch.optim, [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)], name, settings
        ),
    ]
    np.testing.assert_allclose(*histories, 1e-9)


def _history(optim: Any, parameters: list[Any], name: str, settings: Any) -> list[Any]:
    """Return rates and momenta of two groups over twenty steps."""
    groups = [{"params": [x], "lr": lr} for x, lr in zip(parameters, (0.1, 0.3), strict=True)]
    optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)
    schedules = optim.lr_scheduler
    options = settings(schedules, optimizer) if callable(settings) else settings
    leading = () if name == "ChainedScheduler" else (optimizer,)
    schedule = getattr(schedules, name)(*leading, **options)
    history = [[(group["lr"], group["momentum"]) for group in optimizer.param_groups]]
    for number in range(19):
        optimizer.step()
        schedule.step(*([abs(number - 6.0)] if name == "ReduceLROnPlateau" else []))
        history.append([(group["lr"], group["momentum"]) for group in optimizer.param_groups])
    return history
