"""The greatest and the smallest elements over axes, and where they are."""

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
from einkorn.kernels._axes cimport (
    MOST_DIMENSIONS,
    Groups,
    append,
    extent,
    mark_all,
    reduced_groups,
)
from einkorn.kernels._core cimport EK_OK, api

cnp.import_array()


cdef int arrange(
    cnp.ndarray source, object axis, bint keeps, Groups *groups, int64_t *shape
) except -1:
    """Take the axes apart, and return how many dimensions the result has."""
    cdef bint reduced[MOST_DIMENSIONS]
    cdef int rank = cnp.PyArray_NDIM(source), left = 0, i
    cdef int64_t size
    mark_all(axis, rank, reduced)
    groups.count = 0
    for i in range(rank):
        size = cnp.PyArray_DIM(source, i)
        append(groups, size, reduced[i])
        if reduced[i] and size == 0:
            raise ValueError(
                f"x: expected elements to choose from, got shape {(<object>source).shape}"
            )
        if keeps or not reduced[i]:
            shape[left] = 1 if reduced[i] else size
            left += 1
    return left


cdef object extreme(bint least, object x, object axis, object keepdims, object out, str where):
    """One group after the other, the last first: what is left is smaller by its size."""
    cdef Call call = new_call()
    cdef cnp.ndarray source = input(x, "x", &call), result, target
    cdef Groups groups
    cdef int64_t shape[MOST_DIMENSIONS]
    cdef int64_t outer, length, inner, left
    cdef int rank = arrange(source, axis, keepdims, &groups, shape)
    cdef int at = groups.count, found, status
    result = output(out, rank, shape, call.type_number)
    if out is not None:
        forbid_overlap(out, source, "x")
    while True:
        found = reduced_groups(&groups, &at)
        outer = extent(&groups, 0, at)
        length = groups.size[at] if found else 1
        inner = extent(&groups, at + 1, groups.count)
        target = result
        if found > 1:
            left = outer * inner
            target = empty(1, &left, call.type_number)
        with nogil:
            status = api.extreme(call.dtype, least, outer, length, inner,
                                 cnp.PyArray_DATA(source), cnp.PyArray_DATA(target), NULL)
        if status != EK_OK:
            check(status, where)
        if found <= 1:
            return deliver(result, out)
        source = target
        # What stood before and behind the group is kept, so it is one group from now on.
        groups.count = at
        groups.size[at - 1] *= inner


cdef object place(bint least, object x, object axis, object keepdims, str where):
    cdef Call call = new_call()
    cdef cnp.ndarray source = input(x, "x", &call), result
    cdef Groups groups
    cdef int64_t shape[MOST_DIMENSIONS]
    cdef int64_t outer, length, inner
    cdef int rank, at, found, status
    if isinstance(axis, (tuple, list)):
        raise TypeError(f"axis: expected an int or None, got {axis!r}")
    rank = arrange(source, axis, keepdims, &groups, shape)
    result = empty(rank, shape, cnp.NPY_INT64)
    at = groups.count
    found = reduced_groups(&groups, &at)
    outer = extent(&groups, 0, at)
    length = groups.size[at] if found else 1
    inner = extent(&groups, at + 1, groups.count)
    with nogil:
        status = api.extreme(call.dtype, least, outer, length, inner, cnp.PyArray_DATA(source),
                             NULL, <int64_t *>cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return result


def amax(x, axis=None, keepdims=False, *, out=None):
    """Greatest elements over axes.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    axis : int or tuple of int, optional
        What to search; by default all axes.
    keepdims : bool
        Keep the axes, with size 1.
    out : array, optional
        Where to write the result; must not overlap `x`.

    Returns
    -------
    array
        NaN where there is one among the elements.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, `axis` holds no integers, or `out` is not an array of
        the dtype.
    ValueError
        If there is nothing to choose from, an axis is out of range or named twice, or `out` has
        another shape or overlaps `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.amax(np.array([[1.0, 2.0], [4.0, 3.0]]), 1)
    array([2., 4.])
    """
    return extreme(False, x, axis, keepdims, out, "amax")


def amin(x, axis=None, keepdims=False, *, out=None):
    """Smallest elements over axes.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    axis : int or tuple of int, optional
        What to search; by default all axes.
    keepdims : bool
        Keep the axes, with size 1.
    out : array, optional
        Where to write the result; must not overlap `x`.

    Returns
    -------
    array
        NaN where there is one among the elements.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, `axis` holds no integers, or `out` is not an array of
        the dtype.
    ValueError
        If there is nothing to choose from, an axis is out of range or named twice, or `out` has
        another shape or overlaps `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.amin(np.array([[1.0, 2.0], [4.0, 3.0]]), 0)
    array([1., 2.])
    """
    return extreme(True, x, axis, keepdims, out, "amin")


def argmax(x, axis=None, keepdims=False):
    """Where the greatest elements are, along one axis or among all.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    axis : int, optional
        What to search; by default all elements, in row-major order.
    keepdims : bool
        Keep the axis, or all of them, with size 1.

    Returns
    -------
    array of int64
        The first place of equals, or of the first NaN where there is one.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `axis` is no integer.
    ValueError
        If there is nothing to choose from, or `axis` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.argmax(np.array([[1.0, 2.0], [3.0, 3.0]]), 1)
    array([1, 0])
    """
    return place(False, x, axis, keepdims, "argmax")


def argmin(x, axis=None, keepdims=False):
    """Where the smallest elements are, along one axis or among all.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    axis : int, optional
        What to search; by default all elements, in row-major order.
    keepdims : bool
        Keep the axis, or all of them, with size 1.

    Returns
    -------
    array of int64
        The first place of equals, or of the first NaN where there is one.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `axis` is no integer.
    ValueError
        If there is nothing to choose from, or `axis` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.argmin(np.array([[1.0, 2.0], [3.0, 3.0]]), 1)
    array([0, 0])
    """
    return place(True, x, axis, keepdims, "argmin")
