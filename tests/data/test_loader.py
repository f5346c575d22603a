from __future__ import annotations

import gc
import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import einkorn as ek
from einkorn.data import ArrayDataset, DataLoader, Loader, SequenceLoader

ROWS = ArrayDataset(np.arange(23.0).reshape(23, 1), np.arange(23))


def noise(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return x + generator.random(x.shape)


def noisy(**changes: object) -> DataLoader:
    settings = {"batch_size": 4, "shuffle": True, "seed": 3, "transform": noise, "dataset": ROWS}
    return DataLoader(**(settings | changes))


def take(loader: Loader, count: int) -> list[list[list]]:
    """Give `count` batches, going through as many epochs as that takes."""
    endless = itertools.chain.from_iterable(iter(lambda: iter(loader), None))
    return [[array.tolist() for array in batch] for batch in itertools.islice(endless, count)]


@given(
    count=st.integers(0, 30), batch=st.integers(1, 31),
    shuffle=st.booleans(), drop_last=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_an_epoch_holds_every_sample_once(
    count: int, batch: int, shuffle: bool, drop_last: bool, seed: int
) -> None:
    loader = DataLoader(
        ArrayDataset(np.arange(count)), batch, shuffle, drop_last=drop_last, seed=seed
    )
    sizes = []
    seen: list[int] = []
    for (x,) in loader:
        sizes.append(len(x))
        seen += x.tolist()
    assert len(sizes) == len(loader)
    assert all(size == batch for size in sizes[:-1])
    assert len(seen) == (count // batch * batch if drop_last else count)
    assert len(set(seen)) == len(seen)
    if not shuffle:
        assert seen == list(range(len(seen)))


def test_orders_follow_the_seed_and_change_with_the_epoch() -> None:
    assert take(noisy(), 12) == take(noisy(), 12)
    assert take(noisy(), 6) != take(noisy(seed=4), 6)
    loader = noisy(transform=None)
    assert take(loader, 6) != take(loader, 6)


def test_a_generator_serves_as_seed() -> None:
    first, second = (take(noisy(seed=np.random.default_rng(5)), 6) for _ in range(2))
    assert first == second
    shared = np.random.default_rng(5)
    assert take(noisy(seed=shared), 6) != take(noisy(seed=shared), 6)


def test_without_a_seed_the_global_one_decides() -> None:
    ek.manual_seed(8)
    first = take(noisy(seed=None), 6)
    assert take(noisy(seed=None), 6) != first
    ek.manual_seed(8)
    assert take(noisy(seed=None), 6) == first


def test_only_random_loaders_draw_a_seed() -> None:
    ek.manual_seed(8)
    before = ek.get_rng_state()
    plain = noisy(seed=None, shuffle=False, transform=None)
    assert str(ek.get_rng_state()) == str(before)
    assert take(plain, 6) == take(plain, 6)


@given(done=st.integers(0, 20), rest=st.integers(1, 20))
def test_resuming_anywhere_gives_the_same_batches(done: int, rest: int) -> None:
    whole = take(noisy(), done + rest)
    first = noisy()
    assert take(first, done) == whole[:done]
    second = noisy(seed=99)
    second.load_state_dict(first.state_dict())
    assert take(second, rest) == whole[done:]


def test_breaking_off_begins_a_new_epoch() -> None:
    loader = noisy()
    next(iter(loader))
    assert (loader.epoch, loader.position) == (0, 1)
    next(iter(loader))
    assert (loader.epoch, loader.position) == (1, 1)


def test_the_state_of_other_data_is_refused() -> None:
    state = noisy().state_dict()
    with pytest.raises(ValueError, match="batch_size is 4, this loader's is 5"):
        noisy(batch_size=5).load_state_dict(state)
    with pytest.raises(ValueError, match="samples is 23, this loader's is 3"):
        noisy(dataset=ArrayDataset(np.arange(3))).load_state_dict(state)


def test_only_the_inputs_are_transformed() -> None:
    for x, t in noisy():
        assert np.all((x[:, 0] >= t) & (x[:, 0] < t + 1))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size: expected at least 1, got 0"),
        ({"batch_size": 1.5}, TypeError, "batch_size: expected an int, got 1.5"),
        ({"seed": -1}, ValueError, "seed: expected a non-negative integer, got -1"),
        ({"seed": 0.5}, TypeError, "float"),
    ],
)
def test_wrong_settings(changes: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        noisy(**changes)


def test_memory_does_not_grow_with_epochs() -> None:
    loader = DataLoader(ArrayDataset(np.zeros((5000, 10))), 64, shuffle=True, seed=0)

    def held_after(epochs: int) -> int:
        for _ in range(epochs):
            for _ in loader:
                pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        assert held_after(2) + 2000 > held_after(20)
    finally:
        tracemalloc.stop()


@given(count=st.integers(2, 60), batch=st.integers(1, 5), length=st.integers(1, 9))
def test_pieces_go_on_where_they_ended(count: int, batch: int, length: int) -> None:
    if count < 2 * batch:
        with pytest.raises(ValueError, match="tokens: expected at least"):
            SequenceLoader(np.arange(count), batch, length)
        return
    loader = SequenceLoader(np.arange(count, dtype=np.uint8), batch, length)
    pieces = list(loader)
    assert len(pieces) == len(loader)
    inputs = np.concatenate([x for x, _ in pieces], axis=1)
    targets = np.concatenate([t for _, t in pieces], axis=1)
    assert inputs.dtype == targets.dtype == np.int64
    stream = count // batch
    expected = np.arange(batch)[:, None] * stream + np.arange(stream - 1)
    np.testing.assert_array_equal(inputs, expected)
    np.testing.assert_array_equal(targets, expected + 1)


def test_sequences_resume() -> None:
    def fresh() -> SequenceLoader:
        return SequenceLoader(np.arange(50), 3, 4)

    whole = take(fresh(), 9)
    first = fresh()
    take(first, 3)
    second = fresh()
    second.load_state_dict(first.state_dict())
    assert take(second, 6) == whole[3:]


def test_sequences_must_be_integers() -> None:
    with pytest.raises(ValueError, match="float64"):
        SequenceLoader(np.zeros(9), 1, 1)
    with pytest.raises(ValueError, match="length: expected at least 1, got 0"):
        SequenceLoader(np.arange(9), 1, 0)
