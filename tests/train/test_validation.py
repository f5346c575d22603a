from __future__ import annotations

import os
import signal

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader, Subset, kfold
from einkorn.train import Callback, Trainer, cross_validate


def make(*callbacks: Callback) -> Trainer:
    ek.manual_seed(0)
    model = nn.Linear(3, 2)
    sgd = optim.SGD(model.parameters(), lr=0.1)
    return Trainer(model, nn.functional.cross_entropy, sgd, callbacks=callbacks)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(41, 3)).astype(np.float32)
DATA = ArrayDataset(X, (X[:, 0] > 0.5).astype(np.int64))


@pytest.mark.parametrize("labels", [None, DATA.arrays[1]])
def test_folds_are_trained_apart(labels: np.ndarray | None) -> None:
    result = cross_validate(make, DATA, 4, epochs=3, batch_size=8, labels=labels, seed=5)
    losses = []
    for train, valid in kfold(41, 4, labels=labels, seed=5):
        trainer = make()
        loader = DataLoader(Subset(DATA, train), 8, shuffle=True, seed=5)
        trainer.fit(loader, DataLoader(Subset(DATA, valid), 8), epochs=3)
        losses.append(trainer.history["valid_loss"][-1])
    assert result["valid_loss"].tolist() == losses
    assert len(set(losses)) == 4
    assert result.mean() == pytest.approx(np.mean(losses))
    assert result.std("valid_loss") == pytest.approx(np.std(losses, ddof=1))
    assert "4 folds, valid_loss" in repr(result)
    assert all(len(history) == 3 for history in result.histories)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="folds: expected 2 to 41"):
        cross_validate(make, DATA, 42, epochs=1)
    one = make()
    with pytest.raises(TypeError, match="make: expected a new Trainer"):
        cross_validate(lambda: one, DATA, 2, epochs=1)
    with pytest.raises(TypeError, match="make: expected a new Trainer"):
        cross_validate(lambda: nn.Linear(3, 2), DATA, 2, epochs=1)


def test_an_interrupt_ends_all_folds() -> None:
    class Stop(Callback):
        def on_epoch_end(self, trainer: Trainer) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    made = []

    def interrupted() -> Trainer:
        made.append(make(Stop()))
        return made[-1]

    with pytest.raises(KeyboardInterrupt):
        cross_validate(interrupted, DATA, 3, epochs=3)
    assert len(made) == 1
