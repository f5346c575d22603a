"""The schedule that raises the rate while all goes well."""

from __future__ import annotations

import math
from typing import Any

from einkorn.autograd import Tensor
from einkorn.optim.gathering import arrays_of
from einkorn.optim.lr_scheduler.base import (
    LRScheduler,
    checked_optimizer,
    rates_of,
    write_rate,
)
from einkorn.optim.optimizer import Optimizer

__all__ = ["BoldDriver"]


class BoldDriver(LRScheduler):
    r"""Raise the rate slowly while the loss falls, and cut it quickly when it rises.

    .. math::
        \eta \leftarrow \operatorname{clip}(
        1.05\, \eta \text{ if } L \le (1 + \tau) L';\; \eta / 2 \text{ if not})

    with :math:`L'` the loss at the call before, or, with ``undo``, at the last one that was no cut.
    A loss that is not finite has risen. Made for the loss over the whole
    training set, after each epoch or step of full-batch descent; where it fluctuates with the
    batch, ``threshold`` has to be larger than that.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates to change.
    increase, decrease : float
        The factors.
    threshold : float
        :math:`\tau`, the rise relative to :math:`|L'|` that is let pass.
    undo : bool
        After a cut, put the parameters back to what they were at the last call that was none, and
        forget the optimiser's state: its momentum led here.
    min_lr, max_lr : float
        Limits of the rates.

    Raises
    ------
    ValueError
        If not ``0 < decrease < 1 <= increase`` or ``threshold`` is negative.

    References
    ----------
    T. P. Vogl et al., "Accelerating the convergence of the back-propagation method", 1988; R.
    Battiti, "Accelerated backpropagation learning: two optimization methods", 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.lr_scheduler.BoldDriver(sgd)
    >>> for loss in (3.0, 2.0, 2.5, 1.9):
    ...     schedule.step(loss)
    ...     print(round(sgd.param_groups[0]["lr"], 5))
    1.0
    1.05
    0.525
    0.55125
    """

    def __init__(
        self,
        optimizer: Optimizer,
        increase: float = 1.05,
        decrease: float = 0.5,
        threshold: float = 0.0,
        undo: bool = False,
        min_lr: float = 0.0,
        max_lr: float = math.inf,
    ) -> None:
        if not 0.0 < decrease < 1.0 <= increase:
            raise ValueError(
                f"increase, decrease: expected 0 < decrease < 1 <= increase, got {increase} and "
                f"{decrease}"
            )
        if not threshold >= 0.0:
            raise ValueError(f"threshold must be at least 0, got {threshold}")
        self.optimizer = checked_optimizer(optimizer)
        self.increase, self.decrease, self.threshold = increase, decrease, threshold
        self.undo, self.min_lr, self.max_lr = undo, min_lr, max_lr
        self.last_epoch = 0
        self.loss: float | None = None
        self._last_lr = rates_of(optimizer)
        self._kept: list[Any] | None = None

    # It needs the loss, as ReduceLROnPlateau does, where other schedules need nothing.
    # Needs the loss.
    def step(self, metrics: float, epoch: int | None = None) -> None:  # type: ignore[override]
        """Judge the loss since the last call: raise the rate, or cut it."""
        loss = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        risen = self._has_risen(loss)
        if risen or self.loss is not None:
            self._scale(self.decrease if risen else self.increase)
        if risen and self._kept is not None:
            self._put_back(self._kept)
        elif math.isfinite(loss):
            self.loss = loss
            if self.undo:
                self._kept = [param.numpy().copy() for param in self._params()]
        self._last_lr = rates_of(self.optimizer)

    def _has_risen(self, loss: float) -> bool:
        if self.loss is None:
            return not math.isfinite(loss)
        return not loss <= self.loss + self.threshold * abs(self.loss)

    def _scale(self, factor: float) -> None:
        for group in self.optimizer.param_groups:
            write_rate(group, min(max(float(group["lr"]) * factor, self.min_lr), self.max_lr))

    def _put_back(self, kept: list[Any]) -> None:
        for array, before in zip(arrays_of(self._params()), kept, strict=True):
            array[...] = before
        self.optimizer.state.clear()

    def _params(self) -> list[Tensor]:
        return [param for group in self.optimizer.param_groups for param in group["params"]]
