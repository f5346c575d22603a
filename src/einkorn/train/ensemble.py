"""Several models that answer as one: mixtures, products, bagging, boosting, dropout in use."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from einkorn.autograd import no_grad
from einkorn.data import DataLoader, Dataset, Subset
from einkorn.data.seeds import Seed
from einkorn.io import to_array
from einkorn.train.heads import call_model

if TYPE_CHECKING:
    from einkorn.nn import Module
    from einkorn.train.trainer import Trainer

__all__ = ["AdaBoost", "Bagging", "mc_dropout", "mixture", "product"]


def mixture(probabilities: Any, weights: Any = None) -> np.ndarray:
    r"""Combine distributions by their mean.

    .. math:: p(k) = \sum_m w_m p_m(k) / \sum_m w_m

    Parameters
    ----------
    probabilities : array or sequence of arrays, shape (M, ..., K)
        What each of M models says of K classes.
    weights : array, shape (M,), optional
        Not negative; equal by default.

    Returns
    -------
    array, shape (..., K)

    Raises
    ------
    ValueError
        There is no model, a probability or weight is negative, or the shapes do not fit.

    Examples
    --------
    >>> mixture([[0.3, 0.2, 0.5], [0.1, 0.8, 0.1]]).round(3)
    array([0.2, 0.5, 0.3])
    """
    p, w = _checked(probabilities, weights)
    return np.tensordot(w, p, 1)


def product(probabilities: Any, weights: Any = None) -> np.ndarray:
    r"""Combine distributions by their geometric mean, normalised.

    .. math:: p(k) \propto \prod_m p_m(k)^{w_m / \sum_m w_m}

    A class that one model excludes is excluded.

    Parameters
    ----------
    probabilities : array or sequence of arrays, shape (M, ..., K)
        What each of M models says of K classes.
    weights : array, shape (M,), optional
        Not negative; equal by default.

    Returns
    -------
    array, shape (..., K)
        NaN where every class is excluded by some model.

    Raises
    ------
    ValueError
        There is no model, a probability or weight is negative, or the shapes do not fit.

    References
    ----------
    G. Hinton, "Training products of experts by minimizing contrastive divergence", Neural
    Computation 14 (2002).

    Examples
    --------
    >>> product([[0.3, 0.2, 0.5], [0.1, 0.8, 0.1]]).round(3)
    array([0.217, 0.502, 0.281])
    """
    p, w = _checked(probabilities, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.tensordot(w[w > 0], np.log(p[w > 0]), 1)
        shares = np.exp(logs - logs.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def _checked(probabilities: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    p = np.stack([to_array(member) for member in probabilities]) if len(probabilities) else None
    if p is None or p.ndim < 2 or not np.all(p >= 0):
        raise ValueError("probabilities: expected at least one array (..., K) of values from 0 on")
    p = p.astype(np.result_type(p, np.float32), copy=False)
    w = np.ones(len(p)) if weights is None else np.asarray(weights, np.float64)
    if w.shape != (len(p),) or not np.all(w >= 0) or not w.sum() > 0:
        raise ValueError(f"weights: expected {len(p)} of them, not negative, got {weights}")
    return p, (w / w.sum()).astype(p.dtype)


_COMBINATIONS = {"mixture": mixture, "product": product}


class Bagging:
    """Models trained on samples drawn with replacement, whose answers are combined.

    Parameters
    ----------
    make : callable
        ``make()`` gives a fresh `Trainer` of a classifier whose outputs are scores before softmax.
    members : int
        Number of models.
    combine : {"mixture", "product"}
        How their probabilities become one.
    seed : int or numpy.random.Generator
        Fixes what is drawn.

    Attributes
    ----------
    trainers : list of Trainer
        The trained members.

    Raises
    ------
    ValueError
        `members` is not positive or `combine` is unknown.

    References
    ----------
    L. Breiman, "Bagging predictors", Machine Learning 24 (1996).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> from einkorn.data import ArrayDataset
    >>> from einkorn.train import Trainer
    >>> def make():
    ...     model = nn.Linear(2, 2)
    ...     sgd = optim.SGD(model.parameters(), lr=1.0)
    ...     return Trainer(model, nn.functional.cross_entropy, sgd)
    >>> x = np.random.default_rng(0).normal(size=(90, 2)).astype(np.float32)
    >>> t = (x[:, 0] > 0).astype(np.int64)
    >>> bagging = Bagging(make, members=3).fit(ArrayDataset(x, t), epochs=20)
    >>> bagging.predict(x).shape, bool(np.mean(bagging.predict(x).argmax(1) == t) > 0.9)
    ((90, 2), True)
    """

    def __init__(
        self,
        make: Callable[[], Trainer],
        members: int = 10,
        *,
        combine: str = "mixture",
        seed: Seed = 0,
    ) -> None:
        if members < 1:
            raise ValueError(f"members: expected at least 1, got {members}")
        if combine not in _COMBINATIONS:
            raise ValueError(f"combine: expected one of {list(_COMBINATIONS)}, got {combine!r}")
        self.make = make
        self.members = members
        self.combine = combine
        self.seed = seed
        self.trainers: list[Trainer] = []

    def fit(self, dataset: Dataset, epochs: int, batch_size: int = 32) -> Bagging:
        """Train the members, each on as many samples as there are, and return this object."""
        generator = np.random.default_rng(self.seed)
        self.trainers = []
        for _ in range(self.members):
            drawn = generator.integers(0, len(dataset), len(dataset))
            self.trainers.append(_trained(self.make, dataset, drawn, epochs, batch_size, generator))
        return self

    def predict(self, x: Any) -> np.ndarray:
        """Give the combined probabilities, shape (N, K), of samples."""
        _check_fitted(self.trainers)
        return _COMBINATIONS[self.combine]([_softmax(t.predict(x)) for t in self.trainers])


class AdaBoost:
    r"""Small models in sequence, each on the samples that those before it got wrong.

    The classes are K. With the weighted error e of a member on the samples it gets a say of
    :math:`\alpha = \ln((1 - e) / e) + \ln(K - 1)`, and samples that it got wrong gain
    :math:`\exp \alpha` in weight; the class with the largest say wins (SAMME, which for two classes
    is AdaBoost.M1). Weights are given to training by drawing samples in their proportion, so any
    loss will do.

    Parameters
    ----------
    make : callable
        ``make()`` gives a fresh `Trainer` of a classifier whose largest output is its answer.
    rounds : int
        Most members. Fewer are made when one is perfect; one that is no better than chance is
        dropped and another is trained in the next round.
    seed : int or numpy.random.Generator
        Fixes what is drawn.

    Attributes
    ----------
    trainers : list of Trainer
        The members.
    says : list of float
        The :math:`\alpha` of each.
    weights : array, shape (N,)
        The weights of the samples after the last round; they sum to 1.

    Raises
    ------
    ValueError
        `rounds` is not positive. When fitted: no member was better than chance.

    References
    ----------
    Y. Freund and R. Schapire, "A decision-theoretic generalization of on-line learning and an
    application to boosting", Journal of Computer and System Sciences 55 (1997). J. Zhu, H. Zou,
    S. Rosset and T. Hastie, "Multi-class AdaBoost", Statistics and Its Interface 2 (2009).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> from einkorn.data import ArrayDataset
    >>> from einkorn.train import Trainer
    >>> def make():
    ...     model = nn.Linear(2, 2)
    ...     sgd = optim.SGD(model.parameters(), lr=1.0)
    ...     return Trainer(model, nn.functional.cross_entropy, sgd)
    >>> x = np.random.default_rng(0).normal(size=(90, 2)).astype(np.float32)
    >>> t = (x[:, 0] > 0).astype(np.int64)
    >>> boosted = AdaBoost(make, rounds=3).fit(ArrayDataset(x, t), 2, epochs=20)
    >>> boosted.predict(x).shape, bool(np.mean(boosted.predict(x).argmax(1) == t) > 0.9)
    ((90, 2), True)
    """

    def __init__(self, make: Callable[[], Trainer], rounds: int = 50, *, seed: Seed = 0) -> None:
        if rounds < 1:
            raise ValueError(f"rounds: expected at least 1, got {rounds}")
        self.make = make
        self.rounds = rounds
        self.seed = seed
        self.trainers: list[Trainer] = []
        self.says: list[float] = []
        self.weights = np.empty(0)
        self._classes = 0

    def fit(self, dataset: Dataset, classes: int, epochs: int, batch_size: int = 32) -> AdaBoost:
        """Train the members on a data set of (x, class) and return this object."""
        if classes < 2:
            raise ValueError(f"classes: expected at least 2, got {classes}")
        generator = np.random.default_rng(self.seed)
        count = len(dataset)
        x, target = dataset[np.arange(count)]
        self.trainers, self.says, self._classes = [], [], classes
        self.weights = np.full(count, 1 / count)
        for _ in range(self.rounds):
            drawn = generator.choice(count, count, p=self.weights)
            trainer = _trained(self.make, dataset, drawn, epochs, batch_size, generator)
            wrong = _answers(trainer, x) != target
            say = _say(float(self.weights[wrong].sum()), classes)
            if say <= 0:
                continue
            self.trainers.append(trainer)
            self.says.append(say)
            if not wrong.any():
                break
            # Scaled down where right rather than up where wrong: the same shares, no overflow.
            self.weights = np.where(wrong, self.weights, self.weights * math.exp(-say))
            self.weights /= self.weights.sum()
        if not self.trainers:
            raise ValueError(f"make: none of {self.rounds} models was better than chance")
        return self

    def predict(self, x: Any) -> np.ndarray:
        """Give each class's share of the say, shape (N, K)."""
        _check_fitted(self.trainers)
        votes = [np.eye(self._classes)[_answers(trainer, x)] for trainer in self.trainers]
        return mixture(votes, self.says)


