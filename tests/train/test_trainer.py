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
from einkorn.io import WeightFileError, load, save, to_array
from einkorn.metrics import accuracy
from einkorn.testing.threads import kernel_threads
from einkorn.train import (
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    Schedule,
    StepResult,
    Trainer,
    save_state,
)

Make = Callable[..., Trainer]
Loaders = Callable[[], DataLoader]


def arrays_of(value: Any) -> list[np.ndarray]:
    """Give all arrays in a nested state, in order."""
    if isinstance(value, dict):
        return [array for item in value.values() for array in arrays_of(item)]
    if isinstance(value, list | tuple):
        return [array for item in value for array in arrays_of(item)]
    return [to_array(value)] if hasattr(value, "__array__") else []


def fingerprint(trainer: Trainer) -> tuple:
    """Give, as bytes and figures, everything that equal runs must have in common."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history.rows]
    state = trainer.state_dict()
    return (
        rows,
        trainer.epoch,
        trainer.steps,
        state["loader"],
        [array.tobytes() for array in arrays_of(state)],
    )


class StopAfter(Callback):
    """Interrupts as Ctrl-C does, after a number of steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(self, trainer: Trainer) -> None:
        if trainer.steps == self.steps:
            os.kill(os.getpid(), signal.SIGINT)


def never() -> StopAfter:
    """Stand where a `StopAfter` stood in another run: callbacks must be the same to resume."""
    return StopAfter(-1)


# --- training -----------------------------------------------------------------------------------


def test_training_learns_and_records(make: Make, loader: Loaders, valid: DataLoader) -> None:
    trainer = make()
    history = trainer.fit(loader(), valid, epochs=30)
    assert history is trainer.history and len(history) == 30
    assert history.columns == [
        "epoch", "loss", "accuracy", "valid_loss", "valid_accuracy", "lr", "seconds",
    ]  # fmt: skip
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["valid_accuracy"][-1] > 0.85
    assert trainer.epoch == 30 and trainer.steps == 150
    assert not history.interrupted


def test_equal_seeds_are_equal_runs(make: Make, loader: Loaders, valid: DataLoader) -> None:
    first, second, other = make(), make(), make(seed=1)
    for trainer in (first, second, other):
        ek.manual_seed(5)
        trainer.fit(loader(), valid, epochs=2)
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint(other)


def test_threads_do_not_change_a_run(make: Make, loader: Loaders, valid: DataLoader) -> None:
    prints = []
    for threads in (1, 2):
        with kernel_threads(threads):
            trainer = make()
            trainer.fit(loader(), valid, epochs=3)
            prints.append(fingerprint(trainer))
    assert prints[0] == prints[1]


def test_figures_are_means_over_samples(make: Make, data: ArrayDataset) -> None:
    trainer = make()
    x, t = data.arrays
    whole = trainer.evaluate(DataLoader(data, 70))
    parts = trainer.evaluate(DataLoader(data, 32))
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    output = trainer.predict(x, batch_size=9)
    assert whole["accuracy"] == parts["accuracy"] == accuracy(output, t)
    scores = output - output.max(1, keepdims=True)
    chosen = np.take_along_axis(scores, t[:, None], 1)[:, 0]
    expected = np.mean(np.log(np.exp(scores).sum(1)) - chosen)
    assert whole["loss"] == pytest.approx(expected, rel=1e-5)


def test_predictions_of_arrays_and_loaders_agree(make: Make, data: ArrayDataset) -> None:
    trainer = make()
    expected = trainer.predict(data.arrays[0])
    assert expected.shape == (70, 3)
    np.testing.assert_array_equal(trainer.predict(ek.tensor(data.arrays[0])), expected)
    np.testing.assert_allclose(trainer.predict(DataLoader(data, 32)), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="data: expected at least one sample"):
        trainer.predict(np.zeros((0, 6), np.float32))


def test_evaluation_leaves_no_trace(make: Make, valid: DataLoader) -> None:
    trainer = make()
    trainer.model.train()
    trainer.model[3].eval()
    before = fingerprint(trainer)
    trainer.evaluate(valid)
    trainer.predict(valid)
    assert fingerprint(trainer) == before
    assert [m.training for m in trainer.model] == [True, True, True, False, True]
    assert all(p.grad is None for p in trainer.model.parameters())


