"""The one generator: seeds, states, distributions, foreign generators."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd.random import draw_seed


def test_the_same_seed_gives_the_same_numbers():
    drawn = []
    for _ in range(2):
        ek.manual_seed(3)
        drawn.append([ek.rand(3), ek.randn(2, 2), ek.randint(10, (4,)), ek.randperm(5)])
    for a, b in zip(*drawn, strict=True):
        assert ek.equal(a, b)
    assert ek.initial_seed() == 3


def test_the_state_can_be_put_back():
    ek.manual_seed(1)
    ek.rand(5)
    state = ek.get_rng_state()
    first = (ek.rand(3).tolist(), draw_seed())
    ek.manual_seed(9)
    ek.set_rng_state(state)
    assert (ek.rand(3).tolist(), draw_seed()) == first


def test_holders_of_the_generator_follow_a_new_seed():
    generator = ek.default_generator()
    ek.manual_seed(4)
    assert ek.default_generator() is generator
    a = generator.random()
    ek.manual_seed(4)
    assert generator.random() == a


def test_foreign_generators_leave_the_default_alone():
    ek.manual_seed(1)
    expected = ek.rand(2).tolist()
    ek.manual_seed(1)
    own = np.random.default_rng(5)
    a = ek.rand(3, generator=own)
    assert a.tolist() == pytest.approx(
        np.random.default_rng(5).random(3, dtype=np.float32).tolist()
    )
    ek.nn.functional.dropout(ek.ones(3), generator=own)
    assert ek.rand(2).tolist() == expected


def test_dtypes_and_ranges():
    assert ek.rand(2).dtype == ek.randn(2).dtype == np.float32
    assert ek.rand(2, dtype=ek.float64).dtype == np.float64
    assert ek.randint(3, (2,)).dtype == ek.randperm(3).dtype == np.int64
    x = ek.randint(2, 5, (1000,))
    assert set(x.tolist()) == {2, 3, 4}
    assert sorted(ek.randperm(50).tolist()) == list(range(50))
    assert ek.randn(2, requires_grad=True).requires_grad


def test_moments():
    ek.manual_seed(0)
    x = ek.randn(100_000)
    assert abs(x.mean().item()) < 0.02
    assert x.std().item() == pytest.approx(1, abs=0.02)
    assert ek.bernoulli(ek.full((10_000,), 0.3)).mean().item() == pytest.approx(0.3, abs=0.02)
    y = ek.normal(3.0, 2.0, (100_000,))
    assert y.mean().item() == pytest.approx(3, abs=0.05)
    assert y.std().item() == pytest.approx(2, abs=0.05)


def test_refusals():
    with pytest.raises(ValueError, match="seed"):
        ek.manual_seed(-1)
    with pytest.raises(RuntimeError, match="probabilities"):
        ek.bernoulli(ek.tensor([1.5]))
    with pytest.raises(TypeError, match="randint"):
        ek.randint(5)