def _say(error: float, classes: int) -> float:
    """Give the weight of a member's vote; that of a perfect one is large, not infinite."""
    error = max(error, 1e-10)
    return math.log((1 - error) / error) + math.log(classes - 1) if error < 1 else -math.inf


def _trained(
    make: Callable[[], Trainer],
    dataset: Dataset,
    drawn: np.ndarray,
    epochs: int,
    batch_size: int,
    generator: np.random.Generator,
) -> Trainer:
    trainer = make()
    loader = DataLoader(Subset(dataset, drawn), batch_size, shuffle=True, seed=generator)
    trainer.fit(loader, epochs=epochs)
    if trainer.interrupted:
        raise KeyboardInterrupt
    return trainer


def _answers(trainer: Trainer, x: Any) -> np.ndarray:
    return trainer.predict(x).argmax(1)


def _softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def _check_fitted(trainers: Sequence[Trainer]) -> None:
    if not trainers:
        raise RuntimeError("fit() has to come before predict()")


def mc_dropout(model: Module, x: Any, passes: int = 100) -> tuple[np.ndarray, np.ndarray]:
    r"""Run a model several times with dropout at work, for a mean and an uncertainty.

    Every module is in evaluation mode except those of dropout: ``Dropout``, ``Dropout2d``,
    ``AlphaDropout`` …

    Parameters
    ----------
    model : Module
        The model.
    x : array, Tensor, or tuple or dictionary of such
        Its input.
    passes : int
        Number of runs T.

    Returns
    -------
    mean, std : array, shape of the output
        :math:`\bar y = \frac{1}{T} \sum_t y_t` and
        :math:`\sqrt{\frac{1}{T - 1} \sum_t (y_t - \bar y)^2}`.

    Raises
    ------
    ValueError
        `passes` is below 2, or the model has no dropout.

    References
    ----------
    Y. Gal and Z. Ghahramani, "Dropout as a Bayesian approximation: representing model uncertainty
    in deep learning", ICML 2016.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> from einkorn import nn
    >>> _ = ek.manual_seed(0)
    >>> mean, std = mc_dropout(nn.Dropout(0.5), np.ones((1, 1000), np.float32), passes=50)
    >>> bool(abs(mean.mean() - 1) < 0.05), bool(abs(std.mean() - 1) < 0.05)
    (True, True)
    """
    if passes < 2:
        raise ValueError(f"passes: expected at least 2, got {passes}")
    modes = [(module, module.training) for module in model.modules()]
    dropping = [module for module, _ in modes if "Dropout" in type(module).__name__]
    if not dropping:
        raise ValueError("model: it has no dropout, so every pass gives the same")
    model.eval()
    try:
        for module in dropping:
            module.training = True
        with no_grad():
            outputs = [to_array(call_model(model, x)).copy() for _ in range(passes)]
    finally:
        for module, training in modes:
            module.training = training
    return np.mean(outputs, axis=0), np.std(outputs, axis=0, ddof=1)