def test_a_second_fit_goes_on_to_the_total(make: Make, loader: Loaders) -> None:
    once, twice = make(), make()
    ek.manual_seed(3)
    once.fit(loader(), epochs=3)
    ek.manual_seed(3)
    batches = loader()
    twice.fit(batches, epochs=1)
    twice.fit(batches, epochs=1)
    assert twice.epoch == 1
    twice.fit(batches, epochs=3)
    assert fingerprint(twice) == fingerprint(once)


def test_gradients_are_clipped(make: Make, loader: Loaders) -> None:
    norms = []

    class Watch(Callback):
        def on_step_end(self, trainer: Trainer) -> None:
            grads = [to_array(p.grad) for p in trainer.model.parameters()]
            norms.append(np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in grads)))

    make(callbacks=(Watch(),)).fit(loader(), epochs=2)
    free = max(norms)
    norms.clear()
    make(callbacks=(Watch(),), clip_norm=free / 3).fit(loader(), epochs=2)
    assert max(norms) == pytest.approx(free / 3, rel=1e-4)
    with pytest.raises(ValueError, match="clip_norm: expected a positive number or None, got 0"):
        make(clip_norm=0)


def test_other_steps_train_other_things(data: ArrayDataset) -> None:
    class AutoEncoder(Trainer):
        def step(self, batch: Any) -> StepResult:
            (x,) = batch
            return StepResult(self.loss(self.model(x), ek.tensor(x)))

    ek.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6))
    trainer = AutoEncoder(
        model, nn.functional.mse_loss, optim.SGD(model.parameters(), lr=0.5), {"a": accuracy}
    )
    history = trainer.fit(DataLoader(ArrayDataset(data.arrays[0]), 10), epochs=20)
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert "a" not in history.columns


def test_passes_begin_before_training_and_evaluation(
    make: Make, loader: Loaders, valid: DataLoader
) -> None:
    events = []

    class Carrying(Trainer):
        def begin_pass(self) -> None:
            events.append("begin")

        def step(self, batch: Any) -> StepResult:
            events.append("train" if self.model.training else "valid")
            return super().step(batch)

    model = nn.Linear(6, 3)
    Carrying(model, nn.functional.cross_entropy, optim.SGD(model.parameters(), lr=0.1)).fit(
        loader(), valid, epochs=2
    )
    epoch = ["begin", *["train"] * 5, "begin", *["valid"] * 3]
    assert events == epoch * 2


def test_no_batches_are_an_error(make: Make) -> None:
    with pytest.raises(ValueError, match="train: it holds no batch"):
        make().fit([], epochs=1)


def test_epochs_are_not_negative(make: Make) -> None:
    with pytest.raises(ValueError, match="epochs: expected at least 0, got -1"):
        make().fit([], epochs=-1)


def test_callbacks_are_called_in_order_and_closed_on_errors(make: Make, loader: Loaders) -> None:
    events: list[str] = []

    class Recorder(Callback):
        def __getattribute__(self, name: str) -> Any:
            if name.startswith("on_") or name == "close":
                events.append(name)
            return super().__getattribute__(name)

    class Failing(Callback):
        def on_step_end(self, trainer: Trainer) -> None:
            if trainer.steps == 7:
                raise RuntimeError("broken")

    make(callbacks=(Recorder(),)).fit(loader(), epochs=2)
    epoch = ["on_epoch_begin", *["on_step_end"] * 5, "on_epoch_end"]
    assert events == ["on_fit_begin", *epoch, *epoch, "on_fit_end", "close"]
    events.clear()
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="broken"):
        make(callbacks=(Failing(), Recorder())).fit(loader(), epochs=2)
    assert events[-2:] == ["on_step_end", "close"]
    assert signal.getsignal(signal.SIGINT) is handler


# --- resuming -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize("steps", [1, 4, 5, 7, 10, 13])
def test_resumed_runs_equal_unbroken_ones(
    make: Make, loader: Loaders, valid: DataLoader, tmp_path: Path, steps: int, suffix: str
) -> None:
    path = tmp_path / f"run{suffix}"
    unbroken = make(callbacks=(never(), Checkpoint(tmp_path / f"other{suffix}")))
    ek.manual_seed(2)
    unbroken.fit(loader(), valid, epochs=4)

    first = make(callbacks=(StopAfter(steps), Checkpoint(path)))
    ek.manual_seed(2)
    history = first.fit(loader(), valid, epochs=4)
    assert history.interrupted and first.steps == steps

    resumed = make(seed=77, callbacks=(never(), Checkpoint(path)))
    resumed.load_checkpoint(path)
    history = resumed.fit(loader(), valid, epochs=4)
    assert not history.interrupted
    assert fingerprint(resumed) == fingerprint(unbroken)


