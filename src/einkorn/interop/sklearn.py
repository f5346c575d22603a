"""scikit-learn estimators over any model: pipelines, grid search and cross-validation take them.

Needs scikit-learn: ``pip install "einkorn[run]"``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from einkorn import nn, optim
from einkorn.autograd import no_grad
from einkorn.autograd.random import get_rng_state, manual_seed, set_rng_state
from einkorn.data import ArrayDataset, DataLoader
from einkorn.train import Callback, EarlyStopping, Progress, Trainer

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "einkorn.interop.sklearn needs scikit-learn of version 1.6 or later: "
        'pip install "einkorn[run]"'
    ) from error

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor"]

Build = Callable[[int, int], nn.Module]

_HIDDEN_UNITS = 100


class _NeuralNet(BaseEstimator):
    """What classifier and regressor share: everything but the targets."""

    _default_loss: Callable[[Any, Any], Any]

    def __init__(
        self,
        model: nn.Module | Build | None = None,
        *,
        loss: Callable[[Any, Any], Any] | None = None,
        optimizer: str | Callable[[Any], optim.Optimizer] = "Adam",
        lr: float = 1e-2,
        weight_decay: float = 0.0,
        batch_size: int = 32,
        max_iter: int = 100,
        validation_fraction: float = 0.0,
        patience: int = 10,
        callbacks: Sequence[Callback] = (),
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, x: np.ndarray, targets: np.ndarray, outputs: int) -> None:
        if not (isinstance(self.max_iter, int | np.integer) and self.max_iter >= 1):
            raise ValueError(f"max_iter: expected an integer of at least 1, got {self.max_iter!r}")
        if not 0.0 <= self.validation_fraction < 1.0:
            raise ValueError(
                f"validation_fraction: expected a number from 0 to below 1, "
                f"got {self.validation_fraction!r}"
            )
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        with _own_randomness(seed):
            self.module_ = self._new_module(x, outputs)
            train, valid, callbacks = self._loaders(x, targets, seed)
            trainer = Trainer(
                self.module_,
                self.loss or type(self)._default_loss,
                self._new_optimizer(),
                callbacks=callbacks,
            )
            self.history_ = trainer.fit(train, valid, epochs=int(self.max_iter))
        self.module_.eval()
        self.n_iter_ = trainer.epoch

    def _new_module(self, x: np.ndarray, outputs: int) -> nn.Module:
        features = int(np.prod(x.shape[1:]))
        if self.model is None:
            module: nn.Module = nn.Sequential(
                nn.Linear(features, _HIDDEN_UNITS), nn.ReLU(), nn.Linear(_HIDDEN_UNITS, outputs)
            )
        elif isinstance(self.model, nn.Module):
            module = copy.deepcopy(self.model)
        else:
            module = self.model(features, outputs)
        module.to(x.dtype)
        with no_grad():
            module.eval()(x[:1])
        return module.train()

    def _new_optimizer(self) -> optim.Optimizer:
        parameters = self.module_.parameters()
        if callable(self.optimizer):
            return self.optimizer(parameters)
        kind = getattr(optim, self.optimizer, None)
        if not (isinstance(kind, type) and issubclass(kind, optim.Optimizer)):
            raise ValueError(
                f"optimizer: expected a name in einkorn.optim or a callable, got {self.optimizer!r}"
            )
        make: Callable[..., optim.Optimizer] = kind
        return make(parameters, lr=self.lr, weight_decay=self.weight_decay)

    def _loaders(
        self, x: np.ndarray, targets: np.ndarray, seed: int
    ) -> tuple[DataLoader, DataLoader | None, list[Callback]]:
        callbacks = [*copy.deepcopy(list(self.callbacks))]
        if self.verbose:
            callbacks.append(Progress())
        valid = None
        if self.validation_fraction > 0:
            x, held_out, targets, held_out_targets = train_test_split(
                x,
                targets,
                test_size=self.validation_fraction,
                random_state=seed,
                stratify=self._strata(targets),
            )
            valid = DataLoader(ArrayDataset(held_out, held_out_targets), self.batch_size)
            callbacks.append(EarlyStopping(self.patience))
        train = DataLoader(ArrayDataset(x, targets), self.batch_size, shuffle=True, seed=seed)
        return train, valid, callbacks

    def _strata(self, targets: np.ndarray) -> np.ndarray | None:
        return None

    def _check_input(self, x: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, x, reset=False, dtype=_DTYPES, allow_nd=True, order="C")

    def _output(self, x: Any) -> np.ndarray:
        """Run the model over samples, a batch at a time."""
        x = self._check_input(x).astype(self.dtype_, copy=False)
        size = max(self.batch_size, 1024)
        with no_grad():
            parts = [self.module_(x[i : i + size]).numpy() for i in range(0, len(x), size)]
        return np.concatenate(parts)


_DTYPES = [np.float64, np.float32]


class NeuralNetClassifier(ClassifierMixin, _NeuralNet):
    """Classifier over any model with an output a class.

    Samples are rows of X, of any rank: (N, features), or (N, C, H, W) for a model of images.
    float32 stays float32, all else becomes float64.

    Parameters
    ----------
    model : Module or callable, optional
        A model, of which every fit trains a copy; or ``model(features, outputs)``, which makes
        one. By default a multi-layer perceptron of one hidden layer, 100 rectified units.
    loss : callable, optional
        ``loss(output, target)``, a Tensor of shape (); cross-entropy by default.
    optimizer : str or callable
        Name in `einkorn.optim`, or ``optimizer(parameters)``, which makes one.
    lr, weight_decay : float
        Of an optimiser given by name.
    batch_size : int
        Samples in a step of training.
    max_iter : int
        Epochs, or the most of them.
    validation_fraction : float
        Share of the samples to hold out. With it training ends when their loss has not fallen for
        ``patience`` epochs, and the best weights are kept.
    patience : int
        See ``validation_fraction``.
    callbacks : sequence of einkorn.train.Callback
        Every fit uses copies of them.
    random_state : int, RandomState or None
        Equal integers give equal models, whatever einkorn's own generator has drawn.
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    module_ : Module
        The trained model.
    history_ : einkorn.train.History
        Figures of every epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Length of the samples' first axis.
    classes_ : array of shape (classes,)
        The labels, sorted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from einkorn.interop.sklearn import NeuralNetClassifier
    >>> x, t = load_iris(return_X_y=True)
    >>> net = make_pipeline(StandardScaler(), NeuralNetClassifier(max_iter=20, random_state=0))
    >>> net.fit(x, t).score(x, t) > 0.9
    True
    """

    _default_loss = staticmethod(nn.functional.cross_entropy)

    def fit(self, X: Any, y: Any) -> NeuralNetClassifier:
        """Train a new model.

        Parameters
        ----------
        X : array, shape (N, ...)
            Samples.
        y : array, shape (N,)
            Labels: numbers or strings.

        Returns
        -------
        NeuralNetClassifier
            This estimator.

        Raises
        ------
        ValueError
            If lengths differ, values are not finite, or there are fewer than two labels.
        """
        X, y = validate_data(self, X, y, dtype=_DTYPES, allow_nd=True, order="C")
        check_classification_targets(y)
        self.dtype_ = X.dtype
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y: expected at least two classes, got only one class: {self.classes_[0]!r}"
            )
        self._fit(X, labels.astype(np.int64), len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes, shape (N, classes).

        Parameters
        ----------
        X : array, shape (N, ...)
            Samples.
        """
        scores = self._output(X)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest labels, shape (N,).

        Parameters
        ----------
        X : array, shape (N, ...)
            Samples.
        """
        best = self._output(X).argmax(axis=1)
        return self.classes_[best]

    def _strata(self, targets: np.ndarray) -> np.ndarray:
        return targets


class NeuralNetRegressor(RegressorMixin, _NeuralNet):
    """Regressor over any model, for one target or several.

    Parameters and attributes as for `NeuralNetClassifier`, but for the classes; the loss is the
    mean squared error by default.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn.interop.sklearn import NeuralNetRegressor
    >>> x = np.linspace(-2, 2, 200)[:, None]
    >>> net = NeuralNetRegressor(max_iter=40, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> net.score(x, np.sin(x[:, 0])) > 0.95
    True
    """

    _default_loss = staticmethod(nn.functional.mse_loss)

    def fit(self, X: Any, y: Any) -> NeuralNetRegressor:
        """Train a new model.

        Parameters
        ----------
        X : array, shape (N, ...)
            Samples.
        y : array, shape (N,) or (N, targets)
            Targets.

        Returns
        -------
        NeuralNetRegressor
            This estimator.

        Raises
        ------
        ValueError
            If lengths differ or values are not finite.
        """
        X, y = validate_data(
            self, X, y, dtype=_DTYPES, allow_nd=True, order="C", multi_output=True, y_numeric=True
        )
        self.dtype_ = X.dtype
        self._one_target = y.ndim == 1
        targets = np.ascontiguousarray(y.reshape(len(y), -1), dtype=X.dtype)
        self._fit(X, targets, targets.shape[1])
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted targets, shaped as those of `fit`.

        Parameters
        ----------
        X : array, shape (N, ...)
            Samples.
        """
        output = self._output(X)
        return output[:, 0] if self._one_target else output

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Draw from a generator of this seed, and leave einkorn's own as it was."""
    before = get_rng_state()
    manual_seed(seed)
    try:
        yield
    finally:
        set_rng_state(before)
