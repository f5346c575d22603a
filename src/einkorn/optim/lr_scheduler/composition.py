"""Schedules made of schedules: one after another, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from einkorn.optim.lr_scheduler.base import LRScheduler, rates_of, write_rate
from einkorn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from einkorn.optim.optimizer import Optimizer

__all__ = ["ChainedScheduler", "SequentialLR"]


class SequentialLR(LRScheduler):
    """Run one schedule after another: ``schedulers[i]`` takes over at ``milestones[i - 1]``.

    Each schedule starts from its own epoch 0.

    Raises
    ------
    ValueError
        If there is no schedule, if they do not share ``optimizer``, if one is a
        `ReduceLROnPlateau`, if one but the first is made of schedules, or if ``milestones`` is not
        one shorter than ``schedulers``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> warm_up = optim.lr_scheduler.LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> decay = optim.lr_scheduler.ExponentialLR(sgd, gamma=0.1)
    >>> schedule = optim.lr_scheduler.SequentialLR(sgd, [warm_up, decay], milestones=[2])
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    0.5
    0.75
    1.0
    0.1
    """

    _transient = frozenset({"optimizer", "_schedulers"})

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        _check_together(schedulers, optimizer)
        for scheduler in schedulers:
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError("SequentialLR cannot drive a ReduceLROnPlateau: it needs a metric")
        for scheduler in schedulers[1:]:
            if isinstance(scheduler, SequentialLR | ChainedScheduler):
                raise ValueError(f"{type(scheduler).__name__} must come first, or not at all")
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"{len(schedulers)} schedulers need {len(schedulers) - 1} milestones, got "
                f"{len(milestones)}"
            )
        self.optimizer = optimizer
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self._restart()

    def _restart(self) -> None:
        """Undo the first step that each schedule took when it was made; take the first's again."""
        for group in self.optimizer.param_groups:
            write_rate(group, group["initial_lr"])
        self._undo()
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def _undo(self) -> None:
        for scheduler in self._schedulers:
            scheduler._undo()

    def step(self) -> None:  # type: ignore[override]  # takes no epoch
        """Step the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._begin()
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser, with the states of the schedules."""
        return _with_children(super().state_dict(), self._schedulers)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore this schedule and those that it runs."""
        super().load_state_dict(_load_children(state_dict, self._schedulers))


class ChainedScheduler(LRScheduler):
    """Step several schedules at once; each multiplies the rate that the one before it wrote.

    Raises
    ------
    ValueError
        If there is no schedule or they do not share one optimiser.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> warm_up = optim.lr_scheduler.ConstantLR(sgd, factor=0.5, total_iters=2)
    >>> decay = optim.lr_scheduler.ExponentialLR(sgd, gamma=0.9)
    >>> schedule = optim.lr_scheduler.ChainedScheduler([warm_up, decay])
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    0.5
    0.45
    0.81
    0.729
    """

    _transient = frozenset({"optimizer", "_schedulers"})

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if not schedulers:
            raise ValueError("schedulers must name at least one schedule")
        self.optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        _check_together(schedulers, self.optimizer)
        self._schedulers = schedulers
        self._last_lr = rates_of(self.optimizer)

    def _undo(self) -> None:
        for scheduler in self._schedulers:
            scheduler._undo()

    def step(self) -> None:  # type: ignore[override]  # takes no epoch
        """Step every schedule, in order."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates_of(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Return the states of the schedules."""
        return _with_children(super().state_dict(), self._schedulers)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the schedules."""
        super().load_state_dict(_load_children(state_dict, self._schedulers))


def _with_children(state: dict[str, Any], schedulers: Sequence[LRScheduler]) -> dict[str, Any]:
    return state | {"_schedulers": [scheduler.state_dict() for scheduler in schedulers]}


def _load_children(state: dict[str, Any], schedulers: Sequence[LRScheduler]) -> dict[str, Any]:
    """Load the schedules' states and return what is left for the schedule that runs them."""
    for scheduler, child in zip(schedulers, state["_schedulers"], strict=True):
        scheduler.load_state_dict(child)
    return {key: value for key, value in state.items() if key != "_schedulers"}


def _check_together(schedulers: Sequence[LRScheduler], optimizer: Optimizer) -> None:
    if not schedulers:
        raise ValueError("schedulers must name at least one schedule")
    for index, scheduler in enumerate(schedulers):
        if scheduler.optimizer is not optimizer:
            raise ValueError(f"schedulers[{index}] belongs to another optimizer")
