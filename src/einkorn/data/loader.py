"""Batches in a seeded order that can be taken up again in the middle of an epoch.

A loader draws nothing from a running generator. Whatever is random in batch b of epoch e is a
function of (seed, e, b), so three integers say exactly where it stands, a resumed run needs no
replay, and augmentation does not depend on who consumed how much before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from einkorn.data.datasets import Dataset
from einkorn.data.prefetch import prefetched
from einkorn.data.seeds import Seed, as_seed

__all__ = ["DataLoader", "Loader", "SequenceLoader", "Transform"]

Batch = tuple[Any, ...]
Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Loader(ABC):
    """An endless supply of epochs: each ``iter()`` begins the next one.

    After `load_state_dict` the next ``iter()`` instead goes on where the state was taken.

    Attributes
    ----------
    epoch : int
        The epoch last begun, counted from 0; -1 before the first.
    position : int
        Batches given out in it.
    """

    epoch = -1
    position = 0
    _resumed = False

    @abstractmethod
    def __len__(self) -> int:
        """Give the number of batches in an epoch."""

    @abstractmethod
    def _batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """Give the batches of an epoch from number `start` on."""

    @abstractmethod
    def _identity(self) -> dict[str, int]:
        """Give what must be equal for a position to mean the same in two loaders."""

    def __iter__(self) -> Iterator[Batch]:
        if not self._resumed:
            self.epoch, self.position = self.epoch + 1, 0
        self._resumed = False
        for batch in self._batches(self.epoch, self.position):
            self.position += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Give the place: epoch and position in it."""
        return {"epoch": self.epoch, "position": self.position, **self._identity()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place taken by `state_dict`; the next ``iter()`` continues from it.

        Raises
        ------
        ValueError
            The state comes from a loader over other data or with another batch size.
        """
        for key, value in self._identity().items():
            if state[key] != value:
                raise ValueError(f"state: its {key} is {state[key]}, this loader's is {value}")
        self.epoch, self.position = state["epoch"], state["position"]
        self._resumed = 0 < self.position < len(self)


class DataLoader(Loader):
    """Batches of a data set, by fancy indexing: no Python per sample.

    Parameters
    ----------
    dataset : Dataset
        ``dataset[indices]`` gives a tuple of arrays, as `ArrayDataset` and `Subset` do.
    batch_size : int
        Samples in a batch.
    shuffle : bool
        Take the samples of each epoch in a new random order.
    drop_last : bool
        Leave out the last batch when it is smaller than the others.
    seed : int or numpy.random.Generator, optional
        Equal seeds give equal orders and equal augmentations. By default it is drawn from the
        generator that `einkorn.manual_seed` sets.
    transform : callable, optional
        ``transform(x, generator) -> x``, applied to the first array of every batch; see
        `einkorn.data.Compose` and the augmentations beside it.
    num_workers : int
        Threads that prepare batches ahead of their use; 0 prepares each when it is asked for. The
        batches are the same, bit for bit, and so is going on in the middle of an epoch: what was
        prepared and not given out is prepared again. `dataset` and `transform` are then called from
        several threads at once.
    prefetch_factor : int
        Batches that each of them prepares ahead.

    Raises
    ------
    ValueError
        A number is out of its range.
    TypeError
        `batch_size` or `num_workers` is not an integer.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn.data import ArrayDataset, DataLoader
    >>> loader = DataLoader(ArrayDataset(np.arange(5)), batch_size=2, shuffle=True, seed=0)
    >>> [batch.tolist() for batch, in loader]
    [[2, 4], [3, 0], [1]]
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        seed: Seed = None,
        transform: Transform | None = None,
        num_workers: int = 0,
        prefetch_factor: int = 2,
    ) -> None:
        _check_count("batch_size", batch_size, 1)
        _check_count("num_workers", num_workers, 0)
        _check_count("prefetch_factor", prefetch_factor, 1)
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.transform = transform
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        # A loader without anything random leaves the global generator alone.
        drawn = shuffle or transform is not None or seed is not None
        self.seed = as_seed(seed) if drawn else 0

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def _batches(self, epoch: int, start: int) -> Iterator[Batch]:
        order = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.default_rng([self.seed, epoch, 0]).shuffle(order)
        make = partial(self._batch, order, self.seed, epoch)
        numbers = range(start, len(self))
        if self.num_workers == 0:
            return map(make, numbers)
        ahead = self.num_workers * self.prefetch_factor
        return prefetched(make, numbers, self.num_workers, ahead)

    def _batch(self, order: np.ndarray, seed: int, epoch: int, number: int) -> Batch:
        chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
        first, *rest = self.dataset[chosen]
        if self.transform is not None:
            first = self.transform(first, np.random.default_rng([seed, epoch, 1 + number]))
        return (first, *rest)

    def _identity(self) -> dict[str, int]:
        return {"samples": len(self.dataset), "batch_size": self.batch_size}

    def state_dict(self) -> dict[str, Any]:
        """Give the place and the seed, which fix all batches to come."""
        return {**super().state_dict(), "seed": self.seed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place taken by `state_dict`, and take over its seed."""
        super().load_state_dict(state)
        self.seed = state["seed"]


class SequenceLoader(Loader):
    """Consecutive pieces of one long sequence, for truncated back-propagation through time.

    The sequence is cut into `batch_size` streams of equal length. Row b of every batch comes from
    stream b, and goes on where row b of the batch before it ended, so that a recurrent state can be
    carried from batch to batch; at position 0 of an epoch the streams begin anew.

    Parameters
    ----------
    tokens : array of int, shape (N,)
        The sequence; any integer type (one byte a symbol keeps a corpus small).
    batch_size : int
        Number of streams B.
    length : int
        Symbols in a piece, T. The last piece of an epoch may be shorter.

    Yields
    ------
    x, t : arrays of int64, shape (B, T)
        A piece, and the symbol that follows each of its symbols.

    Raises
    ------
    ValueError
        A size is not positive, or the sequence has fewer than ``2 * batch_size`` symbols.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn.data import SequenceLoader
    >>> for x, t in SequenceLoader(np.arange(10), batch_size=2, length=3):
    ...     print(x.tolist(), t.tolist())
    [[0, 1, 2], [5, 6, 7]] [[1, 2, 3], [6, 7, 8]]
    [[3], [8]] [[4], [9]]
    """

    def __init__(self, tokens: np.ndarray, batch_size: int, length: int) -> None:
        for name, value in (("batch_size", batch_size), ("length", length)):
            if value < 1:
                raise ValueError(f"{name}: expected at least 1, got {value}")
        tokens = np.asarray(tokens)
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu" or len(tokens) < 2 * batch_size:
            raise ValueError(
                f"tokens: expected at least {2 * batch_size} integers in one dimension, "
                f"got shape {tokens.shape} of {tokens.dtype}"
            )
        self.batch_size = batch_size
        self.length = length
        usable = len(tokens) // batch_size * batch_size
        self._streams = tokens[:usable].reshape(batch_size, -1)

    def __len__(self) -> int:
        whole, rest = divmod(self._streams.shape[1] - 1, self.length)
        return whole + (rest > 0)

    def _batches(self, epoch: int, start: int) -> Iterator[Batch]:
        for begin in range(start * self.length, self._streams.shape[1] - 1, self.length):
            piece = self._streams[:, begin : begin + self.length + 1].astype(np.int64)
            yield np.ascontiguousarray(piece[:, :-1]), np.ascontiguousarray(piece[:, 1:])

    def _identity(self) -> dict[str, int]:
        return {
            "samples": self._streams.size, "batch_size": self.batch_size, "length": self.length,
        }  # fmt: skip


def _check_count(name: str, value: Any, least: int) -> None:
    if not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected an int, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
