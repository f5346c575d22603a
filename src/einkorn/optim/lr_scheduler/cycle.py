"""Schedules that rise and fall: warm restarts, and one cycle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from einkorn.optim.lr_scheduler.base import (
    LRScheduler,
    checked_optimizer,
    per_group,
    positive,
    within,
)
from einkorn.optim.optimizer import Optimizer

__all__ = ["CosineAnnealingWarmRestarts", "OneCycleLR"]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing that restarts after ``T_0`` epochs, each period ``T_mult`` times as long.

    ``step(epoch)`` takes fractions of an epoch too.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.CosineAnnealingWarmRestarts(sgd, T_0=2)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.5
    1.0
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_0 = self.T_i = positive("T_0", T_0)
        self.T_mult = positive("T_mult", T_mult)
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or straight to ``epoch``, whole or not, and write its rates.

        Raises
        ------
        ValueError
            If ``epoch`` is negative.
        """
        if epoch is None and self.last_epoch >= 0:
            self.last_epoch += 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch or 0)
        self._write(self.get_lr())

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"epoch must be at least 0, got {epoch}")
        self.last_epoch = math.floor(epoch)
        self.T_i = self.T_0
        self.T_cur = epoch % self.T_0 if self.T_mult == 1 else epoch
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult

    def get_lr(self) -> list[float]:
        """Return the rate of every group for the place in the current period."""
        factor = (1.0 + math.cos(math.pi * self.T_cur / self.T_i)) / 2.0
        return [self.eta_min + (base - self.eta_min) * factor for base in self.base_lrs]


class OneCycleLR(LRScheduler):
    """One rise to ``max_lr`` and one long fall below the start, stepped after every batch.

    The rate rises from ``max_lr / div_factor`` during the first ``pct_start`` of the steps and
    then falls to ``max_lr / div_factor / final_div_factor``; with ``three_phase`` it falls back to
    the start symmetrically before the last descent. Momentum (``betas[0]`` for Adam) moves the
    other way between ``max_momentum`` and ``base_momentum``.

    Raises
    ------
    ValueError
        If neither ``total_steps`` nor both of ``epochs`` and ``steps_per_epoch`` are given, if
        ``pct_start`` is outside [0, 1], if ``anneal_strategy`` is unknown, if momentum is to be
        cycled and the optimiser has none, or when stepped more often than ``total_steps``.

    References
    ----------
    L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0, momentum=0.9)
    >>> schedule = optim.lr_scheduler.OneCycleLR(sgd, max_lr=1.0, total_steps=6)
    >>> for _ in range(6):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    0.04
    0.9944
    0.8117
    0.4626
    0.1335
    0.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        self.pct_start = within("pct_start", pct_start, 0.0, 1.0)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        self.anneal_strategy = anneal_strategy
        self.three_phase = three_phase
        self.cycle_momentum = cycle_momentum
        if last_epoch == -1:
            self._start_rates(max_lr, div_factor, final_div_factor)
            if cycle_momentum:
                self._start_momentum(base_momentum, max_momentum)
        super().__init__(optimizer, last_epoch)

    def _start_rates(
        self, max_lr: float | Sequence[float], div_factor: float, final_div_factor: float
    ) -> None:
        rates = per_group("max_lr", max_lr, self.optimizer)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["initial_lr"] = rate / div_factor
            group["max_lr"] = rate
            group["min_lr"] = group["initial_lr"] / final_div_factor

    def _start_momentum(
        self, base_momentum: float | Sequence[float], max_momentum: float | Sequence[float]
    ) -> None:
        if not {"momentum", "betas"} & set(self.optimizer.defaults):
            raise ValueError(
                "cycle_momentum=True needs an optimizer with 'momentum' or 'betas', got "
                f"{type(self.optimizer).__name__}"
            )
        lows = per_group("base_momentum", base_momentum, self.optimizer)
        highs = per_group("max_momentum", max_momentum, self.optimizer)
        for group, low, high in zip(self.optimizer.param_groups, lows, highs, strict=True):
            set_momentum(group, high)
            group["base_momentum"], group["max_momentum"] = low, high

    def _phases(self) -> list[tuple[float, str, str, str, str]]:
        """Return (last step, rate from, rate to, momentum from, momentum to) of each phase."""
        peak = self.pct_start * self.total_steps - 1
        last = float(self.total_steps - 1)
        rise = (peak, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        if self.three_phase:
            return [
                rise,
                (2 * peak, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                (last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        return [rise, (last, "max_lr", "min_lr", "base_momentum", "max_momentum")]

    def _anneal(self, start: float, end: float, progress: float) -> float:
        if self.anneal_strategy == "cos":
            return end + (start - end) / 2.0 * (1.0 + math.cos(math.pi * progress))
        return start + (end - start) * progress

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"step {step} is beyond total_steps={self.total_steps}")
        phases = self._phases()
        number = next((i for i, phase in enumerate(phases) if step <= phase[0]), len(phases) - 1)
        begin = phases[number - 1][0] if number else 0.0
        end, lr_from, lr_to, momentum_from, momentum_to = phases[number]
        progress = (step - begin) / (end - begin)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                set_momentum(
                    group, self._anneal(group[momentum_from], group[momentum_to], progress)
                )
        return [self._anneal(group[lr_from], group[lr_to], progress) for group in groups]


def set_momentum(group: dict[str, Any], momentum: float) -> None:
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        return positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("give total_steps, or both epochs and steps_per_epoch")
    return positive("epochs", epochs) * positive("steps_per_epoch", steps_per_epoch)