def test_an_interrupted_trainer_goes_on_itself(
    make: Make, loader: Loaders, valid: DataLoader
) -> None:
    unbroken = make(callbacks=(never(),))
    ek.manual_seed(2)
    unbroken.fit(loader(), valid, epochs=3)
    trainer = make(callbacks=(StopAfter(8),))
    ek.manual_seed(2)
    batches = loader()
    assert trainer.fit(batches, valid, epochs=3).interrupted
    assert not trainer.fit(batches, valid, epochs=3).interrupted
    assert fingerprint(trainer) == fingerprint(unbroken)


def test_interrupted_validation_is_done_again(
    make: Make, loader: Loaders, valid: DataLoader, tmp_path: Path
) -> None:
    class Interrupting(DataLoader):
        def _batches(self, epoch: int, start: int) -> Any:
            for number, batch in enumerate(super()._batches(epoch, start)):
                if number == 1:
                    os.kill(os.getpid(), signal.SIGINT)
                yield batch

    unbroken = make()
    ek.manual_seed(2)
    unbroken.fit(loader(), valid, epochs=2)
    trainer = make()
    ek.manual_seed(2)
    history = trainer.fit(loader(), Interrupting(valid.dataset, 32), epochs=2)
    assert history.interrupted and len(history) == 0 and trainer.steps == 5
    trainer.save_checkpoint(tmp_path / "a.npz")
    resumed = make()
    resumed.load_checkpoint(tmp_path / "a.npz")
    resumed.fit(loader(), valid, epochs=2)
    assert fingerprint(resumed) == fingerprint(unbroken)


def test_checkpoints_between_steps(
    make: Make, loader: Loaders, valid: DataLoader, tmp_path: Path
) -> None:
    class Copies(Callback):
        order = 2

        def on_step_end(self, trainer: Trainer) -> None:
            if trainer.steps == 8:
                trainer.save_checkpoint(tmp_path / "a.npz")

    unbroken = make(callbacks=(Copies(),))
    unbroken.fit(loader(), valid, epochs=3)
    resumed = make(seed=4, callbacks=(Copies(),))
    resumed.load_checkpoint(tmp_path / "a.npz")
    assert (resumed.epoch, resumed.batch) == (1, 3)
    resumed.fit(loader(), valid, epochs=3)
    assert fingerprint(resumed) == fingerprint(unbroken)


def test_states_of_subclasses_are_resumed(loader: Loaders, tmp_path: Path) -> None:
    class Carrying(Trainer):
        carried = np.zeros(1)

        def begin_pass(self) -> None:
            self.carried = np.zeros(1)

        def step(self, batch: Any) -> StepResult:
            result = super().step(batch)
            self.carried = 0.5 * self.carried + result.loss.item()
            return result

        def state_dict(self) -> dict[str, Any]:
            return {**super().state_dict(), "carried": self.carried}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            super().load_state_dict(state)
            self.carried = state["carried"]

    def build(*callbacks: Callback) -> Carrying:
        ek.manual_seed(0)
        model = nn.Linear(6, 3)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        return Carrying(model, nn.functional.cross_entropy, optimizer, callbacks=callbacks)

    unbroken = build(never())
    unbroken.fit(loader(), epochs=2)
    first = build(StopAfter(3))
    first.fit(loader(), epochs=2)
    first.save_checkpoint(tmp_path / "a.npz")
    resumed = build(never())
    resumed.load_checkpoint(tmp_path / "a.npz")
    resumed.fit(loader(), epochs=2)
    assert resumed.carried == unbroken.carried != 0


def test_checkpoints_hold_plain_weights(make: Make, loader: Loaders, tmp_path: Path) -> None:
    trainer = make(callbacks=(Checkpoint(tmp_path / "a.safetensors"),))
    trainer.fit(loader(), DataLoader(loader().dataset, 70), epochs=1)
    weights = load(tmp_path / "a.safetensors")
    for name, value in trainer.model.state_dict().items():
        np.testing.assert_array_equal(weights[f"model/{name}"], to_array(value))


