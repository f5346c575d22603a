"""Data sets held in arrays."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from einkorn.io import to_array

__all__ = ["ArrayDataset", "Dataset", "Subset"]


class Dataset(Protocol):
    """What `DataLoader` needs: a length, and whole batches by an array of indices."""

    def __len__(self) -> int:
        """Give the number of samples."""
        ...

    def __getitem__(self, index: Any, /) -> tuple[np.ndarray, ...]:
        """Give the samples at `index` (an integer, a slice or an array of integers)."""
        ...


class ArrayDataset:
    """Arrays of equal length; sample i is the i-th row of each.

    Parameters
    ----------
    *arrays : array or Tensor
        At least one, each of shape (N, ...).

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
    """

    def __init__(self, *arrays: Any) -> None:
        self.arrays = tuple(to_array(array) for array in arrays)
        if not self.arrays:
            raise ValueError("arrays: expected at least one array, got none")
        shapes = [array.shape for array in self.arrays]
        if any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(f"arrays: expected a common first dimension, got shapes {shapes}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[np.ndarray, ...]:
        return tuple(array[index] for array in self.arrays)


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

    def __getitem__(self, index: Any) -> tuple[np.ndarray, ...]:
        return self.dataset[self.indices[index]]
