"""Training of word vectors equals the formulas of negative sampling, and draws as it says."""

import re

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing.references.word2vec import word2vec_ as reference
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

WORDS = 11
OFFSETS = [[0], [0, 1, 1, 20, 29], [0, 0, 30]]


def text(rng, count=30):
    return rng.integers(0, WORDS, count)


def vectors(rng, size, dtype, words=WORDS):
    return [rng.normal(0, 0.5, (words, size)).astype(dtype) for _ in range(2)]


def one_word(word):
    """Noise that is always the same word."""
    return np.eye(WORDS)[word]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 15, 16, 33, 100])
@pytest.mark.parametrize("cbow", [False, True])
@pytest.mark.parametrize(("batch", "negative"), [(1, 1), (7, 5), (64, 13), (64, 63)])
def test_reference(dtype, size, cbow, batch, negative):
    rng = np.random.default_rng(size)
    options = {"negative": negative, "lr": 0.1, "lr_end": 0.01, "cbow": cbow, "batch": batch}
    tokens = text(rng)
    for offsets in OFFSETS:
        ours = vectors(rng, size, dtype)
        wanted = [array.astype(np.float64) for array in ours]
        loss = kernels.word2vec_(*ours, tokens, offsets, one_word(3), window=1, **options)
        expected = reference(*wanted, tokens, np.array(offsets), 3, **options)
        assert_close(dtype(loss), expected)
        for array, other in zip(ours, wanted, strict=True):
            assert_close(array, other)


@pytest.mark.parametrize("cbow", [False, True])
def test_change_is_the_gradient_of_the_loss(cbow):
    rng = np.random.default_rng(0)
    v, u = vectors(rng, 5, np.float64)
    tokens, offsets, epsilon = text(rng), [0, 12], 1e-6
    options = {"window": 4, "batch": 64, "cbow": cbow, "seed": 9}

    def total(v, u, lr=0.0):
        loss = kernels.word2vec_(v, u, tokens, offsets, np.arange(WORDS), lr=lr, **options)
        return loss * pairs

    pairs = 1.0
    # Small enough for all positions to read the vectors as they were; the sum of losses descends.
    moved = v.copy(), u.copy()
    mean = total(*moved, lr=1e-9)
    # With CBOW each word of a window takes the mean's whole gradient, not its share of it.
    for index in [1] if cbow else [0, 1]:
        gradient = (moved[index] - (v, u)[index]) / -1e-9
        numeric = np.zeros_like(v)
        for place in np.ndindex(*v.shape):
            shifted = [v.copy(), u.copy()]
            shifted[index][place] += epsilon
            above = total(*shifted)
            shifted[index][place] -= 2 * epsilon
            numeric[place] = (above - total(*shifted)) / (2 * epsilon)
        # The mean over pairs is the sum over their number, the same for all elements.
        scale = np.sum(gradient * numeric) / np.sum(numeric**2)
        np.testing.assert_allclose(gradient, scale * numeric, atol=1e-5 * abs(gradient).max())
        assert scale == pytest.approx(round(scale), rel=1e-5)
    assert mean > 0


def test_windows_are_drawn_evenly():
    # A text of ever new words: the vectors that changed tell how far each word looked.
    count, window = 2000, 4
    v, u = np.ones((count + 1, 1)), np.zeros((count + 1, 1))
    noise = np.eye(count + 1)[count]
    options = {"window": window, "negative": 1, "batch": 1 << 20, "lr": 1e-9}
    kernels.word2vec_(v, u, np.arange(count), [0], noise, **options)
    # Products are 0: u rises by half the learning rate for each word of the window.
    reach = u[window : -window - 1, 0] / (1e-9 / 2) / 2
    np.testing.assert_allclose(reach, reach.round(), atol=1e-3)
    drawn = np.bincount(reach.round().astype(int), minlength=window + 1)
    expected = len(reach) / window
    assert drawn[0] == 0
    assert abs(drawn[1:] - expected).max() < 5 * np.sqrt(expected)


