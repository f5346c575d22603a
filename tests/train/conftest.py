"""A small net with everything that has a state, and data that it can learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader
from einkorn.metrics import accuracy
from einkorn.train import EarlyStopping, Schedule, Trainer


def jitter(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return x + generator.normal(0, 0.1, x.shape).astype(x.dtype)


@pytest.fixture
def data() -> ArrayDataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(70, 6)).astype(np.float32)
    return ArrayDataset(x, (x[:, :3]).argmax(1))


@pytest.fixture
def loader(data: ArrayDataset) -> Callable[[], DataLoader]:
    """Give fresh training loaders: 5 batches an epoch, the last one smaller."""
    return lambda: DataLoader(data, 16, shuffle=True, seed=1, transform=jitter)


@pytest.fixture
def valid(data: ArrayDataset) -> DataLoader:
    return DataLoader(data, 32)


@pytest.fixture
def make() -> Callable[..., Trainer]:
    """Give fresh trainers; the global generator starts at `seed`, so equal seeds are equal runs."""

    def build(seed: int = 0, callbacks: tuple = (), **settings: Any) -> Trainer:
        ek.manual_seed(seed)
        model = nn.Sequential(
            nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 3)
        )
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        schedules = [
            Schedule(optim.lr_scheduler.StepLR(optimizer, 7, gamma=0.7), per="step"),
            EarlyStopping(50, monitor="loss"),
        ]
        return Trainer(
            model,
            nn.functional.cross_entropy,
            optimizer,
            metrics={"accuracy": accuracy},
            callbacks=[*schedules, *callbacks],
            **settings,
        )

    return build
