"""Gradients of large tables, of which a batch uses few rows: the rows alone, and their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from einkorn import kernels
from einkorn.autograd.tensor import Tensor

__all__ = ["RowSparseTensor"]


class RowSparseTensor:
    """A tensor that is zero but for some rows: what ``sparse=True`` gives a table for gradient.

    It stands for the sum over i of ``values[i]`` in row ``rows[i]``. A row may occur several times
    until :meth:`coalesce` adds up what belongs to it. The methods are those of PyTorch's sparse
    tensors with one sparse dimension; no other function takes it: :meth:`to_dense` makes a Tensor.

    Parameters
    ----------
    rows : array of int64, shape (N,)
        In [0, V); not copied.
    values : array, shape (N, *)
        float32 or float64; not copied. Nothing writes to it.
    shape : sequence of int
        (V, *).

    Raises
    ------
    IndexError
        If a row is outside [0, V).
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> table = ek.nn.Parameter(np.ones((1000, 2)))
    >>> ek.nn.functional.embedding(np.array([7, 3, 7]), table, sparse=True).sum().backward()
    >>> table.grad
    RowSparseTensor(shape=(1000, 2), dtype=float64, nnz=3)
    >>> table.grad.coalesce().indices().tolist(), table.grad.coalesce().values().tolist()
    ([[3, 7]], [[1.0, 1.0], [2.0, 2.0]])
    """

    __slots__ = ("_coalesced", "_parts", "_rows", "_shape")

    # NumPy would otherwise make an array of objects of `array + gradient`.
    __array_ufunc__ = None

    is_sparse = True
    is_leaf = True
    requires_grad = False
    grad_fn = None

    def __init__(self, rows: Any, values: Any, shape: Sequence[int]) -> None:
        self._shape = tuple(shape)
        self._rows: NDArray[Any] = np.asarray(rows, np.int64)
        self._parts: NDArray[Any] = np.asarray(values)
        self._coalesced = self._rows.size < 2
        if not self._shape or self._parts.shape != (self._rows.size, *self._shape[1:]):
            raise ValueError(
                f"values: expected shape {(self._rows.size, *self._shape[1:])} for "
                f"{self._rows.size} rows of {self._shape}, got {self._parts.shape}"
            )
        outside = (self._rows < 0) | (self._rows >= self._shape[0])
        if outside.any():
            raise IndexError(
                f"rows: expected in [0, {self._shape[0]}), got {self._rows[outside].flat[0]}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The extent of each dimension."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the values."""
        return self._parts.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    @property
    def device(self) -> str:
        """Where the values are."""
        return "cpu"

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the extent of one dimension."""
        return self._shape if dim is None else self._shape[dim]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self.ndim

    def numel(self) -> int:
        """Return the number of elements, zeros included."""
        return math.prod(self._shape)

    def sparse_dim(self) -> int:
        """Return 1: the rows are sparse."""
        return 1

    def dense_dim(self) -> int:
        """Return the number of dimensions of a row."""
        return self.ndim - 1

    def is_coalesced(self) -> bool:
        """Return whether the rows are known to ascend, each occurring once."""
        return self._coalesced

    def coalesce(self) -> RowSparseTensor:
        """Return the same with ascending rows, each once: what belongs to a row is added up.

        It is added in the order of its places. A coalesced tensor returns itself.
        """
        if self._coalesced:
            return self
        rows, places = np.unique(self._rows, return_inverse=True)
        values = self._parts.reshape(len(self._rows), math.prod(self._shape[1:]))
        summed = kernels.embedding_grad(values, places.reshape(-1), len(rows))
        return self._coalesced_of(rows, summed.reshape(len(rows), *self._shape[1:]))

    def indices(self) -> Tensor:
        """Return the rows, of shape (1, N).

        Raises
        ------
        RuntimeError
            If the tensor is not coalesced.
        """
        return self._of_coalesced("indices")._indices()

    def values(self) -> Tensor:
        """Return the values of the rows, of shape (N, *).

        Raises
        ------
        RuntimeError
            If the tensor is not coalesced.
        """
        return self._of_coalesced("values")._values()

    def _of_coalesced(self, wanted: str) -> RowSparseTensor:
        if not self._coalesced:
            raise RuntimeError(f"{wanted}: the tensor is not coalesced: call coalesce() first")
        return self

    def _indices(self) -> Tensor:
        return Tensor(self._rows[None])

    def _values(self) -> Tensor:
        return Tensor(self._parts)

    def _nnz(self) -> int:
        return len(self._rows)

    def to_dense(self) -> Tensor:
        """Return a new Tensor with every row."""
        dense = np.zeros(self._shape, self.dtype)
        part = self.coalesce()
        dense[part._rows] = part._parts
        return Tensor(dense)

    def detach(self) -> Self:
        """Return the tensor itself: it has no part in a graph."""
        return self

    def clone(self) -> RowSparseTensor:
        """Return a copy."""
        return self._with(self._rows.copy(), self._parts.copy(), self._coalesced)

    def to(self, dtype: DTypeLike) -> RowSparseTensor:
        """Return the tensor with values of another dtype."""
        return self._with(self._rows, self._parts.astype(dtype), self._coalesced)

    def zero_(self) -> Self:
        """Forget every row."""
        self._rows, self._parts = self._rows[:0], self._parts[:0]
        self._coalesced = True
        return self

    def mul_(self, factor: float) -> Self:
        """Multiply by a number in place."""
        self._parts = self._parts * self.dtype.type(factor)
        return self

    def div_(self, divisor: float) -> Self:
        """Divide by a number in place."""
        self._parts = self._parts / self.dtype.type(divisor)
        return self

    def clamp_(self, min: float, max: float) -> Self:
        """Limit every element to [min, max], an interval that holds 0, in place.

        Raises
        ------
        ValueError
            If 0, the other rows' elements, is outside.
        """
        if not min <= 0 <= max:
            raise ValueError(f"min, max: expected an interval that holds 0, got {min}, {max}")
        part = self.coalesce()
        self._rows, self._parts = part._rows, np.clip(part._parts, min, max)
        self._coalesced = True
        return self

    def __neg__(self) -> RowSparseTensor:
        return self._with(self._rows, -self._parts, self._coalesced)

    def __mul__(self, factor: Any) -> RowSparseTensor:
        if not np.isscalar(factor):
            return NotImplemented
        # NumPy's types say that a scalar may be text, which float() then refuses.
        return self.clone().mul_(float(factor))  # type: ignore[arg-type]

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> RowSparseTensor:
        if not np.isscalar(divisor):
            return NotImplemented
        # As in products.
        return self.clone().div_(float(divisor))  # type: ignore[arg-type]

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, RowSparseTensor):
            return self._added_to(other)
        if other.shape != self.shape:
            raise ValueError(f"sparse tensors of shapes {self.shape} and {other.shape} do not add")
        rows = np.concatenate([self._rows, other._rows])
        total = self._with(rows, np.concatenate([self._parts, other._parts]), False)
        # However many are added, the sum is no larger than the dense one.
        return total.coalesce() if len(rows) > self._shape[0] else total

    def __radd__(self, other: Any) -> Any:
        return self._added_to(other)

    def _added_to(self, other: Any) -> Any:
        """Return the dense sum with an array, as an array, or with a Tensor, as one."""
        if isinstance(other, Tensor):
            return other + self.to_dense()
        if not isinstance(other, np.ndarray) or other.shape != self._shape:
            return NotImplemented
        total = other.copy()
        self.add_to(total)
        return total

    def add_to(self, target: NDArray[Any]) -> None:
        """Add the rows to those of an array, in place."""
        part = self.coalesce()
        target[part._rows] += part._parts

    def _with(self, rows: Any, values: Any, coalesced: bool) -> RowSparseTensor:
        made = RowSparseTensor.__new__(RowSparseTensor)
        made._shape, made._rows, made._parts, made._coalesced = (
            self._shape,
            rows,
            values,
            coalesced,
        )
        return made

    def _coalesced_of(self, rows: Any, values: Any) -> RowSparseTensor:
        """Return a coalesced tensor of the same shape: `rows` ascend."""
        return self._with(rows, values, True)

    def __copy__(self) -> RowSparseTensor:
        return self._with(self._rows, self._parts, self._coalesced)

    def __deepcopy__(self, memo: dict[int, Any]) -> RowSparseTensor:
        copied = self.clone()
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> Any:
        return _restored, (self._rows, self._parts, self._shape, self._coalesced)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        raise TypeError(
            f"a sparse gradient of shape {self._shape} is no array: to_dense() makes a Tensor, "
            "coalesce() gives the rows alone"
        )

    numpy = __array__

    def __repr__(self) -> str:
        return f"RowSparseTensor(shape={self._shape}, dtype={self.dtype}, nnz={self._nnz()})"


def _restored(rows: Any, values: Any, shape: tuple[int, ...], coalesced: bool) -> RowSparseTensor:
    made = RowSparseTensor(rows, values, shape)
    made._coalesced = coalesced
    return made
