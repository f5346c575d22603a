"""Products of matrices of zeros and ones, such as the units of a Boltzmann machine."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    activation_code,
    check,
    data_or_null,
    deliver,
    expect_shape,
    forbid_overlap,
    new_call,
    optional_input,
    output,
    real_number,
    strided_input,
)
from einkorn.kernels._core cimport EK_BAD_VALUE, api, ek_binary_problem, ek_workspace_size

cnp.import_array()


cdef cnp.ndarray matrix(object value, str name, Call *call, int64_t *row_stride,
                        int64_t *column_stride):
    cdef cnp.ndarray array = strided_input(value, name, call)
    if cnp.PyArray_NDIM(array) != 2:
        raise ValueError(f"{name}: expected 2 dimensions, got shape {np.shape(value)}")
    row_stride[0] = cnp.PyArray_STRIDE(array, 0) / cnp.PyArray_ITEMSIZE(array)
    column_stride[0] = cnp.PyArray_STRIDE(array, 1) / cnp.PyArray_ITEMSIZE(array)
    return array


def binary_matmul(a, b, *, bias=None, activation=None, alpha=1.0, beta=0.0, out=None):
    r"""Product :math:`C = f(\alpha\, A B + \beta\, C + b)` of an :math:`A` of zeros and ones.

    A quarter of the additions of `matmul` and none of its multiplications: worth it from some 50
    rows on.

    Parameters
    ----------
    a : array, shape (M, K)
        Zeros and ones, float32 or float64; any strides are read in place.
    b : array, shape (K, N)
        Same dtype as `a`; any strides. Where `a` is 0, the row of `b` is left out, also if it holds
        infinities or NaN.
    bias : array, shape (N,), optional
    activation : {None, "relu", "sigmoid", "tanh"}
        :math:`f`, applied before the result is stored.
    alpha, beta : float
        Scale of the product, and of what `out` held before; `beta` other than 0 needs `out`.
    out : array, shape (M, N), optional
        Where to write the result, contiguous along either axis; it must not overlap the operands.

    Returns
    -------
    array, shape (M, N)

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If shapes do not fit, an option is out of range, or an element of `a` is neither 0 nor 1.

    Notes
    -----
    Each four columns of `a`, read as a number, name one of the sixteen sums of four rows of `b`: V.
    Arlazarov, E. Dinic, M. Kronrod and I. Faradzev, "On economical construction of the transitive
    closure of a directed graph", 1970. The result does not depend on the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.binary_matmul(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0], [5.0]]))
    array([[1.],
           [6.]])
    """
    cdef Call call = new_call()
    cdef ek_binary_problem problem
    cdef ek_workspace_size size
    cdef int64_t shape[2]
    cdef cnp.ndarray bits = matrix(a, "a", &call, &problem.a_row_stride, &problem.a_column_stride)
    cdef cnp.ndarray rows = matrix(b, "b", &call, &problem.b_row_stride, &problem.b_column_stride)
    problem.m, problem.k = cnp.PyArray_DIM(bits, 0), cnp.PyArray_DIM(bits, 1)
    problem.n = cnp.PyArray_DIM(rows, 1)
    if cnp.PyArray_DIM(rows, 0) != problem.k:
        raise ValueError(
            f"b: expected {problem.k} rows to match a of shape {np.shape(a)}, "
            f"got shape {np.shape(b)}"
        )
    cdef cnp.ndarray vector = optional_input(bias, "bias", &call, 1)
    if vector is not None:
        expect_shape(vector, "bias", 1, &problem.n)
    problem.activation = activation_code(activation)
    problem.alpha, problem.beta = real_number(alpha, "alpha"), real_number(beta, "beta")
    if problem.beta != 0 and out is None:
        raise ValueError(f"beta: expected 0 without out, got {beta!r}")
    # Of an `out` whose columns are contiguous, the transposed one's rows are.
    cdef bint down = (isinstance(out, np.ndarray) and out.ndim == 2 and not out.flags.c_contiguous
                      and out.flags.f_contiguous)
    target = out.T if down else out
    shape[0], shape[1] = problem.m, problem.n
    if down:
        shape[0], shape[1] = problem.n, problem.m
    cdef cnp.ndarray result = output(target, 2, shape, call.type_number)
    problem.c_row_stride, problem.c_column_stride = problem.n, 1
    if down:
        problem.c_row_stride, problem.c_column_stride = 1, problem.m
    if out is not None:
        forbid_overlap(out, bits, "a")
        forbid_overlap(out, rows, "b")
        forbid_overlap(out, vector, "bias")
        if problem.beta != 0 and result is not target:
            result[...] = target
    check(api.binary_matmul_workspace(call.dtype, &problem, &size), "binary_matmul")
    cdef Scratch scratch = Scratch()
    scratch.reserve(size.best)
    cdef const void *bias_data = data_or_null(vector)
    cdef int status
    with nogil:
        status = api.binary_matmul(call.dtype, &problem, cnp.PyArray_DATA(bits),
                                   cnp.PyArray_DATA(rows), bias_data,
                                   cnp.PyArray_DATA(result), scratch.workspace)
    if status == EK_BAD_VALUE:
        wrong = bits[(bits != 0) & (bits != 1)]
        raise ValueError(f"a: expected zeros and ones, got {wrong[0] if wrong.size else 'others'}")
    check(status, "binary_matmul")
    deliver(result, target)
    return result if out is None else out
