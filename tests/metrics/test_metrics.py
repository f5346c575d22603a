from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from einkorn.metrics import (
    accuracy,
    bits_per_character,
    confusion_matrix,
    mcnemar,
    perplexity,
    top_k_accuracy,
)

RNG = np.random.default_rng(0)
SCORES = RNG.random((200, 7))
TARGET = RNG.integers(0, 7, 200)


def test_accuracy_agrees_with_scikit_learn() -> None:
    predicted = SCORES.argmax(1)
    expected = sk.accuracy_score(TARGET, predicted)
    assert accuracy(SCORES, TARGET) == expected
    assert accuracy(predicted, TARGET) == expected


def test_accuracy_of_pictures_and_sequences() -> None:
    scores, target = RNG.random((4, 3, 5, 6)), RNG.integers(0, 3, (4, 5, 6))
    assert accuracy(scores, target) == np.mean(scores.argmax(1) == target)


@pytest.mark.parametrize("k", [1, 2, 5, 7, 9])
def test_top_k_agrees_with_scikit_learn(k: int) -> None:
    expected = 1.0 if k >= 7 else sk.top_k_accuracy_score(TARGET, SCORES, k=k)
    assert top_k_accuracy(SCORES, TARGET, k) == pytest.approx(expected)


def test_ties_and_nan() -> None:
    flat = np.zeros((7, 7))
    assert accuracy(flat, np.arange(7)) == top_k_accuracy(flat, np.arange(7), 1) == 1 / 7
    assert top_k_accuracy(flat, np.arange(7), 3) == 3 / 7
    assert top_k_accuracy(np.full((2, 3), np.nan), [0, 1], 2) == 0


def test_tensors_are_taken() -> None:
    torch = pytest.importorskip("torch")
    scores = torch.tensor(SCORES, requires_grad=True)
    assert accuracy(scores, torch.tensor(TARGET)) == accuracy(SCORES, TARGET)


def test_confusion_agrees_with_scikit_learn() -> None:
    expected = sk.confusion_matrix(TARGET, SCORES.argmax(1), labels=range(8))
    matrix = confusion_matrix(SCORES, TARGET, 8)
    np.testing.assert_array_equal(matrix, expected)
    assert matrix.dtype == np.int64
    for output in (SCORES, SCORES.argmax(1)):
        np.testing.assert_array_equal(confusion_matrix(output, TARGET), expected[:7, :7])
    assert confusion_matrix(SCORES, np.zeros(200, int)).shape == (7, 7)


def test_no_samples() -> None:
    none = np.zeros(0, int)
    assert math.isnan(accuracy(np.zeros((0, 3)), none))
    assert math.isnan(top_k_accuracy(np.zeros((0, 3)), none))
    np.testing.assert_array_equal(confusion_matrix(none, none, 2), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: accuracy(SCORES, TARGET[:9]), ValueError),
        (lambda: accuracy(np.zeros((3, 0)), np.zeros(3, int)), ValueError),
        (lambda: top_k_accuracy(SCORES, TARGET, 0), ValueError),
        (lambda: top_k_accuracy(SCORES, TARGET[:, None]), ValueError),
        (lambda: top_k_accuracy(SCORES, TARGET + 1), IndexError),
        (lambda: top_k_accuracy(SCORES, TARGET - 1), IndexError),
        (lambda: confusion_matrix(TARGET, TARGET, 6), IndexError),
        (lambda: confusion_matrix(TARGET, TARGET[:9], 7), ValueError),
        (lambda: confusion_matrix(TARGET + 0.5, TARGET, 7), ValueError),
        (lambda: mcnemar(-1, 3), ValueError),
    ],
)
def test_wrong_arguments(call, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"expected|class -?\d+ is outside"):
        call()


def test_perplexity_and_bits() -> None:
    assert perplexity(math.log(98)) == pytest.approx(98)
    assert perplexity(1e9) == math.inf
    assert bits_per_character(math.log(98)) == pytest.approx(math.log2(98))


@pytest.mark.parametrize(
    ("b", "c", "p"), [(29, 1, 62 / 2**30), (15, 15, 1.0), (0, 0, 1.0), (5, 0, 1 / 16), (1, 1, 1.0)]
)
def test_known_p_values(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == mcnemar(c, b) == p


@pytest.mark.parametrize(
    ("table", "p"),
    [((29, 1, 11, 9959), 26 / 2**12), ((15, 15, 25, 9945), 0.1538599)],
)
def test_errors_of_two_models_on_the_same_cases(table: tuple[int, ...], p: float) -> None:
    # Both wrong, only the second, only the first, both right. Either way the first model makes 40
    # errors in ten thousand and the second 30 or so; one difference is significant, one is not.
    both, b, c, neither = table
    assert both + b + c + neither == 10000
    assert both + c == 40
    assert mcnemar(b, c) == pytest.approx(p, rel=1e-6)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemar_is_the_binomial_test(b: int, c: int) -> None:
    if b + c:
        expected = stats.binomtest(b, b + c).pvalue
        assert mcnemar(b, c) == pytest.approx(expected, rel=1e-9)
