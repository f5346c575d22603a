"""A trainer's state: all that the rest of a run depends on, as a dictionary and as a file."""

from __future__ import annotations

import os
from typing import Any

from einkorn.autograd.random import get_rng_state, set_rng_state
from einkorn.io import WeightFileError
from einkorn.train.checkpoint import load_state, save_state

__all__ = ["Resumable"]


class Resumable:
    """What of a `Trainer` lets it be stopped anywhere and go on exactly there."""

    model: Any
    optimizer: Any
    callbacks: list[Any]
    history: Any
    epoch: int
    steps: int
    batch: int
    _averages: Any
    _seconds: float
    _trained: bool
    _train_data: Any
    _loader_state: dict[str, Any] | None

    def state_dict(self) -> dict[str, Any]:
        """Give all that the rest of the run depends on; arrays are not copied.

        A subclass with a state of its own adds it here and takes it back in `load_state_dict`.
        """
        return {
            "epoch": self.epoch,
            "steps": self.steps,
            "batch": self.batch,
            "trained": self._trained,
            "seconds": self._seconds,
            "averages": self._averages.state_dict(),
            "history": self.history.state_dict(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "loader": self._data_state(),
            "random": get_rng_state(),
            "callbacks": [
                {"name": type(callback).__name__, "state": callback.state_dict()}
                for callback in self.callbacks
            ],
        }

    def _data_state(self) -> dict[str, Any] | None:
        if self._loader_state is not None:
            return self._loader_state
        return self._train_data.state_dict() if hasattr(self._train_data, "state_dict") else None

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to the state that `state_dict` gave; the training data follows at the next `fit`.

        Raises
        ------
        ValueError, RuntimeError
            The state is that of another model, optimiser or list of callbacks.
        """
        names = [type(callback).__name__ for callback in self.callbacks]
        saved = [entry["name"] for entry in state["callbacks"]]
        if saved != names:
            raise ValueError(f"state: its callbacks are {saved}, this trainer's are {names}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for callback, entry in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(entry["state"])
        self.history.load_state_dict(state["history"])
        self._averages.load_state_dict(state["averages"])
        self.epoch, self.steps, self.batch = state["epoch"], state["steps"], state["batch"]
        self._trained, self._seconds = state["trained"], state["seconds"]
        self._loader_state = state["loader"]
        set_rng_state(state["random"])

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write the state to one file, atomically; between steps only.

        The model's weights stand in it under ``model/``; the rest is in its metadata as JSON.
        """
        save_state(self.state_dict(), path)

    def load_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Go to the state in a file that `save_checkpoint` wrote.

        Call it on a trainer built like the one that wrote it, then call `fit` as before: training
        goes on with the next step and gives bit for bit what an unbroken run would have given.

        Raises
        ------
        WeightFileError
            The file is damaged or no checkpoint.
        ValueError, RuntimeError
            It is that of another model, optimiser or list of callbacks.
        """
        state = load_state(path)
        missing = self.state_dict().keys() - state.keys()
        if missing:
            raise WeightFileError(f"{os.fspath(path)}: not a trainer's state: no {sorted(missing)}")
        try:
            self.load_state_dict(state)
        except (AttributeError, KeyError, OverflowError, TypeError) as error:
            raise WeightFileError(f"{os.fspath(path)}: damaged state: {error!r}") from error
