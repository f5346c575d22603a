"""That draws are those the generator defines, on every variant and thread count."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.isa import forced, variants
from einkorn.testing.threads import assert_same_for_threads

SEED = 2**40 + 3


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("n", (0, 1, 63, 64, 65, 1000))
def test_draws_follow_from_seed_and_position(n, dtype, isa):
    p = np.random.default_rng(n).random(n).astype(dtype)
    with forced(isa):
        drawn = kernels.bernoulli(p, SEED)
    assert drawn.dtype == dtype
    np.testing.assert_array_equal(drawn, references.bernoulli(p, SEED))


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_chances_at_the_ends_beyond_and_nan(dtype, isa):
    p = np.array([0.0, -1.0, -np.inf, 1.0, 2.0, np.inf, np.nan] * 30, dtype)
    with forced(isa):
        drawn = kernels.bernoulli(p, SEED)
    np.testing.assert_array_equal(drawn, np.array([0, 0, 0, 1, 1, 1, np.nan] * 30))


@pytest.mark.parametrize("isa", variants())
def test_threads_and_place_do_not_matter(isa):
    p = np.random.default_rng(0).random(300_001)

    def in_place():
        place = p.copy()
        assert kernels.bernoulli(place, 5, out=place) is place
        return place

    with forced(isa):
        found = assert_same_for_threads(in_place)
    np.testing.assert_array_equal(found, references.bernoulli(p, 5))


@pytest.mark.parametrize("p", (0.02, 0.5, 0.9))
def test_the_share_of_ones_is_the_chance(p):
    drawn = kernels.bernoulli(np.full(100_000, p), 7)
    assert abs(drawn.mean() - p) < 5 * np.sqrt(p * (1 - p) / drawn.size)


def test_seeds_draw_independently():
    first, other = (kernels.bernoulli(np.full(100_000, 0.5), seed) for seed in (1, 2))
    # Five standard deviations of a share of one half.
    assert abs((first == other).mean() - 0.5) < 2.5 / np.sqrt(first.size)
