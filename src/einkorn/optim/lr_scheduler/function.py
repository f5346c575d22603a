"""Schedules given as functions of the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Any

from einkorn.optim.lr_scheduler.base import (
    LRScheduler,
    Schedule,
    checked_optimizer,
    per_group,
    rates_of,
)
from einkorn.optim.optimizer import Optimizer

__all__ = ["LambdaLR", "MultiplicativeLR"]


class _FunctionLR(LRScheduler):
    """A schedule with a function a group; `state_dict` has the attributes of callable objects."""

    _transient = frozenset({"optimizer", "lr_lambdas"})

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Schedule | Sequence[Schedule],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, checked_optimizer(optimizer))
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser and functions; of callable objects, attributes."""
        attributes = [
            None if isinstance(one, FunctionType) else dict(getattr(one, "__dict__", {}))
            for one in self.lr_lambdas
        ]
        return super().state_dict() | {"lr_lambdas": attributes}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave, into the callable objects too."""
        super().load_state_dict(state_dict)
        for one, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes:
                vars(one).update(attributes)


class LambdaLR(_FunctionLR):
    """Set the rate to the base rate times ``lr_lambda(epoch)``.

    ``lr_lambda`` is one function for all groups or a list with one for each. `state_dict` leaves
    functions out, and keeps the attributes of callable objects.

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

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        return [
            base * schedule(self.last_epoch)
            for base, schedule in zip(self.base_lrs, self.lr_lambdas, strict=True)
        ]


class MultiplicativeLR(_FunctionLR):
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

    _resumes_unchanged = True

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        rates = rates_of(self.optimizer)
        if self._is_initial:
            return rates
        return [
            rate * schedule(self.last_epoch)
            for rate, schedule in zip(rates, self.lr_lambdas, strict=True)
        ]