def test_noise_is_drawn_by_its_weights():
    count = 20000
    weights = np.array([0.0, 1.0, 2.0, 0.5, 10.0, 0.25, 0.0, 3.0])
    words = len(weights)
    v, u = np.ones((words + 1, 1)), np.zeros((words + 1, 1))
    text = np.full(count, words)
    options = {"window": 1, "negative": 3, "batch": 1 << 20, "seed": 4, "lr": 1e-9}
    loss = kernels.word2vec_(v, u, text, [0], np.append(weights, 0), **options)
    assert loss == pytest.approx(np.log(2))
    pairs = 2 * count - 2
    drawn = -u[:-1, 0] / (1e-9 / 2) / 2
    expected = 3 * pairs / 2 * weights / weights.sum()
    assert (drawn[weights == 0] == 0).all()
    assert (abs(drawn - expected) < 5 * np.sqrt(expected) + 1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cbow", [False, True])
def test_same_bits_for_any_number_of_threads(dtype, cbow):
    rng = np.random.default_rng(1)
    start, tokens = vectors(rng, 100, dtype), text(rng, 3000)

    def train():
        v, u = (array.copy() for array in start)
        loss = kernels.word2vec_(v, u, tokens, [0, 1700], np.ones(WORDS), cbow=cbow, seed=3)
        assert np.isfinite(v).all()
        return loss, v, u

    assert_same_for_threads(train)


def test_layouts():
    rng = np.random.default_rng(2)
    tokens = text(rng)
    v, u = vectors(rng, 9, np.float32)
    strided = [np.asfortranarray(v), np.repeat(u, 2, axis=1)[:, ::2]]
    kernels.word2vec_(*strided, tokens.astype(np.uint8), [0], np.ones(WORDS, np.float32))
    kernels.word2vec_(v, u, np.repeat(tokens, 2)[::2], [0], np.ones(WORDS))
    np.testing.assert_array_equal(strided[0], v)
    np.testing.assert_array_equal(strided[1], u)


def test_nothing_to_learn():
    v, u = np.ones((2, 3)), np.ones((2, 3))
    for tokens, offsets in (([], []), ([], [0, 0]), ([1, 0], [0, 1])):
        loss = kernels.word2vec_(v, u, np.array(tokens, int), np.array(offsets, int), [1, 1])
        assert np.isnan(loss)
    assert (v == 1).all()
    assert (u == 1).all()


GOOD = {
    "input_vectors": np.ones((4, 3), np.float32),
    "output_vectors": np.ones((4, 3), np.float32),
    "tokens": [0, 3, 2],
    "offsets": [0],
    "noise": np.ones(4),
}
BAD = [
    ({"tokens": [0, -1, 2]}, IndexError, "tokens: -1 is out of range for 4 words"),
    ({"tokens": [0, 4, 2]}, IndexError, "tokens: 4 is out of range for 4 words"),
    ({"tokens": [2**32 + 3]}, IndexError, "tokens: 4294967299"),
    ({"tokens": [-(2**63)]}, IndexError, "tokens: -9223372036854775808"),
    ({"tokens": [0.0, 1.0]}, TypeError, "tokens: expected an array of integers"),
    ({"tokens": [[0, 1]]}, ValueError, "tokens: expected one axis"),
    ({"offsets": [1]}, ValueError, "offsets: expected the first to be 0"),
    ({"offsets": np.zeros(0, int)}, ValueError, "offsets: expected the first to be 0"),
    ({"offsets": [0, 2, 1]}, ValueError, "offsets: expected numbers that do not fall"),
    ({"offsets": [0, 4]}, ValueError, "offsets: expected numbers that do not fall, up to 3"),
    ({"noise": np.zeros(4)}, ValueError, "noise: expected finite weights"),
    ({"noise": [1, np.nan, 1, 1]}, ValueError, "noise: expected finite weights"),
    ({"noise": [1, -1, 1, 1]}, ValueError, "noise: expected finite weights"),
    ({"noise": np.ones(5)}, ValueError, "noise: expected shape"),
    ({"input_vectors": np.ones((4, 3), int)}, TypeError, "input_vectors: expected"),
    ({"output_vectors": np.ones((4, 3))}, TypeError, "output_vectors: expected float32"),
    ({"output_vectors": np.ones((4, 2), np.float32)}, ValueError, "output_vectors: expected shape"),
    ({"input_vectors": np.ones((4, 0), np.float32)}, ValueError, "input_vectors: expected shape"),
    ({"window": 0}, ValueError, "window: expected an int of at least 1, got 0"),
    ({"window": 256}, ValueError, "window: expected an int of at most 255, got 256"),
    ({"negative": 64}, ValueError, "negative: expected an int of at most 63, got 64"),
    ({"batch": 0}, ValueError, "batch: expected"),
    ({"lr": -1.0}, ValueError, "lr: expected a finite number of at least 0, got -1.0"),
    ({"lr_end": np.inf}, ValueError, "lr_end: expected a finite number"),
    ({"seed": -1}, ValueError, "seed: expected"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input(change, error, message):
    call = {name: np.array(value) for name, value in GOOD.items()} | change
    before = [np.array(call[name]) for name in ("input_vectors", "output_vectors")]
    with pytest.raises(error, match="^" + re.escape(message)):
        kernels.word2vec_(**call)
    for name, array in zip(("input_vectors", "output_vectors"), before, strict=True):
        np.testing.assert_array_equal(call[name], array)


def test_shared_vectors_are_refused():
    v = np.ones((4, 3))
    with pytest.raises(ValueError, match="output_vectors: must not overlap input_vectors"):
        kernels.word2vec_(v, v, [0, 1], [0], np.ones(4))
