"""Averages of a model's weights over training: equal weights (SWA) or exponential ones (EMA)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np

from einkorn.autograd import Tensor, as_tensor, no_grad
from einkorn.nn.module import Module
from einkorn.nn.normalization import _BatchNorm
from einkorn.optim.lr_scheduler.base import LRScheduler, checked_optimizer, per_group
from einkorn.optim.optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    r"""Return the ``avg_fn`` of an exponential average, :math:`\beta \bar w + (1 - \beta) w`.

    Raises
    ------
    ValueError
        If ``decay`` is not in [0, 1].
    """
    decay = _checked_decay(decay)

    def average(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            return decay * averaged + (1 - decay) * current

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    r"""Return the ``multi_avg_fn`` of an exponential average, which changes a list in place.

    Raises
    ------
    ValueError
        If ``decay`` is not in [0, 1].
    """
    return _in_place(get_ema_avg_fn(decay))


def get_swa_avg_fn() -> Average:
    r"""Return the ``avg_fn`` of the plain mean, :math:`\bar w + (w - \bar w) / (n + 1)`."""

    def average(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            return averaged + (current - averaged) / (num_averaged + 1)

    return average


def get_swa_multi_avg_fn() -> MultiAverage:
    """Return the ``multi_avg_fn`` of the plain mean, which changes a list in place."""
    return _in_place(get_swa_avg_fn())


def _in_place(average: Average) -> MultiAverage:
    def averages(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        with no_grad():
            for one, other in zip(averaged, current, strict=True):
                one.copy_(average(one, other, num_averaged))

    return averages


def _checked_decay(decay: float) -> float:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"decay must be in [0, 1], got {decay}")
    return decay


class AveragedModel(Module):
    """A copy of a model, whose weights are the average of those it has been shown.

    The first `update_parameters` copies the weights, every later one averages them. Buffers, such
    as the statistics of batch normalisation, are copied each time, or averaged too.

    Parameters
    ----------
    model : Module
        What to copy: ``module`` is the copy.
    device : str, optional
        Where to keep the copy.
    avg_fn : callable, optional
        ``avg_fn(averaged, current, num_averaged)`` returns the new average of one parameter.
    multi_avg_fn : callable, optional
        ``multi_avg_fn(averaged, current, num_averaged)`` changes lists of parameters of one dtype
        in place. With neither, weights are averaged equally.
    use_buffers : bool
        Average the buffers too.

    Attributes
    ----------
    n_averaged : Tensor
        How often `update_parameters` was called; a buffer.

    Raises
    ------
    AssertionError
        If both functions are given.

    References
    ----------
    P. Izmailov et al., "Averaging weights leads to wider optima and better generalization", 2018;
    B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> from einkorn.optim.swa_utils import AveragedModel
    >>> model = nn.Linear(1, 1, bias=False)
    >>> averaged = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item()
    3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("give avg_fn or multi_avg_fn, not both")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", Tensor(np.array(0)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the averaged model makes of its input."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the weights of ``model`` into the average.

        Raises
        ------
        ValueError
            If ``model`` has not as many parameters and buffers as the copy.
        """
        with no_grad():
            own, shown = self._averaged(self.module), self._averaged(model)
            if self.n_averaged == 0:
                for averaged, current in zip(own, shown, strict=True):
                    averaged.copy_(current)
            else:
                self._average(own, shown)
            if not self.use_buffers:
                for averaged, current in zip(self.module.buffers(), model.buffers(), strict=True):
                    averaged.copy_(current)
            self.n_averaged += 1

    def _averaged(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [one.detach() for one in chain(model.parameters(), buffers)]

    def _average(self, own: list[Tensor], shown: list[Tensor]) -> None:
        lists: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for averaged, current in zip(own, shown, strict=True):
            pair = lists.setdefault(averaged.dtype, ([], []))
            pair[0].append(averaged)
            pair[1].append(current)
        function = self.multi_avg_fn
        if function is None:
            function = _in_place(self.avg_fn or get_swa_avg_fn())
        for pair in lists.values():
            function(*pair, self.n_averaged)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the statistics of batch normalisation anew, as the mean over all batches.

    Parameters
    ----------
    loader : iterable
        Of inputs, or of lists and tuples whose first item is one.
    model : Module
        Run once over ``loader`` in training mode, and left in the mode that it was in.
    device : str, optional
        Where to bring each input.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> from einkorn.optim.swa_utils import update_bn
    >>> norm = nn.BatchNorm1d(1)
    >>> update_bn([np.float32([[1], [3]]), np.float32([[5], [7]])], norm)
    >>> norm.running_mean.item()
    4.0
    """
    momenta = {
        module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)
    }
    if not momenta:
        return
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None
    was_training = model.training
    model.train()
    with no_grad():
        for batch in loader:
            inputs = batch[0] if isinstance(batch, list | tuple) else batch
            model(inputs if device is None else as_tensor(inputs).to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    r"""Move the rate to ``swa_lr`` in ``anneal_epochs`` epochs, and keep it there.

    With :math:`a_t = t / T` (``"linear"``) or :math:`(1 - \cos(\pi t / T)) / 2` (``"cos"``),

    .. math:: \eta_t = a_t \eta_{swa} + (1 - a_t) \eta_0

    where :math:`\eta_0` is what the last rate lets conclude, so that another schedule may have
    changed it.

    Parameters
    ----------
    optimizer : Optimizer
        Its groups gain ``swa_lr``.
    swa_lr : float or list of float
        The rate to arrive at, for all groups or each.
    anneal_epochs : int
        How long that takes; at 0, the rate is set at once.
    anneal_strategy : str
        ``"cos"`` or ``"linear"``.
    last_epoch : int
        The last epoch done; -1 starts afresh.

    Raises
    ------
    ValueError
        If ``anneal_strategy`` is unknown or ``anneal_epochs`` negative.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> sgd = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    >>> schedule = optim.swa_utils.SWALR(sgd, 0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> for _ in range(4):
    ...     print(sgd.param_groups[0]["lr"])
    ...     schedule.step()
    1.0
    0.75
    0.5
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", swa_lr, checked_optimizer(optimizer))
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be an integer of at least 0, got {anneal_epochs}")
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        self._step_count = 0
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch and write its rates."""
        self._step_count += 1
        super().step(epoch)

    def _share(self, step: int) -> float:
        done = min(1.0, max(0.0, step / max(1, self.anneal_epochs)))
        return (1.0 - math.cos(math.pi * done)) / 2.0 if self._anneal_strategy == "cos" else done

    def get_lr(self) -> list[float]:
        """Return the rate of every group for the steps taken."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            rate, goal = float(group["lr"]), group["swa_lr"]
            base = goal if before == 1.0 else (rate - before * goal) / (1.0 - before)
            rates.append(goal * now + base * (1.0 - now))
        return rates
