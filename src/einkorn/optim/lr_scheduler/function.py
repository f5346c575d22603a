"""Schedules given as functions of the epoch."""

from __future__ import annotations

from collections.abc import Sequence

from einkorn.optim.lr_scheduler.base import LRScheduler, Schedule, checked_optimizer, per_group
from einkorn.optim.optimizer import Optimizer

__all__ = ["LambdaLR", "MultiplicativeLR"]


class LambdaLR(LRScheduler):
    """Set the rate to the base rate times ``lr_lambda(epoch)``.

    ``lr_lambda`` is one function for all groups or a list with one for each. `state_dict` leaves
    the functions out.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.LambdaLR(sgd, lambda epoch: 1 / (1 + epoch))
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.5
    0.3333
    0.25
    """

    _transient = frozenset({"optimizer", "lr_lambdas"})

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Schedule | Sequence[Schedule],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, checked_optimizer(optimizer))
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        return [
            base * schedule(self.last_epoch)
            for base, schedule in zip(self.base_lrs, self.lr_lambdas, strict=True)
        ]


class MultiplicativeLR(LRScheduler):
    """Multiply the current rate by ``lr_lambda(epoch)`` at every epoch but the first.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.MultiplicativeLR(sgd, lambda epoch: 0.5)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.5
    0.25
    0.125
    """

    _transient = frozenset({"optimizer", "lr_lambdas"})
    _resumes_unchanged = True

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Schedule | Sequence[Schedule],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, checked_optimizer(optimizer))
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self.last_epoch <= 0:
            return rates
        return [
            rate * schedule(self.last_epoch)
            for rate, schedule in zip(rates, self.lr_lambdas, strict=True)
        ]
