from __future__ import annotations

import gc
import itertools
import threading
import time
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
        ({"num_workers": -1}, ValueError, "num_workers: expected at least 0, got -1"),
        ({"num_workers": "2"}, TypeError, "num_workers: expected an int, got '2'"),
        ({"prefetch_factor": 0}, ValueError, "prefetch_factor: expected at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed: expected a non-negative integer, got -1"),
        ({"seed": 0.5}, TypeError, "float"),
    ],
)
def test_wrong_settings(changes: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        noisy(**changes)


@pytest.mark.parametrize("workers", [0, 2])
def test_memory_does_not_grow_with_epochs(workers: int) -> None:
    rows = ArrayDataset(np.zeros((5000, 10)))
    loader = DataLoader(rows, 64, shuffle=True, seed=0, num_workers=workers)

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


def irregular(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Take the longer the earlier, so that workers finish out of order."""
    time.sleep(0.002 / (1 + x[0, 0]))
    return noise(x, generator)


@pytest.mark.parametrize(("workers", "factor"), [(1, 1), (2, 2), (5, 1), (3, 9)])
def test_workers_give_the_same_batches(workers: int, factor: int) -> None:
    loader = noisy(transform=irregular, num_workers=workers, prefetch_factor=factor)
    assert take(loader, 20) == take(noisy(), 20)
    assert loader.epoch == 3


@pytest.mark.parametrize("done", [0, 1, 3, 6, 8, 13])
@pytest.mark.parametrize(("before", "after"), [(2, 2), (0, 3), (3, 0)])
def test_what_was_prefetched_and_not_given_out_comes_again(
    done: int, before: int, after: int
) -> None:
    whole = take(noisy(), 20)
    first = noisy(num_workers=before)
    assert take(first, done) == whole[:done]
    second = noisy(seed=99, num_workers=after)
    second.load_state_dict(first.state_dict())
    assert take(second, 20 - done) == whole[done:]


def test_workers_end_with_the_iteration() -> None:
    def workers() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t.name.startswith("einkorn-loader")]

    def stopping(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        if x[0, 0] == 12:
            raise RuntimeError("no such file")
        return x

    for _ in noisy(num_workers=3):
        assert 1 <= len(workers()) <= 3
        break
    assert not workers()
    given = []
    with pytest.raises(RuntimeError, match="no such file"):
        given.extend(x[0, 0] for x, _ in noisy(shuffle=False, transform=stopping, num_workers=3))
    assert given == [0, 4, 8]
    assert not workers()


def test_batches_keep_the_structure_of_the_data() -> None:
    inputs = {"left": np.arange(5), "right": (np.arange(5) * 2, np.arange(5) * 3)}
    dataset = ArrayDataset(inputs, np.arange(5))
    for number, (x, t) in enumerate(DataLoader(dataset, 2)):
        np.testing.assert_array_equal(x["left"], t)
        np.testing.assert_array_equal(x["right"][0], t * 2)
        np.testing.assert_array_equal(x["right"][1], t * 3)
        assert t[0] == 2 * number
    with pytest.raises(ValueError, match=r"common first dimension, got shapes \[\(5,\), \(4,\)"):
        ArrayDataset({"a": np.arange(5), "b": np.arange(4)})
    with pytest.raises(ValueError, match="at least one array"):
        ArrayDataset({})


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
