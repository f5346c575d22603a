"""The same values in other memory layouts: what NumPy may hand to a kernel.

Every function takes an array and returns one of equal shape that is laid out differently.
All but `broadcast` keep the values too; a test compares with the result for `plain(variant)`,
which is right for every layout.

Examples
--------
>>> x = np.arange(6.0).reshape(2, 3)
>>> for name, layout in LAYOUTS.items():
...     assert layout(x).shape == x.shape
>>> fortran(x).flags.c_contiguous
False
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

Array = np.ndarray


def plain(array: Array) -> Array:
    """Return a fresh C-contiguous, aligned, writeable copy in native byte order."""
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True, subok=False)


def fortran(array: Array) -> Array:
    """Return a column-major copy: the transpose of a contiguous array."""
    return np.array(array, order="F")


def reversed_axes(array: Array) -> Array:
    """Return a view whose every stride is negative."""
    flip = (slice(None, None, -1),) * array.ndim
    return np.ascontiguousarray(array[flip]).reshape(array.shape)[flip]


def sliced(array: Array) -> Array:
    """Return every second element of a buffer twice as long in each axis, the rest being NaN."""
    filler = np.iinfo(array.dtype).min if array.dtype.kind in "iu" else np.nan
    every_second = (slice(None, None, 2),) * array.ndim
    buffer = np.full([2 * size for size in array.shape], filler, array.dtype)
    buffer[every_second] = array
    return buffer[every_second]


def big_endian(array: Array) -> Array:
    """Return a copy with the bytes of each element in the order foreign to x86 and most ARM."""
    return array.astype(array.dtype.newbyteorder(">"))


def misaligned(array: Array) -> Array:
    """Return a contiguous copy that starts one byte past an aligned address."""
    buffer = np.empty(array.nbytes + 1, np.uint8)
    view = buffer[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def read_only(array: Array) -> Array:
    """Return a contiguous copy that must not be written to."""
    copy = plain(array)
    copy.flags.writeable = False
    return copy


def broadcast(array: Array) -> Array:
    """Return the first slice along axis 0 repeated with a stride of zero: read-only, and
    overlapping itself. The values differ from those of `array`.
    """
    return np.broadcast_to(array[:1], array.shape) if array.ndim else np.broadcast_to(array, ())


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    function.__name__: function
    for function in (
        fortran,
        reversed_axes,
        sliced,
        big_endian,
        misaligned,
        read_only,
        broadcast,
    )
}


def zero_sizes(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield `shape` with each of its axes in turn set to zero.

    >>> list(zero_sizes((2, 3)))
    [(0, 3), (2, 0)]
    """
    for axis in range(len(shape)):
        yield shape[:axis] + (0,) + shape[axis + 1 :]
