from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import DataLoader
from einkorn.train import Callback, RangeTest, Trainer, lr_range_test

Make = Callable[..., Trainer]
Loaders = Callable[[], DataLoader]


def quadratic(curvature: float = 4.0) -> Trainer:
    """Minimise curvature / 2 * w^2 from w = 1: a step of rate r multiplies w by 1 - r curvature."""
    model = nn.Linear(1, 1, bias=False).to(np.float64)
    model.load_state_dict({"weight": np.ones((1, 1))})
    return Trainer(
        model,
        lambda output, t: (curvature / 2) * (output**2).sum(),
        optim.SGD(model.parameters(), lr=123.0),
    )


BATCHES = [(np.ones((1, 1)), np.zeros(1))]


def test_the_sweep_follows_the_recurrence() -> None:
    found = lr_range_test(
        quadratic(), BATCHES, start=1e-3, end=10.0, steps=60, smoothing=0.5, limit=1e3
    )
    np.testing.assert_allclose(found.rates, np.geomspace(1e-3, 10, 60)[: len(found.rates)])
    w, average, weight, losses, smoothed = 1.0, 0.0, 0.0, [], []
    for rate in found.rates:
        losses.append(2 * w * w)
        average = 0.5 * average + 0.5 * losses[-1]
        weight = 0.5 * weight + 0.5
        smoothed.append(average / weight)
        w *= 1 - 4 * rate
    np.testing.assert_allclose(found.losses, losses, rtol=1e-9)
    np.testing.assert_allclose(found.smoothed, smoothed, rtol=1e-9)
    assert found.diverged and len(found.rates) < 60
    # Steps shrink w below a rate of 2 / 4 and blow it up above.
    assert 1e-3 < found.suggestion < 0.5
    assert found.rates[-1] > 0.5


def test_all_is_put_back(make: Make, loader: Loaders) -> None:
    class Never(Callback):
        def on_step_end(self, trainer: Trainer) -> None:
            raise AssertionError

    trainer, untouched = make(callbacks=(Never(),)), make()
    trainer.model[3].eval()
    lr_range_test(trainer, loader(), steps=12)
    assert [module.training for module in trainer.model] == [True, True, True, False, True]
    assert len(trainer.history) == trainer.steps == 0
    trainer.model[3].train()
    trainer.callbacks.pop()
    rows = []
    for one in (trainer, untouched):
        ek.manual_seed(4)
        one.fit(loader(), epochs=2)
        rows.append(one.history["loss"])
    assert rows[0] == rows[1]


def test_it_goes_on_from_the_state_of_the_optimiser(make: Make, loader: Loaders) -> None:
    whole, tested = make(), make()
    for trainer in (whole, tested):
        ek.manual_seed(4)
        trainer.fit(loader(), epochs=1)
    state = ek.get_rng_state()
    lr_range_test(tested, loader(), steps=12)
    assert str(ek.get_rng_state()) == str(state)
    for trainer in (whole, tested):
        ek.manual_seed(5)
        trainer.fit(loader(), epochs=2)
    assert whole.history["loss"] == tested.history["loss"]


def test_there_may_be_nothing_to_suggest() -> None:
    flat = lr_range_test(quadratic(0.0), BATCHES, steps=5)
    assert math.isnan(flat.suggestion) and not flat.diverged


def test_losses_may_be_negative() -> None:
    found = lr_range_test(quadratic(-1.0), BATCHES, steps=5, end=0.1)
    assert len(found.losses) == 5 and np.all(found.losses < 0)
    assert found.suggestion == found.rates[-1]


@pytest.mark.parametrize("found", [lr_range_test(quadratic(), BATCHES), None])
def test_the_picture(found: RangeTest | None, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    if found is None:
        flat = np.ones(3)
        found = RangeTest(np.array([1e-3, 1e-2, 1e-1]), flat, flat, math.nan, False)
    found.plot(tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_says_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    drawn: list[Any] = []
    monkeypatch.setattr("einkorn.train.pictures.write_figure", lambda one, path: drawn.append(one))
    found = lr_range_test(quadratic(), BATCHES, start=1e-3, end=10.0, steps=60)
    found.plot("not written")
    (panel,) = drawn[0].axes
    assert panel.get_xscale() == "log"
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("learning rate", "loss")
    texts = [text.get_text() for text in panel.get_legend().get_texts()]
    assert texts == ["loss", "smoothed", f"suggested rate: {found.suggestion:.2g}"]
    marker = panel.lines[-1]
    assert marker.get_xdata() == [found.suggestion]
    assert marker.get_ydata() == [found.smoothed[list(found.rates).index(found.suggestion)]]
    low, _ = panel.get_ylim()
    assert low < min(found.losses.min(), found.smoothed.min())


def test_pictures_need_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"einkorn\[run\]"):
        lr_range_test(quadratic(), BATCHES).plot(tmp_path / "rates.png")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": 1.0, "end": 0.1}, "start, end: expected 0 < start < end"),
        ({"start": 0.0}, "start, end: expected"),
        ({"end": np.inf}, "start, end: expected"),
        ({"steps": 1}, "got 1, 0.9 and 4.0"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"limit": 1.0}, "limit"),
    ],
)
def test_wrong_settings(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lr_range_test(quadratic(), BATCHES, **settings)


def test_no_batches() -> None:
    with pytest.raises(ValueError, match="train: it holds no batch"):
        lr_range_test(quadratic(), [])
