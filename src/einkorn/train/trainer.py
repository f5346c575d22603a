"""The training loop: one for classifiers, auto-encoders and recurrent models alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from einkorn.autograd import no_grad
from einkorn.data.structure import leaves, map_leaves, zip_leaves
from einkorn.io import to_array
from einkorn.nn.utils import clip_grad_norm_, clip_grad_value_
from einkorn.train.averages import Averages
from einkorn.train.heads import MultiTaskLoss, call_model, flat_metrics
from einkorn.train.history import History
from einkorn.train.interrupt import Interrupt
from einkorn.train.resumable import Resumable
from einkorn.train.step import StepResult

if TYPE_CHECKING:
    from einkorn.autograd import Tensor
    from einkorn.nn import Module
    from einkorn.optim import Optimizer
    from einkorn.train.callbacks import Callback

__all__ = ["Trainer"]


class Trainer(Resumable):
    """Fits a model to batches; can be stopped anywhere and go on exactly there.

    Override `step` to train something else than ``loss(model(x), t)``. A model that carries a state
    from batch to batch resets it in `begin_pass` and adds it to `state_dict`.

    Parameters
    ----------
    model : Module
        The model.
    loss : callable, or mapping or sequence of callables
        ``loss(output, target)``, a Tensor of shape (). Several are the losses of several heads, see
        `MultiTaskLoss`; the loss of each head is a figure of its own.
    optimizer : Optimizer
        Over the parameters of `model`.
    metrics : mapping of str to callable, optional
        ``metric(output, target)``, a float, averaged over the samples of an epoch. A mapping in
        place of a metric holds those of one head.
    callbacks : sequence of Callback
        Called in order, `Checkpoint` after all others, so that its file holds their state.
    clip_norm : float, optional
        Scale gradients down to this Euclidean norm, taken over all parameters, where it is larger.
    clip_value : float, optional
        Cut every element of the gradients off at plus and minus this value; before `clip_norm`.
    accumulate : int
        Batches to an optimiser step. Their gradients are averaged by their sizes, so that a step is
        that of one large batch (but for batch statistics); what is left at the end of an epoch
        makes a smaller one.
    loss_weights : mapping or sequence of float, optional
        The weights of several losses.

    Attributes
    ----------
    epoch : int
        Epochs completed.
    steps : int
        Optimiser steps taken.
    history : History
        The figures of the completed epochs.
    epochs : int
        Epochs that the present `fit` shall complete.
    batches : int or None
        Batches in an epoch, if the training data has a length.
    batch : int
        Batches done in the present epoch.
    stop_training : bool
        A callback sets it to end training after the present epoch.
    interrupted : bool
        Whether Ctrl-C ended the last `fit`.

    Raises
    ------
    ValueError
        `clip_norm`, `clip_value` or `accumulate` is not positive, or the weights do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> from einkorn import nn, optim
    >>> from einkorn.data import ArrayDataset, DataLoader
    >>> from einkorn.metrics import accuracy
    >>> from einkorn.train import Trainer
    >>> _ = ek.manual_seed(0)
    >>> x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    >>> t = (x[:, 0] > x[:, 1]).astype(np.int64)
    >>> model = nn.Linear(2, 2)
    >>> trainer = Trainer(
    ...     model,
    ...     nn.functional.cross_entropy,
    ...     optim.SGD(model.parameters(), lr=1.0),
    ...     metrics={"accuracy": accuracy},
    ... )
    >>> history = trainer.fit(DataLoader(ArrayDataset(x, t), 16, shuffle=True), epochs=20)
    >>> history["accuracy"][-1] > 0.9
    True
    """

    def __init__(
        self,
        model: Module,
        loss: Any,
        optimizer: Optimizer,
        metrics: Mapping[str, Any] | None = None,
        callbacks: Sequence[Callback] = (),
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        accumulate: int = 1,
        loss_weights: Any = None,
    ) -> None:
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None and not limit > 0:
                raise ValueError(f"{name}: expected a positive number or None, got {limit}")
        if accumulate < 1:
            raise ValueError(f"accumulate: expected at least 1, got {accumulate}")
        several = isinstance(loss, Mapping | tuple | list)
        if loss_weights is not None and not several:
            raise ValueError(f"loss_weights: expected None for one loss, got {loss_weights}")
        self.model = model
        self.loss: Callable[[Any, Any], Tensor] = (
            MultiTaskLoss(loss, loss_weights) if several else loss
        )
        self.optimizer = optimizer
        self.metrics = flat_metrics(metrics or {})
        self.callbacks = sorted(callbacks, key=lambda callback: callback.order)
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.accumulate = accumulate
        self.epoch = self.steps = self.epochs = self.batch = 0
        self.batches: int | None = None
        self.history = History()
        self.stop_training = self.interrupted = False
        self._averages = Averages()
        self._summed = 0.0  # the samples whose gradients are summed for the step to come
        self._seconds = 0.0
        self._trained = False  # the present epoch awaits only its validation
        self._train_data: Any = None
        self._loader_state: dict[str, Any] | None = None

    # --- what a subclass may replace ------------------------------------------------------------

    def step(self, batch: Any) -> StepResult:
        """Run the model on one batch, in training and in evaluation alike.

        By default a batch is (x, t), where x may be a tuple or dictionary of the model's arguments.
        Gradients, clipping and the optimiser are not `step`'s business.
        """
        x, t = batch
        output = call_model(self.model, x)
        loss = self.loss(output, t)
        figures = None
        if isinstance(self.loss, MultiTaskLoss):
            figures = {f"{name}_loss": value for name, value in self.loss.parts.items()}
        return StepResult(loss, output, t, figures=figures)

    def begin_pass(self) -> None:
        """Prepare for a pass over data from its beginning; called before training and evaluation.

        Not called where training goes on in the middle of an epoch.
        """

    # --- training -------------------------------------------------------------------------------

    def fit(
        self, train: Iterable[Any], valid: Iterable[Any] | None = None, epochs: int = 1
    ) -> History:
        """Train until `epochs` epochs are complete, counted from the beginning of this trainer.

        So after `load_checkpoint` the same call finishes what was begun, and a second call with the
        same number does nothing.

        The first Ctrl-C lets the step under way finish, has `Checkpoint` save, and returns with
        ``history.interrupted`` set. A second one raises KeyboardInterrupt at once and saves
        nothing. (In another than the main thread Ctrl-C is not looked for.)

        Parameters
        ----------
        train : iterable of batches
            Gone through once an epoch; a `einkorn.data.DataLoader`, or anything with its
            ``state_dict`` where training is to be resumed within an epoch.
        valid : iterable of batches, optional
            Evaluated after every epoch.
        epochs : int
            Number of epochs in all.

        Returns
        -------
        History
            The trainer's `history`.

        Raises
        ------
        ValueError
            `train` holds no batch, or cannot go on where a checkpoint was taken, or `epochs` is
            negative.
        """
        if epochs < 0:
            raise ValueError(f"epochs: expected at least 0, got {epochs}")
        self.epochs, self._train_data = epochs, train
        self.batches = len(train) if isinstance(train, Sized) else None
        self.stop_training = self.interrupted = self.history.interrupted = False
        self._place(train)
        try:
            with Interrupt() as interrupt:
                self._call("on_fit_begin")
                while self.epoch < epochs and not self.stop_training and not self.interrupted:
                    self._run_epoch(train, valid, interrupt)
                self.history.interrupted = self.interrupted
                self._call("on_fit_end")
        finally:
            self._loader_state = self._data_state()
            for callback in self.callbacks:
                callback.close()
        return self.history

    def _place(self, train: Any) -> None:
        """Bring the training data to the place where a checkpoint or the last `fit` left it."""
        within = self.batch > 0 and not self._trained
        if within and not hasattr(train, "load_state_dict"):
            raise ValueError(
                f"train: a {type(train).__name__} cannot go on after batch {self.batch} of an "
                "epoch: it has no load_state_dict()"
            )
        if self._loader_state is not None and hasattr(train, "load_state_dict"):
            train.load_state_dict(self._loader_state)
        self._loader_state = None

    def _run_epoch(
        self, train: Iterable[Any], valid: Iterable[Any] | None, interrupt: Interrupt
    ) -> None:
        begun = time.perf_counter() - self._seconds
        if not self._trained:
            self._train_epoch(train, interrupt)
        figures: dict[str, float] | None = {}
        if not self._trained:
            figures = None
        elif valid is not None:
            figures = self._evaluate(valid, interrupt)
        self._seconds = time.perf_counter() - begun
        if figures is not None:
            self._end_epoch(figures)
        self.interrupted = interrupt.requested

    def _train_epoch(self, train: Iterable[Any], interrupt: Interrupt) -> None:
        if self.batch == 0:
            self.begin_pass()
            self._call("on_epoch_begin")
        self.model.train()
        for batch in train:
            self._train_batch(batch)
            if self.batch % self.accumulate and self.batch != self.batches:
                continue
            self._update()
            if interrupt.requested:
                break
        if self._summed:
            self._update()
        if self.batch == 0:
            raise ValueError("train: it holds no batch")
        self._trained = not interrupt.requested or self.batch == self.batches

    def _train_batch(self, batch: Any) -> None:
        """Add the gradients of a batch to those of the step to come."""
        result = self.step(batch)
        if not self._summed:
            self.optimizer.zero_grad()
        size = _size(batch, result)
        self._summed += size
        loss = result.loss if self.accumulate == 1 else result.loss * size
        loss.backward()
        self._measure(self._averages, size, result)
        self.batch += 1

    def _update(self) -> None:
        """Take the step that the gradients ask for."""
        for parameter in self.model.parameters() if self.accumulate > 1 else ():
            if parameter.grad is not None:
                parameter.grad.div_(self._summed)
        self._summed = 0.0
        self.clip_gradients()
        self.take_step()
        self.steps += 1
        self._call("on_step_end")

    def take_step(self) -> None:
        """Let the optimiser move the parameters; override to give it a closure."""
        self.optimizer.step()

    def clip_gradients(self) -> None:
        """Clip the gradients as `clip_value` and `clip_norm` ask."""
        if self.clip_value is not None:
            clip_grad_value_(self.model.parameters(), self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_norm)

    def _measure(self, averages: Averages, size: float, result: StepResult) -> None:
        figures = {"loss": result.loss.item(), **(result.figures or {})}
        if result.output is not None:
            for name, metric in self.metrics.items():
                figures[name] = float(metric(result.output, result.target))
        averages.add(figures, size)

    def _end_epoch(self, figures: dict[str, float]) -> None:
        self.epoch += 1
        row: dict[str, float] = {"epoch": self.epoch, **self.running_means()}
        row |= {f"valid_{name}": value for name, value in figures.items()}
        row |= {"lr": self.optimizer.param_groups[0]["lr"], "seconds": self._seconds}
        self.history.rows.append(row)
        self._averages = Averages()
        self._seconds, self._trained, self.batch = 0.0, False, 0
        self._call("on_epoch_end")

    def running_means(self) -> dict[str, float]:
        """Give loss and metrics over the batches of the present epoch so far."""
        return self._averages.means()

    # --- evaluation -----------------------------------------------------------------------------

    def evaluate(self, data: Iterable[Any]) -> dict[str, float]:
        """Give the mean loss and metrics over `data`, without training on it.

        Modules are switched to evaluation and back.
        """
        return self._evaluate(data, Interrupt()) or {}

    def _evaluate(self, data: Iterable[Any], interrupt: Interrupt) -> dict[str, float] | None:
        """Like `evaluate`; None if interrupted."""
        averages = Averages()
        self._call("on_valid_begin")
        try:
            with _evaluating(self.model):
                self.begin_pass()
                for batch in data:
                    if interrupt.requested:
                        return None
                    result = self.step(batch)
                    self._measure(averages, _size(batch, result), result)
        finally:
            self._call("on_valid_end")
        return averages.means()

    def predict(self, data: Any, batch_size: int = 256) -> Any:
        """Give the model's outputs.

        Parameters
        ----------
        data : array, Tensor, dictionary of such, or iterable of batches
            Samples along the first axis, or batches, of which the first part is taken.
        batch_size : int
            Samples passed at once where `data` is an array.

        Returns
        -------
        array, shape (N, ...)
            The outputs of all samples, in order; a tuple or dictionary of arrays from a model that
            gives several.

        Raises
        ------
        ValueError
            There is no sample.
        """
        if hasattr(data, "__array__") or isinstance(data, Mapping):
            starts = range(0, len(next(leaves(data))), batch_size)
            pieces = (itemgetter(slice(start, start + batch_size)) for start in starts)
            batches = (map_leaves(piece, data) for piece in pieces)
        else:
            batches = (batch[0] if isinstance(batch, tuple | list) else batch for batch in data)
        with _evaluating(self.model):
            outputs = [map_leaves(to_array, call_model(self.model, x)) for x in batches]
        if not outputs:
            raise ValueError("data: expected at least one sample, got none")
        return zip_leaves(np.concatenate, outputs)

    # --- state ----------------------------------------------------------------------------------

    def judged_weights(self) -> dict[str, Any]:
        """Give the weights that validation judges: the model's, or what callbacks put in place."""
        weights = dict(self.model.state_dict())
        for callback in self.callbacks:
            weights |= callback.judged_weights()
        return weights

    # --- callbacks ------------------------------------------------------------------------------

    def _call(self, event: str) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self)


def _size(batch: Any, result: StepResult) -> float:
    return len(next(leaves(batch))) if result.size is None else result.size


@contextmanager
def _evaluating(model: Module) -> Iterator[None]:
    """Switch to evaluation without gradients, and every module back to its own mode."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training
