"""That the mask of dropout is the one its generator defines, on every variant and thread count."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing.isa import forced, variants
from einkorn.testing.threads import assert_same_for_threads

LANES = 16  # Counters side by side: word w of counter c is element 16 w + c of a group of 64.


def philox(counter, key):
    """Philox-4x32-10 on Python integers: four words for a 64-bit counter and key."""
    word = [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
    key = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        product0, product1 = 0xD2511F53 * word[0], 0xCD9E8D57 * word[2]
        word = [
            (product1 >> 32) ^ word[1] ^ key[0],
            product1 & 0xFFFFFFFF,
            (product0 >> 32) ^ word[3] ^ key[1],
            product0 & 0xFFFFFFFF,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return word


def random_bits(n, seed):
    """32 bits for each of n elements."""
    bits = np.empty((-(-n // (4 * LANES)), 4, LANES), np.uint64)
    for group, words in enumerate(bits):
        for lane in range(LANES):
            words[:, lane] = philox(group * LANES + lane, seed)
    return bits.ravel()[:n]


def test_generator_gives_the_published_answer():
    assert philox(0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("p", (0.0, 0.3, 0.5, 1.0))
def test_mask_follows_from_seed_and_position(p, dtype, isa):
    n, seed = 1000, 2**40 + 3
    expected = random_bits(n, seed) >= round(p * 2**32)
    with forced(isa):
        y, mask = kernels.dropout(np.ones(n, dtype), p, seed)
    np.testing.assert_array_equal(mask, expected)
    scale = 0 if p == 1 else 1 / (1 - p)
    np.testing.assert_array_equal(y, np.where(mask, dtype(scale), 0))


@pytest.mark.parametrize("isa", variants())
def test_threads_and_place_do_not_matter(isa):
    x = np.linspace(-1, 1, 300_001)

    def in_place():
        place = x.copy()
        return kernels.dropout(place, 0.25, 5, out=place)

    with forced(isa):
        assert_same_for_threads(in_place)


def test_dropped_elements_are_zero_even_where_they_were_not_finite():
    x = np.array([np.nan, np.inf, -np.inf, 1.0] * 50)
    y, mask = kernels.dropout(x, 0.5, 9)
    assert np.all(y[~mask] == 0)
    np.testing.assert_array_equal(y[mask], 2 * x[mask])
    gx = kernels.dropout_grad(x, mask.view(np.uint8), 0.5)
    np.testing.assert_array_equal(gx, y)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ((np.ones(3), 1.5, 0), ValueError, "p:"),
        ((np.ones(3), float("nan"), 0), ValueError, "p:"),
        ((np.ones(3), 0.5, -1), ValueError, "seed:"),
        ((np.ones(3), 0.5, 0.5), TypeError, "seed:"),
        ((np.ones(3, int), 0.5, 0), TypeError, "x:"),
    ],
)
def test_bad_arguments_are_named(arguments, error, name):
    with pytest.raises(error, match=name):
        kernels.dropout(*arguments)


@pytest.mark.parametrize("mask", [np.ones(3), np.ones(3, np.int64), "yes"])
def test_bad_masks_are_refused(mask):
    with pytest.raises(TypeError, match="mask:"):
        kernels.dropout_grad(np.ones(3), mask, 0.5)
