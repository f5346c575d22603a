from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import einkorn as ek
from einkorn.data import DataLoader
from einkorn.train import EMA, Callback, Checkpoint, EarlyStopping, Trainer

Make = Callable[..., Trainer]
Loaders = Callable[[], DataLoader]


def parameters(trainer: Trainer) -> dict[str, np.ndarray]:
    return {name: np.array(p) for name, p in trainer.model.named_parameters()}


class Watch(Callback):
    """Keeps the parameters after every step, and those that validation had."""

    order = 1

    def __init__(self) -> None:
        self.steps: list[dict[str, np.ndarray]] = []
        self.judged: list[dict[str, np.ndarray]] = []

    def on_step_end(self, trainer: Trainer) -> None:
        self.steps.append(parameters(trainer))

    def on_valid_begin(self, trainer: Trainer) -> None:
        self.judged.append(parameters(trainer))


def averaged(steps: list[dict[str, np.ndarray]], decay: float) -> dict[str, np.ndarray]:
    """Sum the series: step i of n has the weight decay^(n-i), times 1 - decay but for the first."""
    count = len(steps)
    shares = [decay ** (count - 1 - i) * (1 if i == 0 else 1 - decay) for i in range(count)]
    assert sum(shares) == pytest.approx(1)
    return {
        name: sum(s * step[name].astype(np.float64) for s, step in zip(shares, steps, strict=True))
        for name in steps[0]
    }


def assert_equal(a: dict, b: dict, rtol: float = 0) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=rtol, atol=rtol)


@pytest.mark.parametrize("decay", [0.0, 0.7, 0.99])
def test_validation_has_the_averages_and_training_does_not(
    make: Make, loader: Loaders, valid: DataLoader, decay: float
) -> None:
    watch, ema = Watch(), EMA(decay)
    trainer = make(callbacks=(watch, ema))
    trainer.fit(loader(), valid, epochs=3)
    free = Watch()
    make(callbacks=(free,)).fit(loader(), valid, epochs=3)
    for mine, other in zip(watch.steps, free.steps, strict=True):
        assert_equal(mine, other)
    for epoch, judged in enumerate(watch.judged):
        assert_equal(judged, averaged(watch.steps[: 5 * (epoch + 1)], decay), 1e-5)
    assert_equal(parameters(trainer), ema.averages)
    before = parameters(trainer)
    trainer.evaluate(valid)
    assert_equal(parameters(trainer), before)


def test_another_fit_goes_on_where_training_was(make: Make, loader: Loaders) -> None:
    whole, parts = (make(callbacks=(EMA(0.9),)) for _ in range(2))
    ek.manual_seed(3)
    whole.fit(loader(), epochs=4)
    ek.manual_seed(3)
    batches = loader()
    for epochs in (1, 2, 2, 4):
        parts.fit(batches, epochs=epochs)
    assert_equal(parameters(whole), parameters(parts))


def test_the_best_weights_are_those_that_were_judged(
    make: Make, loader: Loaders, valid: DataLoader
) -> None:
    watch, stopping = Watch(), EarlyStopping(50)
    trainer = make(callbacks=(stopping, EMA(0.8), watch))
    trainer.fit(loader(), valid, epochs=6)
    assert_equal(parameters(trainer), watch.judged[stopping.best_epoch - 1])


@pytest.mark.parametrize("step", [2, 5, 8])
def test_averages_are_resumed(
    make: Make, loader: Loaders, valid: DataLoader, tmp_path: Path, step: int
) -> None:
    class Stop(Callback):
        def __init__(self, at: int) -> None:
            self.at = at

        def on_step_end(self, trainer: Trainer) -> None:
            if trainer.steps == self.at:
                os.kill(os.getpid(), signal.SIGINT)

    def run(at: int, name: str) -> tuple[Trainer, EMA]:
        ema = EMA(0.9)
        return make(callbacks=(Stop(at), ema, Checkpoint(tmp_path / name))), ema

    unbroken, expected = run(-1, "a.npz")
    ek.manual_seed(2)
    unbroken.fit(loader(), valid, epochs=3)
    first, _ = run(step, "b.npz")
    ek.manual_seed(2)
    assert first.fit(loader(), valid, epochs=3).interrupted
    resumed, found = run(-1, "c.npz")
    resumed.load_checkpoint(tmp_path / "b.npz")
    resumed.fit(loader(), valid, epochs=3)
    assert_equal(found.averages, expected.averages)
    assert resumed.history["valid_loss"] == unbroken.history["valid_loss"]


def test_errors_in_validation_put_the_parameters_back(make: Make, loader: Loaders) -> None:
    watch = Watch()
    trainer = make(callbacks=(EMA(0.5), watch))

    def broken() -> Any:
        raise OSError("gone")
        yield

    with pytest.raises(OSError, match="gone"):
        trainer.fit(loader(), broken(), epochs=1)
    assert_equal(parameters(trainer), watch.steps[-1])


@pytest.mark.parametrize("decay", [-0.1, 1.0, np.nan])
def test_decay_is_checked(decay: float) -> None:
    with pytest.raises(ValueError, match="decay: expected a number in"):
        EMA(decay)
