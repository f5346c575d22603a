"""Limits, and choices by a condition."""

import numpy as np

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int64_t, uint8_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    forbid_overlap,
    forbid_partial_overlap,
    input,
    new_call,
    output,
    real_number,
)
from einkorn.kernels._core cimport EK_OK, api
from einkorn.kernels._pointwise cimport expect_shape_of, output_like

cnp.import_array()


cdef int set_limits(object min, object max, double *low, double *high) except -1:
    low[0] = -INFINITY if min is None else real_number(min, "min")
    high[0] = INFINITY if max is None else real_number(max, "max")
    return 0


def clamp(x, min=None, max=None, *, out=None):
    r"""Limit elements to an interval: :math:`y = \min(\max(x, a), b)`. NaN stays NaN.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    min, max : float, optional
        The limits :math:`a` and :math:`b`; None is no limit. Where `min` is above `max`, all
        becomes `max`.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, a limit is no number, or `out` is not an array of
        the dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.clamp(np.array([-2.0, 0.5, np.nan]), 0, 1)
    array([0. , 0.5, nan])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray result = output_like(out, operand)
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef double low, high
    cdef int status
    set_limits(min, max, &low, &high)
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = api.clamp(call.dtype, n, low, high, cnp.PyArray_DATA(operand),
                           cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "clamp")
    return deliver(result, out)


def clamp_grad(grad, x, min=None, max=None):
    r"""Gradient of `clamp`: :math:`g` where :math:`a \le x \le b`, 0 elsewhere.

    Parameters
    ----------
    grad : array, shape of `x`
        Gradient of the loss by the output.
    x : array
        The input of `clamp`.
    min, max : float, optional
        The limits :math:`a` and :math:`b`; None is no limit.

    Returns
    -------
    array, shape of `x`
        Gradient of the loss by the input; 0 where `x` is NaN.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, the dtypes differ, or a limit is no number.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.clamp_grad(np.ones(3), np.array([-2.0, 0.5, 1.0]), 0, 1)
    array([0., 1., 1.])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input(grad, "grad", &call)
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef double low, high
    cdef int status
    expect_shape_of(gradient, "grad", operand)
    set_limits(min, max, &low, &high)
    result = output_like(None, operand)
    with nogil:
        status = api.clamp_grad(call.dtype, n, low, high, cnp.PyArray_DATA(gradient),
                                cnp.PyArray_DATA(operand), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "clamp_grad")
    return result


cdef cnp.ndarray condition_input(object value):
    cdef cnp.ndarray array = np.asarray(value)
    if cnp.PyArray_TYPE(array) != cnp.NPY_BOOL:
        raise TypeError(f"condition: expected an array of bool, got {array.dtype}")
    return array if cnp.PyArray_ISCARRAY_RO(array) else np.ascontiguousarray(array)


cdef bint is_number(cnp.ndarray array, str name, cnp.ndarray condition) except -1:
    """Whether an operand is one number for all elements."""
    if cnp.PyArray_NDIM(array) == 0:
        return True
    expect_shape_of(array, name, condition)
    return False


def where(condition, a, b, *, out=None):
    r"""Choose between two values: :math:`y = a` where the condition holds, else :math:`b`.

    Parameters
    ----------
    condition : array of bool
        Any shape.
    a, b : array, shape of `condition` or ()
        float32 or float64; without dimensions, one number for all elements.
    out : array, shape of `condition`, optional
        Where to write the result; may be `a` or `b` itself, but must not overlap them otherwise.

    Returns
    -------
    array, shape of `condition`
        In the dtype of `a` and `b`.

    Raises
    ------
    TypeError
        If `condition` is not bool, `a` or `b` is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.where(np.array([True, False]), np.array([1.0, 2.0]), np.array(0.0))
    array([1., 0.])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray chosen = condition_input(condition)
    cdef cnp.ndarray first = input(a, "a", &call)
    cdef cnp.ndarray second = input(b, "b", &call)
    cdef bint a_is_number = is_number(first, "a", chosen)
    cdef bint b_is_number = is_number(second, "b", chosen)
    cdef cnp.ndarray result = output(
        out, cnp.PyArray_NDIM(chosen), <const int64_t *>cnp.PyArray_DIMS(chosen), call.type_number
    )
    cdef int64_t n = cnp.PyArray_SIZE(chosen)
    cdef int status
    forbid_overlap(out, chosen, "condition")
    if a_is_number and out is not None:
        forbid_overlap(out, first, "a")
    else:
        forbid_partial_overlap(out, first, "a")
    if b_is_number and out is not None:
        forbid_overlap(out, second, "b")
    else:
        forbid_partial_overlap(out, second, "b")
    with nogil:
        status = api.where(call.dtype, n, <const uint8_t *>cnp.PyArray_DATA(chosen),
                           cnp.PyArray_DATA(first), a_is_number, cnp.PyArray_DATA(second),
                           b_is_number, cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "where")
    return deliver(result, out)
