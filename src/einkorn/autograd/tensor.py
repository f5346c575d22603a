"""The Tensor: a NumPy array that knows which operator made it.

The class holds only what a Tensor *is*; its fields are the tape's. What can be done with one is a
function of :mod:`einkorn.autograd.operators`, which attaches the functions here as methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from einkorn.autograd.promotion import as_dtype, default_dtype
from einkorn.autograd.tape import TensorBase, makes_tensors

if TYPE_CHECKING:
    from einkorn.autograd.tape import Operator

__all__ = ["Tensor", "as_tensor", "from_numpy", "increment_version", "tensor"]


@makes_tensors
class Tensor(TensorBase):
    """A NumPy array with a place in the graph of operators.

    Make one with :func:`einkorn.tensor` (copies) or :func:`einkorn.as_tensor` (shares memory).

    Parameters
    ----------
    data : ndarray
        Shared, not copied. bool, integer or floating point.
    requires_grad : bool
        Whether ``backward`` shall leave a gradient in ``.grad``.

    Attributes
    ----------
    grad : Tensor or None
        The gradient accumulated by ``backward``, of this tensor's shape and dtype.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()

    # NumPy would otherwise take `array * tensor` for itself and drop the graph.
    __array_ufunc__ = None

    _data: NDArray[Any]
    grad: Tensor | None

    if TYPE_CHECKING:
        # What einkorn.autograd.operators attaches.
        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, key: Any) -> Tensor: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __neg__(self) -> Tensor: ...
        def __pos__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        # Comparisons are elementwise, unlike those of object.
        def __eq__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: Any) -> Tensor: ...  # type: ignore[override]
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __rmod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __rand__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __ror__(self, other: Any) -> Tensor: ...
        def __xor__(self, other: Any) -> Tensor: ...
        def __rxor__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...

    # The graph.

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self._grad_fn is not None:
            if not value:
                raise RuntimeError(
                    "requires_grad: False given for the result of an operator; use detach()"
                )
            return
        if value and self._data.dtype.kind != "f":
            raise RuntimeError(
                f"requires_grad: True given for dtype {self._data.dtype}; "
                "only floating point tensors have gradients"
            )
        self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set ``requires_grad`` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad_fn(self) -> Operator | None:
        """The operator that made this tensor; None for a leaf."""
        made_by = self._grad_fn
        return None if made_by is None else made_by.node

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operator made this tensor."""
        return self._grad_fn is None

    def detach(self) -> Tensor:
        """Return a tensor over the same memory that has no part in the graph."""
        alias = Tensor(self._data)
        alias._version = self._version
        return alias

    def detach_(self) -> Self:
        """Take this tensor out of the graph."""
        self._grad_fn = None
        self._requires_grad = False
        return self

    @property
    def data(self) -> Tensor:
        """The values outside the graph, over the same memory; assign to replace them."""
        return Tensor(self._data)

    @data.setter
    def data(self, value: Any) -> None:
        self._data = as_tensor(value)._data
        self._version[0] += 1

    # The array.

    @property
    def shape(self) -> tuple[int, ...]:
        """The extent of each dimension."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    @property
    def device(self) -> str:
        """Where the values are."""
        return "cpu"

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._data.nbytes

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the extent of one dimension."""
        return self._data.shape if dim is None else self._data.shape[dim]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self._data.ndim

    def numel(self) -> int:
        """Return the number of elements."""
        return self._data.size

    nelement = numel

    def element_size(self) -> int:
        """Return the bytes per element."""
        return self._data.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """Return the steps between neighbours in elements, for all dimensions or one."""
        steps = tuple([step // self._data.itemsize for step in self._data.strides])
        return steps if dim is None else steps[dim]

    @property
    def is_sparse(self) -> bool:
        """False: sparse gradients are :class:`einkorn.autograd.RowSparseTensor`."""
        return False

    def is_contiguous(self) -> bool:
        """Return whether the elements lie in row-major order without gaps."""
        return self._data.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Return whether the dtype is a floating point one."""
        return self._data.dtype.kind == "f"

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises
        ------
        ValueError
            If there is not exactly one element.
        """
        if self._data.size != 1:
            raise ValueError(f"item(): a tensor of shape {self.shape} has not exactly one element")
        return self._data.item()

    def tolist(self) -> Any:
        """Return the elements as a number or nested lists of numbers."""
        return self._data.tolist()

    def numpy(self, *, force: bool = False) -> NDArray[Any]:
        """Return the array itself, without copying, also of a tensor that requires a gradient.

        A change through the array is not seen by the check that saved values are unchanged;
        call :func:`einkorn.autograd.increment_version` after one. `force` is accepted for
        PyTorch's sake and changes nothing.
        """
        return self._data

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy:
            return np.array(self._data, dtype=dtype)
        if copy is False and dtype is not None and np.dtype(dtype) != self._data.dtype:
            raise ValueError(f"copy: False given, but {self.dtype} as {dtype} needs a copy")
        return self._data if dtype is None else self._data.astype(dtype, copy=False)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._data.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._data.__dlpack_device__()

    def cpu(self) -> Self:
        """Return the tensor itself: its values are in main memory."""
        return self

    # Python's protocols.

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a tensor without dimensions")
        return self._data.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, element: Any) -> bool:
        return bool((self._data == np.asarray(element)).any())

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise RuntimeError(f"the truth value of a tensor of shape {self.shape} is ambiguous")
        return bool(self._data.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iub":
            raise TypeError(f"a tensor of dtype {self.dtype} cannot be an index")
        return int(self.item())

    # Elementwise == must not take away identity as the key in sets and dictionaries.
    __hash__ = object.__hash__

    def __format__(self, spec: str) -> str:
        return format(self.item() if spec and not self._data.ndim else str(self), spec)

    def __repr__(self) -> str:
        values = np.array2string(self._data, separator=", ", prefix="tensor(")
        notes = [values]
        if self._data.dtype not in (default_dtype, np.int64, np.bool_):
            notes.append(f"dtype={self._data.dtype}")
        if self._grad_fn is not None:
            notes.append(f"grad_fn=<{type(self.grad_fn).__name__}>")
        elif self._requires_grad:
            notes.append("requires_grad=True")
        return f"tensor({', '.join(notes)})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if self._grad_fn is not None:
            raise RuntimeError("deepcopy: only leaves can be copied; use clone() or detach()")
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        Tensor.__init__(copied, self._data.copy(), self._requires_grad)
        if self.grad is not None:
            copied.grad = self.grad.__deepcopy__(memo)
        return copied


def _from_python(data: Any) -> NDArray[Any]:
    """Return `data`, numbers nested in sequences, as an array of PyTorch's default dtypes."""
    array = np.array(data)
    if array.dtype == np.float64:
        first = data
        while isinstance(first, (list, tuple)) and first:
            first = first[0]
        if not isinstance(first, (np.generic, np.ndarray, Tensor)):
            return array.astype(default_dtype)
    return array


