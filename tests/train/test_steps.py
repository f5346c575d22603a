"""Accumulated and clipped gradients."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader
from einkorn.train import Callback, Checkpoint, Trainer


def plain(lr: float = 0.5, **settings: Any) -> Trainer:
    ek.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).to(np.float64)
    sgd = optim.SGD(model.parameters(), lr=lr)
    return Trainer(model, nn.functional.cross_entropy, sgd, **settings)


def weights(trainer: Trainer) -> np.ndarray:
    return np.concatenate([np.array(p).ravel() for p in trainer.model.parameters()])


@pytest.mark.parametrize("sized", [True, False])
def test_accumulated_steps_are_those_of_large_batches(data: ArrayDataset, sized: bool) -> None:
    # 70 samples in batches of 8, three to a step: 24, 24 and, of the rest, 16 and 6.
    small, large = plain(accumulate=3), plain()
    batches = list(DataLoader(data, 8))
    small.fit(batches if sized else _Unsized(batches), epochs=2)
    large.fit(list(DataLoader(data, 24)), epochs=2)
    assert small.steps == large.steps == 6
    np.testing.assert_allclose(weights(small), weights(large), rtol=1e-12)
    assert small.history["loss"][0] != 0


class _Unsized:
    def __init__(self, batches: list) -> None:
        self.batches = batches

    def __iter__(self) -> Any:
        return iter(self.batches)


@pytest.mark.parametrize("step", [1, 2, 4, 5])
def test_accumulating_runs_resume_exactly(
    make: Callable[..., Trainer], loader: Callable[[], DataLoader], tmp_path: Path, step: int
) -> None:
    class Stop(Callback):
        def __init__(self, at: int) -> None:
            self.at = at

        def on_step_end(self, trainer: Trainer) -> None:
            assert trainer.batch == (trainer.steps % 3 or 2.5) * 2  # five batches, three steps
            if trainer.steps == self.at:
                os.kill(os.getpid(), signal.SIGINT)

    unbroken = make(callbacks=(Stop(-1),), accumulate=2)
    ek.manual_seed(2)
    unbroken.fit(loader(), epochs=3)
    first = make(callbacks=(Stop(step), Checkpoint(tmp_path / "a.npz")), accumulate=2)
    ek.manual_seed(2)
    assert first.fit(loader(), epochs=3).interrupted and first.steps == step
    resumed = make(callbacks=(Stop(-1), Checkpoint(tmp_path / "b.npz")), accumulate=2)
    resumed.load_checkpoint(tmp_path / "a.npz")
    resumed.fit(loader(), epochs=3)
    np.testing.assert_array_equal(weights(resumed), weights(unbroken))
    assert resumed.history["loss"] == unbroken.history["loss"]


@pytest.mark.parametrize("workers", [(2, 0), (0, 3), (2, 3)])
def test_runs_resume_exactly_with_workers(
    make: Callable[..., Trainer], data: ArrayDataset, tmp_path: Path, workers: tuple[int, int]
) -> None:
    def loader(count: int) -> DataLoader:
        return DataLoader(
            data, 16, shuffle=True, seed=1, transform=lambda x, g: x + g.random(x.shape, x.dtype),
            num_workers=count,
        )  # fmt: skip

    class Stop(Callback):
        def on_step_end(self, trainer: Trainer) -> None:
            if trainer.steps == 7:
                os.kill(os.getpid(), signal.SIGINT)

    unbroken = make()
    unbroken.fit(loader(0), epochs=3)
    first = make(callbacks=(Stop(),))
    assert first.fit(loader(workers[0]), epochs=3).interrupted
    first.save_checkpoint(tmp_path / "a.npz")
    resumed = make(seed=5, callbacks=(Stop(),))
    resumed.load_checkpoint(tmp_path / "a.npz")
    resumed.fit(loader(workers[1]), epochs=3)
    np.testing.assert_array_equal(weights(resumed), weights(unbroken))


def test_values_are_clipped_before_the_norm(data: ArrayDataset) -> None:
    x, t = data[:]
    free, cut, both = plain(), plain(clip_value=0.01), plain(clip_value=0.01, clip_norm=0.02)
    before = weights(free)
    for trainer in (free, cut, both):
        trainer.fit([(x, t)], epochs=1)
    gradient = (before - weights(free)) / 0.5
    clipped = np.clip(gradient, -0.01, 0.01)
    assert np.any(clipped != gradient)
    np.testing.assert_allclose(before - weights(cut), 0.5 * clipped, atol=1e-12)
    scaled = clipped * 0.02 / (np.linalg.norm(clipped) + 1e-6)
    np.testing.assert_allclose(before - weights(both), 0.5 * scaled, atol=1e-12)


@pytest.mark.parametrize(
    "settings", [{"accumulate": 0}, {"clip_value": 0}, {"clip_norm": -1.0}, {"clip_value": np.nan}]
)
def test_wrong_settings(settings: dict[str, float]) -> None:
    (name,) = settings
    with pytest.raises(ValueError, match=f"{name}: expected"):
        plain(**settings)


def test_sparse_gradients_are_accumulated_and_clipped() -> None:
    def trained(sparse: bool) -> np.ndarray:
        ek.manual_seed(0)
        model = nn.Sequential(nn.Embedding(20, 3, sparse=sparse), nn.Flatten(), nn.Linear(6, 2))
        index = np.random.default_rng(0).integers(0, 20, (12, 2))
        loader = DataLoader(ArrayDataset(index, index[:, 0] % 2), batch_size=2)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        loss = nn.functional.cross_entropy
        Trainer(model, loss, optimizer, accumulate=3, clip_norm=0.1).fit(loader, epochs=2)
        return model[0].weight.numpy()

    np.testing.assert_allclose(trained(True), trained(False), 1e-5)
