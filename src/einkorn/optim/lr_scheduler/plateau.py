"""The schedule that watches a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from einkorn.optim.lr_scheduler.base import (
    LRScheduler,
    checked_optimizer,
    per_group,
    rates_of,
    write_rate,
)
from einkorn.optim.optimizer import Optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiply the rate by ``factor`` when a metric has stopped improving.

    ``step(metrics)`` counts an epoch without improvement as bad; after more than ``patience`` bad
    ones in a row the rate is reduced (never below ``min_lr``, never by less than ``eps``) and the
    next ``cooldown`` epochs are not counted. An epoch improves by more than ``threshold``:
    relative to the best (``threshold_mode="rel"``) or absolute (``"abs"``).

    Raises
    ------
    ValueError
        If ``factor`` is not below 1, or ``mode`` or ``threshold_mode`` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.ReduceLROnPlateau(sgd, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> sgd.param_groups[0]["lr"]
    0.1
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError(f"factor must be below 1, got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode must be 'rel' or 'abs', got {threshold_mode!r}")
        self.optimizer = checked_optimizer(optimizer)
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.eps = cooldown, eps
        self.min_lrs = per_group("min_lr", min_lr, optimizer)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = rates_of(optimizer)

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs are not being counted."""
        return self.cooldown_counter > 0

    def is_better(self, metric: float, best: float) -> bool:
        """Return whether ``metric`` improves on ``best`` by more than the threshold."""
        sign = -1.0 if self.mode == "min" else 1.0
        if self.threshold_mode == "rel":
            return sign * metric > sign * best * (1.0 + sign * self.threshold)
        return sign * metric > sign * best + self.threshold

    # Needs the measure.
    def step(self, metrics: float, epoch: int | None = None) -> None:  # type: ignore[override]
        """Record the metric of one epoch and reduce the rate when patience has run out."""
        metric = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(metric, self.best):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = rates_of(self.optimizer)

    def _reduce(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            rate = float(group["lr"])
            reduced = max(rate * self.factor, least)
            if rate - reduced > self.eps:
                write_rate(group, reduced)
