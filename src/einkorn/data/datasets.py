"""Data sets held in arrays."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from einkorn.data.structure import leaves, map_leaves
from einkorn.io import to_array

__all__ = ["ArrayDataset", "Dataset", "Subset"]


class Dataset(Protocol):
    """What `DataLoader` needs: a length, and whole batches by an array of indices."""

    def __len__(self) -> int:
        """Give the number of samples."""
        ...

    def __getitem__(self, index: Any, /) -> tuple[Any, ...]:
        """Give the samples at `index` (an integer, a slice or an array of integers)."""
        ...


class ArrayDataset:
    """Arrays of equal length; sample i is the i-th row of each.

    Parameters
    ----------
    *arrays : array, Tensor, or a tuple or dictionary of such
        At least one, each of shape (N, ...). Tuples and dictionaries are the inputs or targets of
        models that have several; batches have the same structure.

    Raises
    ------
    ValueError
        No array is given, one has no axis, or their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> dataset = ArrayDataset(np.eye(3), np.array([5, 6, 7]))
    >>> len(dataset)
    3
    >>> dataset[[2, 0]]
    (array([[0., 0., 1.],
           [1., 0., 0.]]), array([7, 5]))
    >>> ArrayDataset({"left": np.arange(3), "right": np.arange(3) * 10}, np.ones(3))[1:]
    ({'left': array([1, 2]), 'right': array([10, 20])}, array([1., 1.]))
    """

    def __init__(self, *arrays: Any) -> None:
        self.arrays = tuple(map_leaves(to_array, array) for array in arrays)
        shapes = [array.shape for array in leaves(self.arrays)]
        if not shapes:
            raise ValueError("arrays: expected at least one array, got none")
        if any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(f"arrays: expected a common first dimension, got shapes {shapes}")

    def __len__(self) -> int:
        return len(next(leaves(self.arrays)))

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(map_leaves(lambda array: array[index], part) for part in self.arrays)


class Subset:
    """Chosen samples of another data set, without copying it.

    Parameters
    ----------
    dataset : Dataset
        The data set chosen from.
    indices : array of int, shape (M,)
        Samples of `dataset`, in order; repetitions are allowed.

    Raises
    ------
    ValueError
        `indices` is not a one-dimensional array of integers.
    IndexError
        An index is negative or not below ``len(dataset)``.

    Examples
    --------
    >>> import numpy as np
    >>> subset = Subset(ArrayDataset(np.arange(10) ** 2), [3, 1])
    >>> len(subset), subset[0]
    (2, (np.int64(9),))
    """

    def __init__(self, dataset: Dataset, indices: Any) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices)
        if self.indices.size == 0:
            self.indices = self.indices.astype(np.int64)
        if self.indices.ndim != 1 or self.indices.dtype.kind not in "iu":
            raise ValueError(
                "indices: expected a one-dimensional array of integers, got "
                f"shape {self.indices.shape} of {self.indices.dtype}"
            )
        wrong = self.indices[(self.indices < 0) | (self.indices >= len(dataset))]
        if wrong.size:
            raise IndexError(f"indices: {wrong[0]} is outside a data set of {len(dataset)} samples")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return self.dataset[self.indices[index]]
