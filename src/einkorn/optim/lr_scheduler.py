"""Learning-rate schedules: a schedule rewrites ``lr`` in its optimiser's groups at every ``step``.

Most schedules are a product: the base rate times a factor of the epoch. Those are stepped by the
*ratio* of two successive factors, not set to the closed form, so that several schedules may be
chained on one optimiser and a rate that the user changed by hand keeps its change.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from einkorn.optim.optimizer import Optimizer

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

Schedule = Callable[[int], float]


class LRScheduler:
    """Base of the schedules: counts epochs and writes the rates that ``get_lr`` returns.

    Parameters
    ----------
    optimizer : Optimizer
        Its groups gain ``initial_lr``, the base rate of every closed form.
    last_epoch : int
        The last epoch done; -1 starts afresh. Any other value resumes, and the groups must then
        carry ``initial_lr``.

    Raises
    ------
    TypeError
        If ``optimizer`` is not an `Optimizer`.
    KeyError
        If ``last_epoch`` is not -1 and a group has no ``initial_lr``.
    """

    # Attributes that belong to the running process, not to the state of the schedule.
    _transient: frozenset[str] = frozenset({"optimizer"})

    # Resuming counts an epoch. PyTorch's schedules differ in whether they change the rate then.
    _resumes_unchanged = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = _checked_optimizer(optimizer)
        self.last_epoch = last_epoch
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param_groups[{index}] has no 'initial_lr', which resuming a schedule at "
                    f"last_epoch={last_epoch} needs"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self._last_lr: list[float] = [group["lr"] for group in optimizer.param_groups]
        if last_epoch != -1 and self._resumes_unchanged:
            self.last_epoch += 1
        else:
            self.step()

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        raise NotImplementedError

    def _closed_form_lr(self) -> list[float]:
        return self.get_lr()

    def get_last_lr(self) -> list[float]:
        """Return the rates last written."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or straight to ``epoch``, and write its rates."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._write(self.get_lr() if epoch is None else self._closed_form_lr())

    def _write(self, rates: Sequence[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = list(rates)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser."""
        return {key: value for key, value in vars(self).items() if key not in self._transient}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave; the optimiser is restored by its own state."""
        vars(self).update(state_dict)


class _FactorLR(LRScheduler):
    """A schedule of the form ``floor + (base - floor) * factor(epoch)``."""

    _floor = 0.0
    _resumes_unchanged = True

    def _factor(self, epoch: int) -> float:
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        now = self._factor(self.last_epoch)
        before = self._factor(self.last_epoch - 1) if self.last_epoch > 0 else 1.0
        return [
            self._advance(group["lr"], base, before, now)
            for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True)
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


class StepLR(_FactorLR):
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
        self.step_size = _positive("step_size", step_size)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(_FactorLR):
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


class ConstantLR(_FactorLR):
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
        self.factor = _within("factor", factor, 0.0, 1.0)
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(_FactorLR):
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
        self.start_factor = _within("start_factor", start_factor, 0.0, 1.0, open_below=True)
        self.end_factor = _within("end_factor", end_factor, 0.0, 1.0)
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self, epoch: int) -> float:
        if epoch >= self.total_iters:
            return self.end_factor
        progress = epoch / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * progress


class ExponentialLR(_FactorLR):
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


class PolynomialLR(_FactorLR):
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


class CosineAnnealingLR(_FactorLR):
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
        self.T_max = _positive("T_max", T_max)
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    @property
    def _floor(self) -> float:  # type: ignore[override]
        return self.eta_min

    def _factor(self, epoch: int) -> float:
        return (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0


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
        self.T_0 = _positive("T_0", T_0)
        self.T_mult = _positive("T_mult", T_mult)
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _position(self) -> tuple[float, float]:
        """Return the epochs done in the current period, and its length."""
        epoch, period = float(self.last_epoch), float(self.T_0)
        if self.T_mult == 1:
            return epoch % period, period
        while epoch >= period:
            epoch -= period
            period *= self.T_mult
        return epoch, period

    def get_lr(self) -> list[float]:
        """Return the rate of every group for ``last_epoch``."""
        done, period = self._position()
        factor = (1.0 + math.cos(math.pi * done / period)) / 2.0
        return [self.eta_min + (base - self.eta_min) * factor for base in self.base_lrs]


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
        self.lr_lambdas = _per_group("lr_lambda", lr_lambda, _checked_optimizer(optimizer))
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
        self.lr_lambdas = _per_group("lr_lambda", lr_lambda, _checked_optimizer(optimizer))
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
        self.optimizer = _checked_optimizer(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        self.pct_start = _within("pct_start", pct_start, 0.0, 1.0)
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
        rates = _per_group("max_lr", max_lr, self.optimizer)
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
        lows = _per_group("base_momentum", base_momentum, self.optimizer)
        highs = _per_group("max_momentum", max_momentum, self.optimizer)
        for group, low, high in zip(self.optimizer.param_groups, lows, highs, strict=True):
            _set_momentum(group, high)
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
                _set_momentum(
                    group, self._anneal(group[momentum_from], group[momentum_to], progress)
                )
        return [self._anneal(group[lr_from], group[lr_to], progress) for group in groups]


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
        self.optimizer = _checked_optimizer(optimizer)
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.eps = cooldown, eps
        self.min_lrs = _per_group("min_lr", min_lr, optimizer)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

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
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _reduce(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            reduced = max(group["lr"] * self.factor, least)
            if group["lr"] - reduced > self.eps:
                group["lr"] = reduced


class SequentialLR(LRScheduler):
    """Run one schedule after another: ``schedulers[i]`` takes over at ``milestones[i - 1]``.

    Each schedule starts from its own epoch 0.

    Raises
    ------
    ValueError
        If there is no schedule, if they do not share ``optimizer``, if one is a
        `ReduceLROnPlateau`, or if ``milestones`` is not one shorter than ``schedulers``.

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

    _transient = frozenset({"optimizer", "schedulers"})

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
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"{len(schedulers)} schedulers need {len(schedulers) - 1} milestones, got "
                f"{len(milestones)}"
            )
        self.optimizer = optimizer
        self.schedulers = schedulers
        self.milestones = milestones
        self.last_epoch = last_epoch + 1
        self._restart()

    def _restart(self) -> None:
        """Undo the first step that each schedule took when it was made; take the first's again."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self.schedulers:
            scheduler.last_epoch -= 1
        self.schedulers[0].step()
        self._last_lr = self.schedulers[0].get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Step the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self.milestones, self.last_epoch)
        begins = turn > 0 and self.milestones[turn - 1] == self.last_epoch
        self.schedulers[turn].step(0 if begins else None)
        self._last_lr = self.schedulers[turn].get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser, with the states of the schedules."""
        return _with_children(super().state_dict(), self.schedulers)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore this schedule and those that it runs."""
        super().load_state_dict(_load_children(state_dict, self.schedulers))


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

    _transient = frozenset({"optimizer", "schedulers", "_schedulers"})

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if not schedulers:
            raise ValueError("schedulers must name at least one schedule")
        self.optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        _check_together(schedulers, self.optimizer)
        self._schedulers = schedulers
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def step(self) -> None:  # type: ignore[override]
        """Step every schedule, in order."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

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


def _checked_optimizer(optimizer: Optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {type(optimizer).__name__}")
    return optimizer


def _check_together(schedulers: Sequence[LRScheduler], optimizer: Optimizer) -> None:
    if not schedulers:
        raise ValueError("schedulers must name at least one schedule")
    for index, scheduler in enumerate(schedulers):
        if scheduler.optimizer is not optimizer:
            raise ValueError(f"schedulers[{index}] belongs to another optimizer")


def _per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """Return ``value`` for each group: repeated, or checked where a list was given."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} has {len(value)} entries for {count} parameter groups")
    return list(value)


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("give total_steps, or both epochs and steps_per_epoch")
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"{name} must be a positive integer, got {value!r}")
    return value


def _within(name: str, value: float, low: float, high: float, *, open_below: bool = False) -> float:
    if not low <= value <= high or (open_below and value == low):
        raise ValueError(
            f"{name} must be in {'(' if open_below else '['}{low}, {high}], got {value}"
        )
    return value
