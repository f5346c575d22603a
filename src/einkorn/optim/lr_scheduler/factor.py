"""Schedules that are a product: the base rate times a factor of the epoch.

They are stepped by the *ratio* of two successive factors, not set to the closed form, so that
several schedules may be chained on one optimiser and a rate that the user changed by hand keeps
its change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from einkorn.optim.lr_scheduler.base import LRScheduler, positive, rates_of, within
from einkorn.optim.optimizer import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LinearLR",
    "MultiStepLR",
    "PolynomialLR",
    "StepLR",
]


class FactorLR(LRScheduler):
    """A schedule of the form ``floor + (base - floor) * factor(epoch)``."""

    _floor = 0.0
    _resumes_unchanged = True

    def _factor(self, epoch: int) -> float:
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        now = self._factor(self.last_epoch)
        before = self._factor(self.last_epoch - 1) if self.last_epoch > 0 else 1.0
        return [
            self._advance(rate, base, before, now)
            for rate, base in zip(rates_of(self.optimizer), self.base_lrs, strict=True)
        ]

    def _advance(self, rate: float, base: float, before: float, now: float) -> float:
        if now == before:
            return rate
        if before == 0.0:  # a ratio cannot leave zero: add what the closed form gains
            return rate + (base - self._floor) * now
        return self._floor + (rate - self._floor) * (now / before)

    def _closed_form_lr(self) -> list[float]:
        factor = self._factor(self.last_epoch)
        return [self._floor + (base - self._floor) * factor for base in self.base_lrs]


class StepLR(FactorLR):
    r"""Multiply the rate by ``gamma`` every ``step_size`` epochs.

    .. math:: \eta_t = \eta_0 \gamma^{\lfloor t / s \rfloor}

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(2))], lr=1.0)
    >>> schedule = optim.lr_scheduler.StepLR(sgd, step_size=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(schedule.get_last_lr()[0])
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.1, 0.1]
    """

    _resumes_unchanged = False

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = positive("step_size", step_size)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(FactorLR):
    """Multiply the rate by ``gamma`` at every milestone; a milestone named twice counts twice.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.MultiStepLR(sgd, milestones=[1, 3])
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.1
    0.1
    0.01
    """

    _resumes_unchanged = False

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        passed = sum(times for epoch_, times in self.milestones.items() if epoch_ <= epoch)
        return self.gamma**passed


class ConstantLR(FactorLR):
    """Multiply the rate by ``factor`` until epoch ``total_iters``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.ConstantLR(sgd, factor=0.5, total_iters=2)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    0.5
    0.5
    1.0
    1.0
    """

    _resumes_unchanged = False

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.factor = within("factor", factor, 0.0, 1.0)
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(FactorLR):
    """Move the factor linearly from ``start_factor`` to ``end_factor`` in ``total_iters`` epochs.

    Raises
    ------
    ValueError
        If ``start_factor`` is outside (0, 1] or ``end_factor`` outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.LinearLR(sgd, start_factor=0.5, total_iters=2)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    0.5
    0.75
    1.0
    1.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = within("start_factor", start_factor, 0.0, 1.0, open_below=True)
        self.end_factor = within("end_factor", end_factor, 0.0, 1.0)
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        if epoch >= self.total_iters:
            return self.end_factor
        progress = epoch / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * progress


class ExponentialLR(FactorLR):
    """Multiply the rate by ``gamma`` every epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.ExponentialLR(sgd, gamma=0.5)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.5
    0.25
    0.125
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.gamma**epoch


class PolynomialLR(FactorLR):
    r"""Decay to zero in ``total_iters`` epochs along :math:`(1 - t/T)^p`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.PolynomialLR(sgd, total_iters=2)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.5
    0.0
    0.0
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return (1.0 - min(epoch, self.total_iters) / self.total_iters) ** self.power


class CosineAnnealingLR(FactorLR):
    r"""Follow a cosine from the base rate to ``eta_min`` in ``T_max`` epochs, and back.

    .. math:: \eta_t = \eta_{min} + \tfrac12 (\eta_0 - \eta_{min}) (1 + \cos(\pi t / T_{max}))

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=2)
    >>> for _ in range(4):
    ...     print(round(sgd.param_groups[0]["lr"], 4))
    ...     schedule.step()
    1.0
    0.5
    0.0
    0.5
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = positive("T_max", T_max)
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    @property
    def _floor(self) -> float:  # type: ignore[override]  # a base sets it
        return self.eta_min

    def _factor(self, epoch: int) -> float:
        return (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0