def test_foreign_checkpoints_are_refused(make: Make, loader: Loaders, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    trainer = make()
    trainer.save_checkpoint(path)
    with pytest.raises(ValueError, match="callbacks are"):
        make(callbacks=(never(),)).load_checkpoint(path)
    save({"a": np.zeros(1)}, path)
    with pytest.raises(WeightFileError, match="no state to resume from"):
        trainer.load_checkpoint(path)
    save_state({"epoch": 3}, path)
    with pytest.raises(WeightFileError, match="not a trainer's state: no"):
        trainer.load_checkpoint(path)
    trainer = make(callbacks=(StopAfter(2),))
    trainer.fit(loader(), epochs=1)
    with pytest.raises(ValueError, match="a list cannot go on after batch 2"):
        trainer.fit(list(loader()), epochs=1)
    with pytest.raises(ValueError, match="batch_size is 16, this loader's is 8"):
        trainer.fit(DataLoader(loader().dataset, 8), epochs=1)


def test_damaged_checkpoints_are_refused(make: Make, loader: Loaders, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    trainer = make()
    trainer.fit(loader(), epochs=1)
    trainer.save_checkpoint(path)
    valid = path.read_bytes()
    header = int.from_bytes(valid[:8], "little")
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        content = np.frombuffer(valid, np.uint8).copy()
        where = rng.integers(8, 8 + header, 2)
        content[where] = rng.integers(32, 127, 2)
        path.write_bytes(content.tobytes())
        try:
            trainer.load_checkpoint(path)
        except (ValueError, RuntimeError):
            refused += 1
    assert refused > 50


def test_any_iterable_serves_and_resumes_between_epochs(
    make: Make, loader: Loaders, tmp_path: Path
) -> None:
    batches = list(loader())
    unbroken = make()
    unbroken.fit(batches, epochs=2)
    first = make()
    first.fit(batches, epochs=1)
    first.save_checkpoint(tmp_path / "a.npz")
    resumed = make()
    resumed.load_checkpoint(tmp_path / "a.npz")
    resumed.fit(iter(batches), epochs=2)
    assert fingerprint(resumed) == fingerprint(unbroken)


# --- callbacks ----------------------------------------------------------------------------------


class Scripted(Trainer):
    """Takes its validation losses from a list; everything else is real."""

    script: tuple[float, ...] = ()

    def _evaluate(self, data: Any, interrupt: Any) -> dict[str, float]:
        return {"loss": self.script[self.epoch]}


def scripted(script: tuple[float, ...], *callbacks: Callback) -> Scripted:
    ek.manual_seed(0)
    model = nn.Linear(6, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    trainer = Scripted(model, nn.functional.cross_entropy, optimizer, callbacks=callbacks)
    trainer.script = script
    return trainer


def test_early_stopping_goes_back_to_the_best(loader: Loaders) -> None:
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, trainer: Trainer) -> None:
            seen.append(to_array(trainer.model.weight).copy())

    stop = EarlyStopping(2)
    trainer = scripted((3.0, 1.0, 2.0, 1.0, 0.5), stop, Watch())
    trainer.fit(loader(), [0], epochs=5)
    assert trainer.epoch == 4 and stop.best == 1.0 and stop.best_epoch == 2
    np.testing.assert_array_equal(to_array(trainer.model.weight), seen[1])
    trainer.fit(loader(), [0], epochs=5)
    assert trainer.epoch == 4


def test_early_stopping_variants(loader: Loaders) -> None:
    last = EarlyStopping(1, restore_best=False)
    trainer = scripted((1.0, 2.0, 3.0), last)
    trainer.fit(loader(), [0], epochs=3)
    assert trainer.epoch == 2 and not last.state_dict()["weights"]
    rising = EarlyStopping(1, mode="max")
    scripted((1.0, 2.0, 1.5), rising).fit(loader(), [0], epochs=3)
    assert rising.best == 2.0 and rising.best_epoch == 2
    coarse = EarlyStopping(1, min_delta=0.5)
    scripted((1.0, 0.6, 0.0), coarse).fit(loader(), [0], epochs=3)
    assert coarse.best_epoch == 1
    nan = EarlyStopping(2)
    trainer = scripted((float("nan"),) * 3, nan)
    trainer.fit(loader(), [0], epochs=3)
    assert trainer.epoch == 2 and nan.best_epoch == 0


def test_early_stopping_is_resumed(loader: Loaders, tmp_path: Path) -> None:
    script = (3.0, 1.0, 2.0, 2.0, 0.0)
    unbroken = scripted(script, EarlyStopping(2))
    unbroken.fit(loader(), [0], epochs=5)
    first = scripted(script, EarlyStopping(2), Checkpoint(tmp_path / "a.npz"))
    first.fit(loader(), [0], epochs=3)
    resumed = scripted(script, EarlyStopping(2), Checkpoint(tmp_path / "a.npz"))
    resumed.load_checkpoint(tmp_path / "a.npz")
    resumed.fit(loader(), [0], epochs=5)
    assert resumed.epoch == unbroken.epoch == 4
    for name, value in unbroken.model.state_dict().items():
        np.testing.assert_array_equal(to_array(resumed.model.state_dict()[name]), to_array(value))
    again = scripted(script, EarlyStopping(2), Checkpoint(tmp_path / "a.npz"))
    again.load_checkpoint(tmp_path / "a.npz")
    again.fit(loader(), [0], epochs=5)
    assert again.epoch == 4


def test_schedules_follow_epochs_steps_and_figures(loader: Loaders) -> None:
    def rates(make_schedule: Callable[[Any], Schedule]) -> list[float]:
        trainer = scripted((1.0, 2.0, 3.0, 4.0))
        trainer.callbacks = [make_schedule(trainer.optimizer)]
        return trainer.fit(loader(), [0], epochs=4)["lr"]

    schedules = optim.lr_scheduler
    per_epoch = rates(lambda o: Schedule(schedules.StepLR(o, 2, gamma=0.5)))
    assert per_epoch == pytest.approx([0.1, 0.1, 0.05, 0.05])
    per_step = rates(lambda o: Schedule(schedules.StepLR(o, 10, gamma=0.5), per="step"))
    assert per_step == pytest.approx([0.1, 0.05, 0.05, 0.025])
    plateau = rates(
        lambda o: Schedule(schedules.ReduceLROnPlateau(o, patience=0), monitor="valid_loss")
    )
    assert plateau == pytest.approx([0.1, 0.1, 0.01, 0.001])


@pytest.mark.parametrize(
    ("every", "per", "expected"), [(2, "epoch", [2, 4, 5]), (1, "epoch", [1, 2, 3, 4, 5])]
)
def test_checkpoints_come_at_their_time(
    loader: Loaders, tmp_path: Path, every: int, per: str, expected: list
) -> None:
    saved = []

    class Watched(Checkpoint):
        pass

    trainer = scripted((1.0,) * 5, Watched(tmp_path / "a.npz", every, per))
    trainer.save_checkpoint = lambda path: saved.append(trainer.epoch)
    trainer.fit(loader(), [0], epochs=5)
    assert saved == expected


def test_checkpoints_per_step(loader: Loaders, tmp_path: Path) -> None:
    saved = []
    trainer = scripted((1.0,) * 2, Checkpoint(tmp_path / "a.npz", 4, "step"))
    trainer.save_checkpoint = lambda path: saved.append((trainer.epoch, trainer.steps))
    trainer.fit(loader(), [0], epochs=2)
    assert saved == [(0, 4), (1, 8), (2, 10)]


def test_csv_logs_are_the_history(make: Make, loader: Loaders, tmp_path: Path) -> None:
    from einkorn.train import CSVLog

    trainer = make(callbacks=(CSVLog(tmp_path / "a.csv"),))
    trainer.callbacks = trainer.callbacks[-1:]
    trainer.fit(loader(), epochs=2)
    History(trainer.history.rows).to_csv(tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: EarlyStopping(mode="most"), "mode: expected 'min' or 'max', got 'most'"),
        (lambda: EarlyStopping(0), "patience"),
        (lambda: Checkpoint("a", every=0), "every: expected at least 1, got 0"),
        (lambda: Checkpoint("a", per="day"), "per: expected one of"),
        (lambda: Schedule(None, per="day"), "per: expected one of"),
        (lambda: Schedule(None, per="step", monitor="loss"), "monitor: 'loss' is known after"),
    ],
)
def test_wrong_settings(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_figures_are_named(make: Make, loader: Loaders) -> None:
    with pytest.raises(ValueError, match="monitor: there is no figure 'valid_loss', only"):
        make(callbacks=(EarlyStopping(),)).fit(loader(), epochs=1)
