"""Rates that rise and fall in triangles, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from einkorn.optim.lr_scheduler.base import LRScheduler, checked_optimizer, per_group
from einkorn.optim.lr_scheduler.cycle import set_momentum
from einkorn.optim.optimizer import Optimizer

__all__ = ["CyclicLR"]


class CyclicLR(LRScheduler):
    r"""Triangles between ``base_lr`` and ``max_lr``, stepped after every batch.

    .. math::
        \eta = \eta_{\min} + (\eta_{\max} - \eta_{\min})\, h\, s

    where :math:`h` rises from 0 to 1 during ``step_size_up`` steps and falls back during
    ``step_size_down``, and :math:`s` is 1 (``"triangular"``), :math:`2^{1-k}` in the k-th cycle
    (``"triangular2"``), ``gamma`` to the power of the steps done (``"exp_range"``), or
    ``scale_fn`` of either (``scale_mode``). Momentum (``betas[0]`` for Adam) moves the other way.

    Raises
    ------
    ValueError
        If ``mode`` is unknown, a list has another length than the groups, or momentum is to be
        cycled and the optimiser has none.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0, momentum=0.9)
    >>> schedule = optim.lr_scheduler.CyclicLR(sgd, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> for _ in range(5):
    ...     print(sgd.param_groups[0]["lr"])
    ...     schedule.step()
    0.0
    0.5
    1.0
    0.5
    0.0
    """

    _transient = frozenset({"optimizer", "_scale_fn_custom"})

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(f"mode must be triangular, triangular2 or exp_range, got {mode!r}")
        self.optimizer = checked_optimizer(optimizer)
        lows = per_group("base_lr", base_lr, optimizer)
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        if scale_fn is None:
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momenta(base_momentum, max_momentum, last_epoch == -1)
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, lows, strict=True):
                group["lr"] = low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def _start_momenta(
        self, low: float | Sequence[float], high: float | Sequence[float], starts: bool
    ) -> None:
        if not {"momentum", "betas"} & set(self.optimizer.defaults):
            raise ValueError(
                "cycle_momentum=True needs an optimizer with 'momentum' or 'betas', got "
                f"{type(self.optimizer).__name__}"
            )
        self.base_momentums = per_group("base_momentum", low, self.optimizer)
        self.max_momentums = per_group("max_momentum", high, self.optimizer)
        if starts:
            for group, momentum in zip(
                self.optimizer.param_groups, self.max_momentums, strict=True
            ):
                set_momentum(group, momentum)

    def scale_fn(self, x: float) -> float:
        """Return the height of the triangle in cycle, or at step, ``x``."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 2.0 ** (1.0 - x)
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``, and write the momenta."""
        done = 1.0 + self.last_epoch / self.total_size
        cycle = math.floor(done)
        x = done - cycle
        ratio = self.step_ratio
        height = x / ratio if x <= ratio else (x - 1.0) / (ratio - 1.0)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = zip(self.base_momentums, self.max_momentums, strict=True)
            groups = self.optimizer.param_groups
            for group, (low, high) in zip(groups, momenta, strict=True):
                set_momentum(group, high - (high - low) * height)
        rates = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * height for low, high in rates]
