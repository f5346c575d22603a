"""The learning-rate range test: which rates make a model learn, found in one short sweep."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from einkorn.autograd.random import get_rng_state, set_rng_state
from einkorn.io import to_array

if TYPE_CHECKING:
    from einkorn.train.trainer import Trainer

__all__ = ["RangeTest", "lr_range_test"]


@dataclass(frozen=True)
class RangeTest:
    """What `lr_range_test` found.

    Attributes
    ----------
    rates, losses : array, shape (S,)
        The rate of each step and the loss of its batch before it.
    smoothed : array, shape (S,)
        The losses, averaged exponentially.
    suggestion : float
        The rate at which the smoothed loss falls most steeply over the logarithm of the rate; NaN
        where it never falls.
    diverged : bool
        Whether the sweep ended early because the loss had grown too much.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float
    diverged: bool

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the losses over the rates, with the suggestion marked.

        Raises
        ------
        ImportError
            matplotlib is missing.
        """
        from einkorn.train.pictures import new_figure, write_figure

        figure = new_figure(6, 4)
        panel = figure.subplots()
        panel.plot(self.rates, self.losses, alpha=0.3, label="loss")
        panel.plot(self.rates, self.smoothed, label="smoothed")
        if not math.isnan(self.suggestion):
            place = int(np.abs(self.rates - self.suggestion).argmin())
            panel.axvline(self.suggestion, color="grey", ls="--", lw=1)
            panel.plot(
                self.suggestion, self.smoothed[place], "o", color="black",
                label=f"suggested rate: {self.suggestion:.2g}",
            )  # fmt: skip
        # What diverges would flatten all that matters.
        low, high = np.nanmin([self.losses, self.smoothed]), self.smoothed[0]
        room = 0.1 * max(high - low, 1e-6 * abs(high), 1e-12)
        panel.set(xscale="log", xlabel="learning rate", ylabel="loss")
        panel.set_ylim(low - room, max(high, low) + room)
        panel.legend(loc="lower left")  # the curve begins high
        panel.grid(alpha=0.3)
        write_figure(figure, path)


def lr_range_test(
    trainer: Trainer,
    train: Iterable[Any],
    *,
    start: float = 1e-6,
    end: float = 1.0,
    steps: int = 100,
    smoothing: float = 0.9,
    limit: float = 4.0,
) -> RangeTest:
    r"""Train for a while at ever larger rates and see where the loss falls and where it explodes.

    Step i has the rate :math:`\eta_i = \eta_0 (\eta_S / \eta_0)^{i / (S - 1)}`, in all parameter
    groups. The smoothed loss is :math:`\bar L_i = a_i / (1 - \beta^{i+1})` with
    :math:`a_i = \beta a_{i-1} + (1 - \beta) L_i`. Afterwards model, optimiser and random generator
    are as they were; neither history nor callbacks take notice.

    Parameters
    ----------
    trainer : Trainer
        The model, loss and optimiser.
    train : iterable of batches
        Gone through again as often as need be; a place in it is not restored.
    start, end : float
        Smallest and largest rate.
    steps : int
        Steps S of the sweep.
    smoothing : float
        The :math:`\beta`, in [0, 1).
    limit : float
        The sweep ends when the smoothed loss is this many times the smallest so far, or not finite.

    Returns
    -------
    RangeTest

    Raises
    ------
    ValueError
        An argument is out of its range, or `train` holds no batch.

    References
    ----------
    L. Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3; the
    steepest descent as the suggestion is the custom of fastai.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> from einkorn import nn, optim
    >>> from einkorn.train import Trainer
    >>> _ = ek.manual_seed(0)
    >>> model = nn.Linear(4, 1)
    >>> trainer = Trainer(model, nn.functional.mse_loss, optim.SGD(model.parameters(), lr=0.1))
    >>> x = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
    >>> found = lr_range_test(trainer, [(x, x.sum(1, keepdims=True))], end=10.0)
    >>> found.diverged, 1e-3 < found.suggestion < 1
    (True, True)
    """
    if not 0 < start < end < math.inf:
        raise ValueError(f"start, end: expected 0 < start < end, got {start} and {end}")
    if steps < 2 or not 0 <= smoothing < 1 or not limit > 1:
        raise ValueError(
            "steps, smoothing, limit: expected at least 2, a number in [0, 1) and one above 1, "
            f"got {steps}, {smoothing} and {limit}"
        )
    rates = start * (end / start) ** (np.arange(steps) / (steps - 1))
    losses: list[float] = []
    smoothed: list[float] = []
    diverged = False
    held = _held(trainer)
    try:
        trainer.model.train()
        for rate, batch in zip(rates, _endless(train), strict=False):
            losses.append(_step(trainer, batch, rate))
            smoothed.append(_smooth(losses, smoothing))
            # Above by the same distance where losses are negative.
            if not smoothed[-1] <= min(smoothed) + (limit - 1) * abs(min(smoothed)):
                diverged = True
                break
    finally:
        _put_back(trainer, held)
    if not losses:
        raise ValueError("train: it holds no batch")
    return RangeTest(
        rates[: len(losses)],
        np.array(losses),
        np.array(smoothed),
        _steepest(rates[: len(losses)], np.array(smoothed)),
        diverged,
    )


def _endless(train: Iterable[Any]) -> Iterator[Any]:
    found = True
    while found:
        found = False
        for batch in train:
            found = True
            yield batch


def _step(trainer: Trainer, batch: Any, rate: float) -> float:
    for group in trainer.optimizer.param_groups:
        group["lr"] = float(rate)
    loss = trainer.step(batch).loss
    trainer.optimizer.zero_grad()
    loss.backward()
    trainer.clip_gradients()
    trainer.optimizer.step()
    return loss.item()


def _smooth(losses: list[float], smoothing: float) -> float:
    weights = smoothing ** np.arange(len(losses))[::-1]
    return float(np.dot(weights, losses) / weights.sum())


def _steepest(rates: np.ndarray, smoothed: np.ndarray) -> float:
    fine = np.isfinite(smoothed)
    if fine.sum() < 2:
        return math.nan
    slopes = np.gradient(smoothed[fine], np.log(rates[fine]))
    place = int(slopes.argmin())
    return float(rates[fine][place]) if slopes[place] < 0 else math.nan


def _held(trainer: Trainer) -> dict[str, Any]:
    weights = {name: to_array(w).copy() for name, w in trainer.model.state_dict().items()}
    return {
        "weights": weights,
        "optimizer": copy.deepcopy(trainer.optimizer.state_dict()),
        "random": copy.deepcopy(get_rng_state()),
        "modes": [(module, module.training) for module in trainer.model.modules()],
    }


def _put_back(trainer: Trainer, held: dict[str, Any]) -> None:
    trainer.model.load_state_dict(held["weights"])
    trainer.optimizer.load_state_dict(held["optimizer"])
    trainer.optimizer.zero_grad()
    set_rng_state(held["random"])
    for module, training in held["modes"]:
        module.training = training
