"""Arithmetic: two arrays of one shape, or an array and a number."""

import numbers

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    expect_shape,
    forbid_partial_overlap,
    input,
    new_call,
    output,
    real_number,
)
from einkorn.kernels._core cimport (
    EK_ADD,
    EK_DIVIDE,
    EK_MAXIMUM,
    EK_MINIMUM,
    EK_MULTIPLY,
    EK_OK,
    EK_SUBTRACT,
    api,
    ek_arithmetic,
)

import numpy as np

cnp.import_array()


cdef bint is_number(object value):
    """Whether this operand is one number: of Python's, of NumPy's, or an array without axes."""
    if cnp.PyArray_Check(value):
        return cnp.PyArray_NDIM(value) == 0
    return isinstance(value, (numbers.Real, np.generic))


cdef cnp.ndarray output_like(object out, cnp.ndarray array):
    return output(out, cnp.PyArray_NDIM(array), <const int64_t *>cnp.PyArray_DIMS(array),
                  cnp.PyArray_TYPE(array))


cdef object with_number(ek_arithmetic operation, object x, str name, object number, str its_name,
                        bint number_first, object out, str where):
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, name, &call)
    cdef double value = real_number(number, its_name)
    cdef cnp.ndarray result = output_like(out, operand)
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    forbid_partial_overlap(out, operand, name)
    with nogil:
        status = api.arithmetic_number(call.dtype, operation, n, cnp.PyArray_DATA(operand), value,
                                       number_first, cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef object arithmetic(ek_arithmetic operation, object a, object b, object out, str where):
    cdef Call call = new_call()
    cdef cnp.ndarray first, second, result
    cdef int64_t n
    cdef int status
    if is_number(b) and not is_number(a):
        return with_number(operation, a, "a", b, "b", False, out, where)
    if is_number(a) and not is_number(b):
        return with_number(operation, b, "b", a, "a", True, out, where)
    first = input(a, "a", &call)
    second = input(b, "b", &call)
    expect_shape(second, "b", cnp.PyArray_NDIM(first), <const int64_t *>cnp.PyArray_DIMS(first))
    result = output_like(out, first)
    n = cnp.PyArray_SIZE(first)
    forbid_partial_overlap(out, first, "a")
    forbid_partial_overlap(out, second, "b")
    with nogil:
        status = api.arithmetic(call.dtype, operation, n, cnp.PyArray_DATA(first),
                                cnp.PyArray_DATA(second), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


def add(a, b, *, out=None):
    r""":math:`a + b`, element by element.

    Parameters
    ----------
    a, b : array or number
        float32 or float64 of one shape and dtype; one of them may be a number.
    out : array of that shape, optional
        Where to write the result; may be an operand itself, but must not overlap it otherwise.

    Returns
    -------
    array
        Denormal numbers count as 0.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.add(np.array([1.0, 2.0]), 3)
    array([4., 5.])
    """
    return arithmetic(EK_ADD, a, b, out, "add")


def subtract(a, b, *, out=None):
    r""":math:`a - b`, element by element.

    Parameters
    ----------
    a, b : array or number
        float32 or float64 of one shape and dtype; one of them may be a number.
    out : array of that shape, optional
        Where to write the result; may be an operand itself, but must not overlap it otherwise.

    Returns
    -------
    array
        Denormal numbers count as 0.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.subtract(3, np.array([1.0, 2.0]))
    array([2., 1.])
    """
    return arithmetic(EK_SUBTRACT, a, b, out, "subtract")


def multiply(a, b, *, out=None):
    r""":math:`a b`, element by element.

    Parameters
    ----------
    a, b : array or number
        float32 or float64 of one shape and dtype; one of them may be a number.
    out : array of that shape, optional
        Where to write the result; may be an operand itself, but must not overlap it otherwise.

    Returns
    -------
    array
        Denormal numbers count as 0.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.multiply(np.array([1.0, 2.0]), 3)
    array([3., 6.])
    """
    return arithmetic(EK_MULTIPLY, a, b, out, "multiply")


def divide(a, b, *, out=None):
    r""":math:`a / b`, element by element; infinite or NaN where :math:`b = 0`.

    Parameters
    ----------
    a, b : array or number
        float32 or float64 of one shape and dtype; one of them may be a number.
    out : array of that shape, optional
        Where to write the result; may be an operand itself, but must not overlap it otherwise.

    Returns
    -------
    array
        Denormal numbers count as 0.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.divide(np.array([1.0, -2.0]), 0)
    array([ inf, -inf])
    """
    return arithmetic(EK_DIVIDE, a, b, out, "divide")


def maximum(a, b, *, out=None):
    r"""The greater of a and b, element by element; NaN where either is NaN.

    Parameters
    ----------
    a, b : array or number
        float32 or float64 of one shape and dtype; one of them may be a number.
    out : array of that shape, optional
        Where to write the result; may be an operand itself, but must not overlap it otherwise.

    Returns
    -------
    array
        Denormal numbers count as 0.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.maximum(np.array([1.0, np.nan]), 3)
    array([ 3., nan])
    """
    return arithmetic(EK_MAXIMUM, a, b, out, "maximum")


def minimum(a, b, *, out=None):
    r"""The smaller of a and b, element by element; NaN where either is NaN.

    Parameters
    ----------
    a, b : array or number
        float32 or float64 of one shape and dtype; one of them may be a number.
    out : array of that shape, optional
        Where to write the result; may be an operand itself, but must not overlap it otherwise.

    Returns
    -------
    array
        Denormal numbers count as 0.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.minimum(np.array([1.0, np.nan]), 3)
    array([ 1., nan])
    """
    return arithmetic(EK_MINIMUM, a, b, out, "minimum")
