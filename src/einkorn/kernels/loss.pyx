"""Softmax and its logarithm over any axis, and the cross entropy of class indices."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty_like,
    expect_shape,
    forbid_partial_overlap,
    index_input,
    input,
    input_of_rank,
    integer,
    new_call,
    output,
    real_number,
)
from einkorn.kernels._core cimport (
    EK_BAD_INDEX,
    EK_OK,
    EK_REDUCE_MEAN,
    EK_REDUCE_NONE,
    EK_REDUCE_SUM,
    api,
    ek_cross_entropy_problem,
    ek_dtype,
    ek_reduction,
    ek_softmax_problem,
)

cnp.import_array()

cdef enum:
    MAX_RANK = 64

ctypedef int (*Forward)(
    ek_dtype, const ek_softmax_problem *, const void *, void *
) noexcept nogil
ctypedef int (*Backward)(
    ek_dtype, const ek_softmax_problem *, const void *, const void *, void *
) noexcept nogil


cdef int64_t extent(cnp.ndarray array, int first, int last) noexcept:
    """Elements in the axes from `first` up to `last`."""
    cdef int64_t total = 1
    cdef int i
    for i in range(first, last):
        total *= cnp.PyArray_DIM(array, i)
    return total


cdef int set_layout(
    ek_softmax_problem *problem, cnp.ndarray array, object axis, str name
) except -1:
    cdef int rank = cnp.PyArray_NDIM(array)
    cdef int64_t position = integer(axis, "axis", -MAX_RANK)
    if rank == 0:
        raise ValueError(f"{name}: expected at least 1 dimension, got shape ()")
    if not -rank <= position < rank:
        raise ValueError(
            f"axis: expected an int from {-rank} to {rank - 1} for shape {np.shape(array)}, "
            f"got {axis!r}"
        )
    cdef int at = <int>(position + rank if position < 0 else position)
    problem.outer = extent(array, 0, at)
    problem.length = cnp.PyArray_DIM(array, at)
    problem.inner = extent(array, at + 1, rank)
    return 0


cdef object forward(Forward kernel, object x, object axis, object out, str where):
    cdef Call call = new_call()
    cdef ek_softmax_problem problem
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray result
    cdef int status
    set_layout(&problem, operand, axis, "x")
    result = output(out, cnp.PyArray_NDIM(operand), <const int64_t *>cnp.PyArray_DIMS(operand),
                    call.type_number)
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = kernel(call.dtype, &problem, cnp.PyArray_DATA(operand), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef object backward(Backward kernel, object grad, object y, object axis, str where):
    cdef Call call = new_call()
    cdef ek_softmax_problem problem
    cdef cnp.ndarray gradient = input(grad, "grad", &call)
    cdef cnp.ndarray operand = input(y, "y", &call)
    cdef cnp.ndarray result
    cdef int status
    expect_shape(gradient, "grad", cnp.PyArray_NDIM(operand),
                 <const int64_t *>cnp.PyArray_DIMS(operand))
    set_layout(&problem, operand, axis, "y")
    result = empty_like(operand)
    with nogil:
        status = kernel(call.dtype, &problem, cnp.PyArray_DATA(gradient),
                        cnp.PyArray_DATA(operand), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return result


def softmax(x, axis=-1, *, out=None):
    r"""Softmax along an axis, :math:`y_i = e^{x_i - m} / \sum_j e^{x_j - m}` with
    :math:`m = \max_j x_j`.

    Parameters
    ----------
    x : array
        float32 or float64, at least one dimension.
    axis : int
        The axis that sums to 1.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`
        NaN where the slice along `axis` holds a NaN or plus infinity, or nothing but minus
        infinity.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `axis` is out of range, or `out` has another shape or overlaps `x` in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.softmax(np.array([[1000.0, 1000.0], [-np.inf, 0.0]]))
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    return forward(api.softmax, x, axis, out, "softmax")


def softmax_grad(grad, y, axis=-1):
    r"""Gradient of `softmax`, :math:`y_i (g_i - \sum_j g_j y_j)`.

    Parameters
    ----------
    grad : array, shape of `y`
        Gradient of the loss by the output.
    y : array
        The output of `softmax`.
    axis : int
        The axis that sums to 1.

    Returns
    -------
    array, shape of `y`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `axis` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.softmax_grad(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    array([ 0.25, -0.25])
    """
    return backward(api.softmax_grad, grad, y, axis, "softmax_grad")


def log_softmax(x, axis=-1, *, out=None):
    r"""Logarithm of softmax along an axis, :math:`y_i = x_i - m - \log \sum_j e^{x_j - m}` with
    :math:`m = \max_j x_j`.

    Parameters
    ----------
    x : array
        float32 or float64, at least one dimension.
    axis : int
        The axis whose exponentials sum to 1.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `axis` is out of range, or `out` has another shape or overlaps `x` in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.log_softmax(np.array([1000.0, 1000.0])).round(4)
    array([-0.6931, -0.6931])
    """
    return forward(api.log_softmax, x, axis, out, "log_softmax")


def log_softmax_grad(grad, y, axis=-1):
    r"""Gradient of `log_softmax`, :math:`g_i - e^{y_i} \sum_j g_j`.

    Parameters
    ----------
    grad : array, shape of `y`
        Gradient of the loss by the output.
    y : array
        The output of `log_softmax`.
    axis : int
        The axis whose exponentials sum to 1.

    Returns
    -------
    array, shape of `y`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `axis` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.log_softmax_grad(np.array([1.0, 0.0]), np.log([0.5, 0.5]))
    array([ 0.5, -0.5])
    """
    return backward(api.log_softmax_grad, grad, y, axis, "log_softmax_grad")


cdef dict REDUCTIONS = {
    "none": EK_REDUCE_NONE, "sum": EK_REDUCE_SUM, "mean": EK_REDUCE_MEAN,
}


cdef ek_reduction reduction_code(object name) except *:
    if not isinstance(name, str) or name not in REDUCTIONS:
        raise ValueError(f"reduction: expected 'none', 'sum' or 'mean', got {name!r}")
    return REDUCTIONS[name]


cdef int set_entropy(ek_cross_entropy_problem *problem, cnp.ndarray logits, cnp.ndarray target,
                     object ignore_index, object reduction) except -1:
    """Checks the shape of `target` against that of `logits` without its axis 1."""
    cdef int rank = cnp.PyArray_NDIM(logits), i
    cdef bint fits = rank >= 2 and cnp.PyArray_NDIM(target) == rank - 1
    if rank < 2:
        raise ValueError(f"logits: expected shape (N, C) or (N, C, ...), got {np.shape(logits)}")
    for i in range(1, rank):
        if fits:
            fits = cnp.PyArray_DIM(target, i - 1) == cnp.PyArray_DIM(logits, 0 if i == 1 else i)
    if not fits:
        shape = np.shape(logits)
        raise ValueError(
            f"target: expected shape {shape[:1] + shape[2:]} for logits of shape {shape}, "
            f"got {np.shape(target)}"
        )
    problem.samples = cnp.PyArray_DIM(logits, 0)
    problem.classes = cnp.PyArray_DIM(logits, 1)
    problem.inner = extent(logits, 2, rank)
    problem.ignore_index = integer(ignore_index, "ignore_index", -LARGEST - 1)
    problem.reduction = reduction_code(reduction)
    return 0


cdef int64_t LARGEST = 2**63 - 1


cdef cnp.ndarray class_weights(object weight, const ek_cross_entropy_problem *problem, Call *call):
    if weight is None:
        return None
    cdef cnp.ndarray array = input_of_rank(weight, "weight", call, 1)
    expect_shape(array, "weight", 1, &problem.classes)
    return array


cdef object bad_target(cnp.ndarray target, const ek_cross_entropy_problem *problem):
    """The error for the first target that is no class."""
    cdef int64_t classes = problem.classes, ignored = problem.ignore_index
    wrong = ((target < 0) | (target >= classes)) & (target != ignored)
    position = tuple(int(i[0]) for i in np.nonzero(wrong))
    return IndexError(
        f"target: expected classes from 0 to {classes - 1} (or ignore_index {ignored}), "
        f"got {target[position]} at {position}"
    )


def cross_entropy(logits, target, *, weight=None, ignore_index=-100, reduction="mean"):
    r"""Cross entropy of class indices under the softmax of `logits`, in one pass.

    :math:`\ell_n = -w_{t_n} \log \operatorname{softmax}(z_n)_{t_n}`, which is 0 where the target is
    to be ignored; then nothing, :math:`\sum_n \ell_n`, or
    :math:`\sum_n \ell_n / \sum_n w_{t_n}`.

    Parameters
    ----------
    logits : array, shape (N, C) or (N, C, ...)
        float32 or float64.
    target : array of integers, shape (N,) or (N, ...)
        Classes from 0 to C - 1, or `ignore_index`.
    weight : array, shape (C,), optional
        Weight :math:`w` of each class; ones by default.
    ignore_index : int
        The target that counts for nothing.
    reduction : {"mean", "sum", "none"}
        The mean is over weights, and NaN where they sum to 0.

    Returns
    -------
    array, shape () or that of `target` for ``"none"``

    Raises
    ------
    IndexError
        If a target is neither a class nor `ignore_index`.
    TypeError
        If dtypes differ or are not supported.
    ValueError
        If shapes do not fit, or `reduction` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.cross_entropy(np.zeros((2, 4)), np.array([0, 3])).round(4)
    np.float64(1.3863)
    >>> kernels.cross_entropy(np.zeros((2, 4)), np.array([0, -100]), reduction="none").round(4)
    array([1.3863, 0.    ])
    """
    return class_entropy(logits, target, weight, ignore_index, reduction, None)


cdef object class_entropy(object logits, object target, object weight, object ignore_index,
                          object reduction, list kept):
    cdef Call call = new_call()
    cdef ek_cross_entropy_problem problem
    cdef cnp.ndarray z = input(logits, "logits", &call)
    cdef cnp.ndarray t = index_input(target, "target")
    cdef cnp.ndarray w, result, gradient = None
    cdef int status, rank
    set_entropy(&problem, z, t, ignore_index, reduction)
    w = class_weights(weight, &problem, &call)
    rank = cnp.PyArray_NDIM(t) if problem.reduction == EK_REDUCE_NONE else 0
    result = output(None, rank, <const int64_t *>cnp.PyArray_DIMS(t), call.type_number)
    if kept is not None:
        gradient = empty_like(z)
    with nogil:
        status = api.cross_entropy(
            call.dtype, &problem, cnp.PyArray_DATA(z), <const int64_t *>cnp.PyArray_DATA(t),
            NULL if w is None else cnp.PyArray_DATA(w), cnp.PyArray_DATA(result),
            NULL if gradient is None else cnp.PyArray_DATA(gradient)
        )
    if status == EK_BAD_INDEX:
        raise bad_target(t, &problem)
    if status != EK_OK:
        check(status, "cross_entropy")
    if kept is not None:
        kept.append(gradient)
    return result


def cross_entropy_grad(grad, logits, target, *, weight=None, ignore_index=-100, reduction="mean"):
    r"""Gradient of `cross_entropy` by `logits`.

    :math:`g_n w_{t_n} (\operatorname{softmax}(z_n) - e_{t_n})`, divided by
    :math:`\sum_n w_{t_n}` for a mean; 0 where the target is to be ignored.

    Parameters
    ----------
    grad : array, shape of the loss
        Gradient by the loss: that of `target` for ``"none"``, else () or a Python number.
    logits : array, shape (N, C) or (N, C, ...)
        float32 or float64.
    target : array of integers, shape (N,) or (N, ...)
        Classes from 0 to C - 1, or `ignore_index`.
    weight : array, shape (C,), optional
        Weight :math:`w` of each class; ones by default.
    ignore_index : int
        The target that counts for nothing.
    reduction : {"mean", "sum", "none"}
        As for `cross_entropy`.

    Returns
    -------
    array, shape of `logits`

    Raises
    ------
    IndexError
        If a target is neither a class nor `ignore_index`.
    TypeError
        If dtypes differ or are not supported.
    ValueError
        If shapes do not fit, or `reduction` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.cross_entropy_grad(1.0, np.zeros((1, 2)), np.array([0]))
    array([[-0.5,  0.5]])
    """
    cdef Call call = new_call()
    cdef ek_cross_entropy_problem problem
    cdef cnp.ndarray z = input(logits, "logits", &call)
    cdef cnp.ndarray t = index_input(target, "target")
    cdef cnp.ndarray w, g, result
    cdef int status
    set_entropy(&problem, z, t, ignore_index, reduction)
    w = class_weights(weight, &problem, &call)
    g = by_loss(grad, t, &problem, &call)
    result = empty_like(z)
    with nogil:
        status = api.cross_entropy_grad(
            call.dtype, &problem, cnp.PyArray_DATA(g), cnp.PyArray_DATA(z),
            <const int64_t *>cnp.PyArray_DATA(t), NULL if w is None else cnp.PyArray_DATA(w),
            cnp.PyArray_DATA(result)
        )
    if status == EK_BAD_INDEX:
        raise bad_target(t, &problem)
    if status != EK_OK:
        check(status, "cross_entropy_grad")
    return result


cdef cnp.ndarray by_loss(object grad, cnp.ndarray target, const ek_cross_entropy_problem *problem,
                         Call *call):
    """`grad` as an array of the shape of the loss, which a number stands for where that is ()."""
    cdef bint one_each = problem.reduction == EK_REDUCE_NONE
    cdef cnp.ndarray gradient
    if not one_each and not cnp.PyArray_Check(grad):
        gradient = output(None, 0, NULL, call.type_number)
        gradient.fill(real_number(grad, "grad"))
        return gradient
    gradient = input(grad, "grad", call)
    expect_shape(gradient, "grad", cnp.PyArray_NDIM(target) if one_each else 0,
                 <const int64_t *>cnp.PyArray_DIMS(target))
    return gradient


cdef bint is_one(object grad) noexcept:
    """Whether it is exactly the array of one element that a backward pass begins with."""
    if not cnp.PyArray_Check(grad) or cnp.PyArray_NDIM(<cnp.ndarray>grad) != 0:
        return False
    cdef int kind = cnp.PyArray_TYPE(<cnp.ndarray>grad)
    cdef void *value = cnp.PyArray_DATA(<cnp.ndarray>grad)
    return (kind == cnp.NPY_FLOAT32 and (<float *>value)[0] == 1
            or kind == cnp.NPY_FLOAT64 and (<double *>value)[0] == 1)


cdef object chained_entropy(object grad, cnp.ndarray kept, object target, object ignore_index,
                            object reduction):
    if reduction != "none" and is_one(grad):
        return kept
    cdef Call call = new_call()
    cdef ek_cross_entropy_problem problem
    cdef cnp.ndarray gx = input(kept, "kept", &call)
    cdef cnp.ndarray t = index_input(target, "target")
    cdef cnp.ndarray g
    cdef int status
    set_entropy(&problem, gx, t, ignore_index, reduction)
    g = by_loss(grad, t, &problem, &call)
    with nogil:
        status = api.cross_entropy_chain(
            call.dtype, &problem, cnp.PyArray_DATA(g), <const int64_t *>cnp.PyArray_DATA(t),
            cnp.PyArray_DATA(gx)
        )
    if status != EK_OK:
        check(status, "cross_entropy_grad")
    return gx