def _checked(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` in native byte order, or raise TypeError for a dtype Tensors cannot have."""
    dtype = as_dtype(array.dtype)
    return array if dtype == array.dtype and array.dtype.isnative else array.astype(dtype)


def tensor(
    data: Any, *, dtype: DTypeLike | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a new tensor with a copy of `data`.

    Parameters
    ----------
    data : array_like
        Python floats become float32, ints int64; arrays keep their dtype.
    dtype : dtype, optional
        Convert to this dtype.
    device : str, optional
        ``"cpu"``.
    requires_grad : bool
        Whether ``backward`` shall compute a gradient for the tensor.

    Raises
    ------
    TypeError
        For data that is neither bool, integer nor floating point.
    RuntimeError
        If `requires_grad` is set for a dtype that is not floating point.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    check_device(device)
    if isinstance(data, (Tensor, np.ndarray, np.generic)):
        array = np.array(data)
    else:
        array = _from_python(data)
    array = _checked(array) if dtype is None else array.astype(as_dtype(dtype), copy=False)
    return Tensor(np.ascontiguousarray(array).reshape(array.shape)).requires_grad_(requires_grad)


def as_tensor(data: Any, dtype: DTypeLike | None = None, device: Any = None) -> Tensor:
    """Return `data` as a tensor, sharing memory where it is an array of the right dtype.

    A Tensor of the right dtype is returned as it is. Parameters are those of :func:`tensor`.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> a = np.zeros(2)
    >>> ek.as_tensor(a).numpy() is a
    True
    """
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    array = data if type(data) is np.ndarray else None
    if array is None:
        array = np.asarray(data) if hasattr(data, "__array__") else _from_python(data)
    if dtype is not None:
        return Tensor(array.astype(as_dtype(dtype), copy=False))
    return Tensor(_checked(array))


def from_numpy(ndarray: NDArray[Any]) -> Tensor:
    """Return a tensor over the memory of `ndarray`.

    Raises
    ------
    TypeError
        If `ndarray` is not an array, or its dtype cannot be shared.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"ndarray: expected a NumPy array, got {type(ndarray).__name__}")
    if as_dtype(ndarray.dtype) != ndarray.dtype or not ndarray.dtype.isnative:
        raise TypeError(f"ndarray: dtype {ndarray.dtype} is not in native byte order")
    return Tensor(np.asarray(ndarray))


def check_device(device: Any) -> None:
    """Raise for a device that this build cannot serve."""
    if device is None or str(device) == "cpu":
        return
    if str(device).split(":")[0] == "cuda":
        raise RuntimeError(
            f"device: {device!r} needs CuPy, which is not available here: "
            'pip install "einkorn[cuda]"'
        )
    raise RuntimeError(f"device: expected 'cpu' or 'cuda', got {device!r}")


def increment_version(tensor: Tensor) -> None:
    """Note that `tensor` was changed in place by means that Tensor did not see.

    Backward then refuses to use a value saved before the change.
    """
    tensor._version[0] += 1
