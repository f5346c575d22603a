"""Cross-validation: every sample judged once by a model that has not seen it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from einkorn.data import DataLoader, Dataset, Subset, kfold
from einkorn.data.seeds import Seed, as_seed
from einkorn.train.history import History
from einkorn.train.trainer import Trainer

__all__ = ["CrossValidation", "cross_validate"]


class CrossValidation:
    """The figures of each fold, as `cross_validate` returns them.

    Attributes
    ----------
    histories : list of History
        One for each fold.
    """

    def __init__(self, histories: Sequence[History]) -> None:
        self.histories = list(histories)

    def __getitem__(self, column: str) -> np.ndarray:
        """Give the figure in `column` at the end of each fold."""
        return np.array([history[column][-1] for history in self.histories])

    def mean(self, column: str = "valid_loss") -> float:
        """Give the mean of a figure over the folds."""
        return float(self[column].mean())

    def std(self, column: str = "valid_loss") -> float:
        """Give its deviation over the folds, with one degree of freedom taken off."""
        return float(self[column].std(ddof=1))

    def __repr__(self) -> str:
        columns = [c for c in self.histories[0].columns if c.startswith("valid_")]
        figures = [f"{c} {self.mean(c):.4g} ± {self.std(c):.2g}" for c in columns]
        return f"CrossValidation({', '.join([f'{len(self.histories)} folds', *figures])})"


def cross_validate(
    make: Callable[[], Trainer],
    dataset: Dataset,
    folds: int = 5,
    *,
    epochs: int,
    batch_size: int = 32,
    labels: Any = None,
    seed: Seed = 0,
) -> CrossValidation:
    """Train once for each fold, on all samples but the fold's, and validate on the fold.

    Parameters
    ----------
    make : callable
        ``make()`` gives a fresh `Trainer`: a new model, optimiser and callbacks.
    dataset : Dataset
        The samples.
    folds : int
        Number of folds, from 2 to the number of samples.
    epochs : int
        Epochs of each training.
    batch_size : int
        Samples in a batch.
    labels : array, shape (N,), optional
        Classes; given them, every fold holds its share of each class.
    seed : int or numpy.random.Generator
        Fixes the folds and the order of the samples in training.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ValueError
        `folds` or the shape of `labels` does not fit the data set.
    TypeError
        `make` does not give a `Trainer`, or gives the same one again.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> from einkorn.data import ArrayDataset
    >>> from einkorn.train import Trainer
    >>> def make():
    ...     model = nn.Linear(1, 1)
    ...     return Trainer(model, nn.functional.mse_loss, optim.SGD(model.parameters(), lr=0.3))
    >>> x = np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
    >>> result = cross_validate(make, ArrayDataset(x, 2 * x), 3, epochs=20, batch_size=5)
    >>> result["valid_loss"].shape, result.mean() < 0.01
    ((3,), True)
    """
    seed = as_seed(seed)
    trainers: list[Trainer] = []
    for train, valid in kfold(len(dataset), folds, labels=labels, seed=seed):
        trainer = make()
        if not isinstance(trainer, Trainer) or trainer in trainers:
            raise TypeError(f"make: expected a new Trainer at each call, got {trainer!r}")
        trainers.append(trainer)
        loader = DataLoader(Subset(dataset, train), batch_size, shuffle=True, seed=seed)
        trainer.fit(loader, DataLoader(Subset(dataset, valid), batch_size), epochs)
        if trainer.interrupted:
            raise KeyboardInterrupt
    return CrossValidation([trainer.history for trainer in trainers])
