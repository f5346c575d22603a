"""Figures of merit that scikit-learn lacks or that a training loop needs on arrays.

Everywhere `output` (what a model gives) comes before `target` (what is true), as in the losses.
Functions of a batch take Tensors as well as arrays and give Python floats.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from einkorn.io import to_array

__all__ = [
    "accuracy",
    "bits_per_character",
    "confusion_matrix",
    "mcnemar",
    "perplexity",
    "top_k_accuracy",
]


def accuracy(output: Any, target: Any) -> float:
    r"""Share of samples whose predicted class is right.

    .. math:: \frac{1}{N} \sum_n [\hat t_n = t_n]

    Parameters
    ----------
    output : array or Tensor, shape (N, C, ...) or (N, ...)
        Scores of C classes, of which the first largest counts; or predicted classes, if it has the
        shape of `target`.
    target : array or Tensor of int, shape (N, ...)
        True classes.

    Returns
    -------
    float
        From 0 to 1; NaN for no samples.

    Raises
    ------
    ValueError
        The shapes do not fit.

    Examples
    --------
    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    output, target = to_array(output), to_array(target)
    if output.ndim == target.ndim + 1 and output.shape[1] > 0:
        output = output.argmax(axis=1)
    if output.shape != target.shape:
        raise ValueError(
            f"output, target: expected (N, C, ...) and (N, ...), got {output.shape}"
            f" and {target.shape}"
        )
    return float(np.mean(output == target)) if target.size else math.nan


def top_k_accuracy(output: Any, target: Any, k: int = 5) -> float:
    r"""Share of samples whose true class is among the k with the largest scores.

    A sample counts when fewer than k classes score higher than the true one, or as high and come
    before it, so that ties are broken as by ``argmax`` and k = 1 gives `accuracy`.

    Parameters
    ----------
    output : array or Tensor, shape (N, C)
        Scores.
    target : array or Tensor of int, shape (N,)
        True classes, from 0 to C - 1.
    k : int
        At least 1.

    Returns
    -------
    float
        From 0 to 1; NaN for no samples.

    Raises
    ------
    ValueError
        The shapes do not fit or `k` is not positive.
    IndexError
        A target is no class.

    Examples
    --------
    >>> top_k_accuracy([[0.1, 0.6, 0.3], [0.2, 0.3, 0.5]], [2, 0], k=2)
    0.5
    """
    output, target = to_array(output), to_array(target)
    if output.ndim != 2 or target.shape != output.shape[:1]:
        raise ValueError(
            f"output, target: expected (N, C) and (N,), got {output.shape} and {target.shape}"
        )
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    if not target.size:
        return math.nan
    _check_classes("target", target, output.shape[1])
    score = np.take_along_axis(output, target[:, None], axis=1)
    earlier = np.arange(output.shape[1]) < target[:, None]
    better = np.sum((output > score) | ((output == score) & earlier), axis=1)
    # Comparisons with NaN are all false: a sample whose score is NaN would count as a hit.
    return float(np.mean((better < k) & ~np.isnan(score[:, 0])))


def confusion_matrix(output: Any, target: Any, classes: int | None = None) -> np.ndarray:
    """Count how often each class was taken for each other.

    Parameters
    ----------
    output : array or Tensor, shape (N, C) or (N,)
        Scores, of which the first largest counts, or predicted classes.
    target : array or Tensor of int, shape (N,)
        True classes.
    classes : int, optional
        Number of classes: by default C, or one more than the largest class that occurs.

    Returns
    -------
    int64 array, shape (classes, classes)
        Row: the true class. Column: the predicted one.

    Raises
    ------
    ValueError
        The shapes do not fit.
    IndexError
        A class is outside 0 to ``classes - 1``.

    Examples
    --------
    >>> confusion_matrix([0, 1, 1], [0, 1, 0])
    array([[1, 1],
           [0, 1]])
    """
    output, target = to_array(output), to_array(target)
    if output.ndim == 2:
        classes = output.shape[1] if classes is None else classes
        output = output.argmax(axis=1)
    if output.ndim != 1 or output.shape != target.shape:
        raise ValueError(
            "output, target: expected (N,) or (N, C), and (N,), got "
            f"{output.shape} and {target.shape}"
        )
    if classes is None:
        classes = int(max(output.max(initial=-1), target.max(initial=-1))) + 1
    _check_classes("output", output, classes)
    _check_classes("target", target, classes)
    pairs = target.astype(np.int64) * classes + output.astype(np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def perplexity(cross_entropy: float) -> float:
    r"""Number of equally likely symbols that are as hard to guess.

    .. math:: e^H

    Parameters
    ----------
    cross_entropy : float
        Mean cross-entropy H per symbol, in nats.

    Examples
    --------
    >>> import math
    >>> round(perplexity(math.log(10)), 9)
    10.0
    """
    try:
        return math.exp(cross_entropy)
    except OverflowError:
        return math.inf


def bits_per_character(cross_entropy: float) -> float:
    r"""Bits that a perfect coder driven by the model would spend on a character.

    .. math:: H / \ln 2

    Parameters
    ----------
    cross_entropy : float
        Mean cross-entropy H per character, in nats.

    Examples
    --------
    >>> import math
    >>> bits_per_character(math.log(2))
    1.0
    """
    return cross_entropy / math.log(2)


def mcnemar(b: int, c: int) -> float:
    r"""Exact two-sided p-value of McNemar's test, whether two classifiers differ in accuracy.

    On samples that both have judged, b were right by the first alone and c by the second alone.
    Under the hypothesis of equal accuracy b is binomial with n = b + c and probability 1/2:

    .. math:: p = \min\Bigl(1,\; 2 \sum_{i=0}^{\min(b, c)} \binom{n}{i} 2^{-n}\Bigr)

    Parameters
    ----------
    b, c : int
        The discordant counts.

    Returns
    -------
    float
        1 if there is no discordant sample.

    Raises
    ------
    ValueError
        A count is negative.

    References
    ----------
    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (1947).

    Examples
    --------
    >>> mcnemar(15, 15)
    1.0
    >>> print(f"{mcnemar(29, 1):.2g}")
    5.8e-08
    """
    if b < 0 or c < 0:
        raise ValueError(f"b, c: expected counts of at least 0, got {b} and {c}")
    count, fewer = int(b) + int(c), min(int(b), int(c))
    term = tail = 1
    for i in range(fewer):
        term = term * (count - i) // (i + 1)
        tail += term
    # Whole numbers to the last step: 2 ** -n underflows where the quotient does not.
    return min(1.0, 2 * tail / 2**count)


def _check_classes(name: str, labels: np.ndarray, classes: int) -> None:
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected integers, got {labels.dtype}")
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise IndexError(f"{name}: class {wrong.flat[0]} is outside 0 to {classes - 1}")
