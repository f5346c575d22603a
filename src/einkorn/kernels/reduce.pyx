"""Sums and means over any axes."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty,
    forbid_overlap,
    input,
    new_call,
    output,
)
from einkorn.kernels._axes cimport MOST_DIMENSIONS, Groups, append, extent, mark_all, reduced_groups
from einkorn.kernels._core cimport EK_OK, api

cnp.import_array()


cdef int reduce_groups(
    Call call, Groups groups, cnp.ndarray source, cnp.ndarray result, double divisor, str where
) except -1:
    """Sum over one group after the other, the last first: what is left is smaller by its size."""
    cdef cnp.ndarray target
    cdef int64_t outer, length, inner, left
    cdef int at = groups.count, status, found
    cdef double by
    while True:
        found = reduced_groups(&groups, &at)
        outer = extent(&groups, 0, at)
        length = groups.size[at] if found else 1
        inner = extent(&groups, at + 1, groups.count)
        target, by = result, divisor
        if found > 1:
            left = outer * inner
            target, by = empty(1, &left, call.type_number), 1
        with nogil:
            status = api.sum(call.dtype, outer, length, inner, by, cnp.PyArray_DATA(source),
                             cnp.PyArray_DATA(target))
        if status != EK_OK:
            check(status, where)
        if found <= 1:
            return 0
        source = target
        # What stood before and behind the group is kept, so it is one group from now on.
        groups.count = at
        groups.size[at - 1] *= inner


cdef object reduce(object x, object axis, object keepdims, object out, bint mean, str where):
    cdef Call call = new_call()
    cdef cnp.ndarray source = input(x, "x", &call)
    cdef cnp.ndarray result
    cdef int rank = cnp.PyArray_NDIM(source), left = 0, i
    cdef bint reduced[MOST_DIMENSIONS]
    cdef int64_t shape[MOST_DIMENSIONS]
    cdef int64_t size
    cdef double count = 1
    cdef Groups groups
    cdef bint keeps = keepdims
    mark_all(axis, rank, reduced)
    groups.count = 0
    for i in range(rank):
        size = cnp.PyArray_DIM(source, i)
        append(&groups, size, reduced[i])
        if reduced[i]:
            count *= size
        if keeps or not reduced[i]:
            shape[left] = 1 if reduced[i] else size
            left += 1
    result = output(out, left, shape, call.type_number)
    if out is not None:
        forbid_overlap(out, source, "x")
    reduce_groups(call, groups, source, result, count if mean else 1, where)
    return deliver(result, out)


def sum(x, axis=None, keepdims=False, *, out=None):
    """Sum over axes.

    At most 64 elements in a row are added in the array's precision, then sums go on in double. The
    order depends on the shape alone, so the result does not depend on the number of threads.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    axis : int or tuple of int, optional
        What to sum over; by default all axes. Nothing is summed over ``()``.
    keepdims : bool
        Keep the axes, with size 1.
    out : array, optional
        Where to write the result; must not overlap `x`.

    Returns
    -------
    array
        Zeros where there is nothing to add; NaN where NaN is added.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, `axis` holds no integers, or `out` is not an array of
        the dtype.
    ValueError
        If an axis is out of range or named twice, or `out` has another shape or overlaps `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), 0)
    array([4., 6.])
    """
    return reduce(x, axis, keepdims, out, False, "sum")


def mean(x, axis=None, keepdims=False, *, out=None):
    """Mean over axes: their `sum`, divided by the number of elements before it is rounded.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    axis : int or tuple of int, optional
        What to take the mean over; by default all axes.
    keepdims : bool
        Keep the axes, with size 1.
    out : array, optional
        Where to write the result; must not overlap `x`.

    Returns
    -------
    array
        NaN where there is nothing to take the mean of.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, `axis` holds no integers, or `out` is not an array of
        the dtype.
    ValueError
        If an axis is out of range or named twice, or `out` has another shape or overlaps `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.mean(np.array([[1.0, 2.0], [3.0, 4.0]]), 1)
    array([1.5, 3.5])
    """
    return reduce(x, axis, keepdims, out, True, "mean")
