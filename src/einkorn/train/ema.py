"""Averages of weights over the course of training, by which a model is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from einkorn.io import to_array
from einkorn.train.callbacks import Callback

if TYPE_CHECKING:
    from einkorn.train.trainer import Trainer

__all__ = ["EMA"]


class EMA(Callback):
    r"""Exponential moving average of the parameters, put in their place for evaluation.

    After every optimiser step, and beginning with the parameters themselves,

    .. math:: \bar\theta \leftarrow \beta \bar\theta + (1 - \beta) \theta

    Training goes on with :math:`\theta`. Validation, `EarlyStopping` and, after an uninterrupted
    `fit`, the model itself have the averages; another `fit` goes on where training was. Buffers,
    such as the statistics of batch normalisation, are not averaged.

    Parameters
    ----------
    decay : float
        The :math:`\beta`, in [0, 1).

    Attributes
    ----------
    averages : dict of str to array
        The averages by the parameters' names; empty before the first step.

    Raises
    ------
    ValueError
        `decay` is not in [0, 1).

    References
    ----------
    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal
    on Control and Optimization 30 (1992), for the plain mean.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> from einkorn.train import Trainer
    >>> model, average = nn.Linear(1, 1), EMA(0.5)
    >>> sgd = optim.SGD(model.parameters(), lr=0.1)
    >>> trainer = Trainer(model, nn.functional.mse_loss, sgd, callbacks=[average])
    >>> x = np.ones((4, 1), np.float32)
    >>> _ = trainer.fit([(x, x)] * 3, epochs=1)
    >>> np.array_equal(model.weight, average.averages["weight"])
    True
    """

    order = -1  # before those that put weights back, so that theirs are the last

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay: expected a number in [0, 1), got {decay}")
        self.decay = decay
        self.averages: dict[str, np.ndarray] = {}
        self._trained: dict[str, np.ndarray] = {}  # what the averages stand in for, while they do
        self._evaluating = False

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Go back to the weights that training ended with."""
        self._swap_out(trainer)

    def on_step_end(self, trainer: Trainer) -> None:
        """Move the averages."""
        for name, parameter in trainer.model.named_parameters():
            value, average = to_array(parameter), self.averages.get(name)
            if average is None:
                self.averages[name] = value.copy()
            else:
                average *= average.dtype.type(self.decay)
                average += value * average.dtype.type(1 - self.decay)

    def on_valid_begin(self, trainer: Trainer) -> None:
        """Put the averages in place, if they are not."""
        self._evaluating = not self._trained
        self._swap_in(trainer)

    def on_valid_end(self, trainer: Trainer) -> None:
        """Put the parameters back."""
        if self._evaluating:
            self._swap_out(trainer)

    def on_fit_end(self, trainer: Trainer) -> None:
        """Leave the averages in the model."""
        if not trainer.interrupted:
            self._swap_in(trainer)

    def judged_weights(self) -> dict[str, Any]:
        """Give the averages."""
        return self.averages

    def state_dict(self) -> dict[str, Any]:
        """Give the averages, and the weights that they stand in for."""
        return {"averages": self.averages, "trained": self._trained}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the state of `state_dict` back."""
        self.averages = {name: np.array(value) for name, value in state["averages"].items()}
        self._trained = {name: np.array(value) for name, value in state["trained"].items()}

    def _swap_in(self, trainer: Trainer) -> None:
        if self.averages and not self._trained:
            held = trainer.model.named_parameters()
            self._trained = {name: to_array(parameter).copy() for name, parameter in held}
            trainer.model.load_state_dict(self.averages, strict=False)

    def _swap_out(self, trainer: Trainer) -> None:
        if self._trained:
            trainer.model.load_state_dict(self._trained, strict=False)
            self._trained = {}
