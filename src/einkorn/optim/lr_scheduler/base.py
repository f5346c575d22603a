"""The base of the schedules, and the checks that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from einkorn.autograd import Tensor
from einkorn.optim.optimizer import Optimizer

__all__ = ["LRScheduler"]

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

    # Whether `step` is the one that every schedule takes when it is made.
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        self.last_epoch = last_epoch
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", float(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param_groups[{index}] has no 'initial_lr', which resuming a schedule at "
                    f"last_epoch={last_epoch} needs"
                )
        self.base_lrs: list[float] = [
            float(group["initial_lr"]) for group in optimizer.param_groups
        ]
        self._last_lr: list[float] = rates_of(optimizer)
        if last_epoch != -1 and self._resumes_unchanged:
            self.last_epoch += 1
        else:
            self._initial_step()

    def _initial_step(self) -> None:
        self._is_initial = True
        try:
            self.step()
        finally:
            del self._is_initial

    def _undo(self) -> None:
        """Count the initial step back, for a schedule that lets this one begin later."""
        self.last_epoch -= 1

    def _begin(self) -> None:
        """Write the rates of epoch 0, whatever was before."""
        LRScheduler.step(self, 0)

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
            write_rate(group, rate)
        self._last_lr = list(rates)

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimiser."""
        return {key: value for key, value in vars(self).items() if key not in self._transient}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave; the optimiser is restored by its own state."""
        known = {key: value for key, value in state_dict.items() if key not in self._transient}
        vars(self).update(known)


def rates_of(optimizer: Optimizer) -> list[float]:
    """Return the rate of every group as a number."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def write_rate(group: dict[str, Any], rate: float) -> None:
    """Set the rate of a group; into the Tensor where it is one."""
    if isinstance(group["lr"], Tensor):
        group["lr"].numpy()[...] = rate
    else:
        group["lr"] = rate


def checked_optimizer(optimizer: Optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {type(optimizer).__name__}")
    return optimizer


def per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """Return ``value`` for each group: repeated, or checked where a list was given."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} has {len(value)} entries for {count} parameter groups")
    return list(value)


def positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"{name} must be a positive integer, got {value!r}")
    return value


def within(name: str, value: float, low: float, high: float, *, open_below: bool = False) -> float:
    if not low <= value <= high or (open_below and value == low):
        raise ValueError(
            f"{name} must be in {'(' if open_below else '['}{low}, {high}], got {value}"
        )
    return value
