"""Matrix products: `matmul` over any batch, and the affine map of a linear layer."""

import os

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    activation_code,
    check,
    deliver,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    new_call,
    output,
    real_number,
    strided_input,
)
from einkorn.kernels._core cimport (
    EK_BIAS_PER_COLUMN,
    EK_IDENTITY,
    EK_NO_BIAS,
    api,
    ek_activation,
    ek_gemm_problem,
    ek_workspace_size,
)

from einkorn.kernels._core import isa_variants

cnp.import_array()

cdef enum:
    MAX_RANK = 32

ALGORITHMS = ("auto", "native", "blas")


def _engine_from_environment():
    wanted = os.environ.get("EINKORN_GEMM") or "auto"
    if wanted not in ALGORITHMS:
        raise ImportError(f"EINKORN_GEMM: expected one of {ALGORITHMS}, got {wanted!r}")
    return wanted


cdef str default_engine = _engine_from_environment()


def matmul_engine(algorithm="auto"):
    """Which engine `matmul` would run for `algorithm`: ``"native"`` or ``"blas"``.

    ``"auto"`` follows ``EINKORN_GEMM`` where that is set. Otherwise it is native wherever the
    machine offers a SIMD variant (or ``EINKORN_ISA`` asks for the scalar one), because the native
    product is bit-for-bit the same for every thread count and BLAS is not; and BLAS where only
    scalar code would run.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm: expected one of {ALGORITHMS}, got {algorithm!r}")
    if algorithm == "auto":
        algorithm = default_engine
    if algorithm == "auto":
        only_scalar = len(isa_variants()) == 1 and not os.environ.get("EINKORN_ISA")
        return "blas" if only_scalar else "native"
    return algorithm


cdef str auto_engine = matmul_engine("auto")


cdef int run(Call *call, ek_gemm_problem *problem, const void *a, const void *b, const void *bias,
             void *c) except -1:
    cdef ek_workspace_size size
    check(api.gemm_workspace(call.dtype, problem, &size), "matmul")
    cdef Scratch scratch
    cdef int status
    if size.best == 0:
        scratch = NO_SCRATCH
    else:
        scratch = Scratch()
        scratch.reserve(size.best)
    with nogil:
        status = api.gemm(call.dtype, problem, a, b, bias, c, scratch.workspace)
    return check(status, "matmul")


cdef Scratch NO_SCRATCH = Scratch()


cdef void set_matrix(cnp.ndarray array, bint transpose, int64_t *row_stride,
                     int64_t *column_stride) noexcept:
    cdef int rank = cnp.PyArray_NDIM(array)
    cdef int64_t size = cnp.PyArray_ITEMSIZE(array)
    row_stride[0] = cnp.PyArray_STRIDE(array, rank - 2) / size
    column_stride[0] = cnp.PyArray_STRIDE(array, rank - 1) / size
    if transpose:
        row_stride[0], column_stride[0] = column_stride[0], row_stride[0]


cdef int broadcast_batch(cnp.ndarray a, cnp.ndarray b, int64_t *shape) except -1:
    """Writes the common batch shape and returns its rank."""
    cdef int a_rank = cnp.PyArray_NDIM(a) - 2, b_rank = cnp.PyArray_NDIM(b) - 2
    cdef int rank = a_rank if a_rank > b_rank else b_rank
    cdef int i
    cdef int64_t x, y
    if rank + 2 > MAX_RANK:
        raise ValueError(f"a: expected at most {MAX_RANK} dimensions, got {rank + 2}")
    for i in range(rank):
        x = cnp.PyArray_DIM(a, i - rank + a_rank) if i >= rank - a_rank else 1
        y = cnp.PyArray_DIM(b, i - rank + b_rank) if i >= rank - b_rank else 1
        if x != y and x != 1 and y != 1:
            raise ValueError(
                f"b: expected a shape whose batch broadcasts with a's, got {np.shape(b)} "
                f"beside {np.shape(a)}"
            )
        shape[i] = y if x == 1 else x
    return rank


cdef int64_t batch_stride(cnp.ndarray array, int rank, int i) noexcept:
    """Elements between neighbours along batch axis `i`; zero where the array is broadcast."""
    cdef int axis = i - rank + cnp.PyArray_NDIM(array) - 2
    if axis < 0 or cnp.PyArray_DIM(array, axis) == 1:
        return 0
    return cnp.PyArray_STRIDE(array, axis) / cnp.PyArray_ITEMSIZE(array)


cdef int run_batches(Call *call, ek_gemm_problem *problem, cnp.ndarray a, cnp.ndarray b,
                     cnp.ndarray c, int rank, const int64_t *shape) except -1:
    """The innermost batch axis runs in the kernel, the outer ones here."""
    cdef int64_t itemsize = cnp.PyArray_ITEMSIZE(c)
    cdef int64_t outer = 1, index, rest, position, a_offset, b_offset, c_offset
    cdef int i
    if cnp.PyArray_SIZE(c) == 0:
        return 0  # A broadcast batch of empty matrices may still be 2**60 long.
    problem.batch = shape[rank - 1] if rank else 1
    if rank:
        problem.a_batch_stride = batch_stride(a, rank, rank - 1)
        problem.b_batch_stride = batch_stride(b, rank, rank - 1)
    problem.c_batch_stride = problem.m * problem.n
    for i in range(rank - 1):
        outer *= shape[i]
    for index in range(outer):
        rest, a_offset, b_offset = index, 0, 0
        for i in range(rank - 2, -1, -1):
            position = rest % shape[i]
            rest = rest // shape[i]
            a_offset += position * batch_stride(a, rank, i)
            b_offset += position * batch_stride(b, rank, i)
        c_offset = index * problem.batch * problem.c_batch_stride
        run(call, problem, cnp.PyArray_BYTES(a) + a_offset * itemsize,
            cnp.PyArray_BYTES(b) + b_offset * itemsize, NULL,
            cnp.PyArray_BYTES(c) + c_offset * itemsize)
    return 0


cdef object blas_matmul(cnp.ndarray a, cnp.ndarray b, bint transpose_a, bint transpose_b,
                        double alpha, double beta, cnp.ndarray c):
    """NumPy's BLAS behind the same contract."""
    left = np.swapaxes(a, -1, -2) if transpose_a else a
    right = np.swapaxes(b, -1, -2) if transpose_b else b
    if alpha == 1 and beta == 0:
        np.matmul(left, right, out=c)
        return
    product = np.matmul(left, right)
    product *= c.dtype.type(alpha)
    if beta == 0:
        c[...] = product
    else:
        c *= c.dtype.type(beta)
        c += product


def matmul(a, b, *, transpose_a=False, transpose_b=False, alpha=1.0, beta=0.0, algorithm="auto",
           out=None):
    r"""Matrix product :math:`C = \alpha\, A B + \beta\, C`, batched by broadcasting.

    Parameters
    ----------
    a : array, shape (..., M, K), or (..., K, M) with `transpose_a`
        float32 or float64; any strides are read in place.
    b : array, shape (..., K, N), or (..., N, K) with `transpose_b`
        Same dtype as `a`. The leading shapes broadcast.
    transpose_a, transpose_b : bool
        Read the last two axes of the operand swapped.
    alpha, beta : float
        Scale of the product, and of what `out` held before; `beta` other than 0 needs `out`.
    algorithm : {"auto", "native", "blas"}
        The engine; `matmul_engine` tells what ``"auto"`` takes.
    out : array, shape (..., M, N), optional
        Where to write the result; it must not overlap the operands.

    Returns
    -------
    array, shape (..., M, N)

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If shapes do not fit, or an option is out of range.

    Notes
    -----
    The native engine blocks for the caches and packs as in K. Goto and R. van de Geijn, "Anatomy
    of high-performance matrix multiplication", ACM TOMS 34(3), 2008. Its result does not depend on
    the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.matmul(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), transpose_b=True)
    array([[1., 3.],
           [2., 4.]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray left = strided_input(a, "a", &call)
    cdef cnp.ndarray right = strided_input(b, "b", &call)
    cdef ek_gemm_problem problem
    cdef int64_t shape[MAX_RANK]
    cdef int64_t inner
    cdef int rank
    cdef bint swap_a = transpose_a, swap_b = transpose_b
    if cnp.PyArray_NDIM(left) < 2:
        raise ValueError(f"a: expected at least 2 dimensions, got shape {np.shape(a)}")
    if cnp.PyArray_NDIM(right) < 2:
        raise ValueError(f"b: expected at least 2 dimensions, got shape {np.shape(b)}")
    set_matrix(left, swap_a, &problem.a_row_stride, &problem.a_column_stride)
    set_matrix(right, swap_b, &problem.b_row_stride, &problem.b_column_stride)
    rank = cnp.PyArray_NDIM(left)
    problem.m = cnp.PyArray_DIM(left, rank - 1 if swap_a else rank - 2)
    problem.k = cnp.PyArray_DIM(left, rank - 2 if swap_a else rank - 1)
    rank = cnp.PyArray_NDIM(right)
    problem.n = cnp.PyArray_DIM(right, rank - 2 if swap_b else rank - 1)
    inner = cnp.PyArray_DIM(right, rank - 1 if swap_b else rank - 2)
    if inner != problem.k:
        raise ValueError(
            f"b: expected {problem.k} along its contracted axis to match a of shape {np.shape(a)}, "
            f"got shape {np.shape(b)}"
        )
    rank = broadcast_batch(left, right, shape)
    shape[rank], shape[rank + 1] = problem.m, problem.n
    problem.alpha = 1.0 if alpha is 1.0 else real_number(alpha, "alpha")
    problem.beta = real_number(beta, "beta")
    problem.bias = EK_NO_BIAS
    problem.activation = EK_IDENTITY
    problem.c_row_stride = problem.n
    problem.a_batch_stride = problem.b_batch_stride = 0
    engine = auto_engine if algorithm == "auto" else matmul_engine(algorithm)
    if problem.beta != 0 and out is None:
        raise ValueError(f"beta: expected 0 without out, got {beta!r}")
    cdef cnp.ndarray result = output(out, rank + 2, shape, call.type_number)
    if out is not None:
        forbid_overlap(out, left, "a")
        forbid_overlap(out, right, "b")
        if problem.beta != 0 and result is not out:
            result[...] = out
    if engine == "blas":
        blas_matmul(left, right, swap_a, swap_b, problem.alpha, problem.beta, result)
    else:
        run_batches(&call, &problem, left, right, result, rank, shape)
    return deliver(result, out)


def linear(x, weight, bias=None, *, activation=None, out=None):
    r"""Affine map of the last axis, :math:`y = f(x W^\mathsf{T} + b)`.

    Parameters
    ----------
    x : array, shape (..., I)
    weight : array, shape (O, I)
    bias : array, shape (O,), optional
    activation : {None, "relu", "sigmoid", "tanh"}
        :math:`f`, applied before the result is stored.
    out : array, shape (..., O), optional

    Returns
    -------
    array, shape (..., O)

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.linear(np.array([[1.0, -2.0]]), np.eye(2), np.ones(2), activation="relu")
    array([[2., 0.]])
    """
    return affine(x, weight, bias, activation_code(activation), out)


cdef object affine(object x, object weight, object bias, ek_activation activation, object out):
    cdef Call call = new_call()
    cdef cnp.ndarray rows = input_of_rank_at_least_one(x, &call)
    cdef cnp.ndarray matrix = strided_matrix(weight, &call)
    cdef cnp.ndarray vector = None
    cdef ek_gemm_problem problem
    cdef int rank = cnp.PyArray_NDIM(rows), i
    cdef int64_t shape[MAX_RANK]
    affine_problem(&problem, rows, matrix)
    if cnp.PyArray_DIM(rows, rank - 1) != problem.k:
        raise ValueError(
            f"x: expected a last axis of {problem.k} for weight of shape {np.shape(weight)}, "
            f"got shape {np.shape(x)}"
        )
    for i in range(rank - 1):
        shape[i] = cnp.PyArray_DIM(rows, i)
    shape[rank - 1] = problem.n
    problem.activation = activation
    if bias is not None:
        vector = input_of_rank(bias, "bias", &call, 1)
        expect_shape(vector, "bias", 1, &problem.n)
        problem.bias = EK_BIAS_PER_COLUMN
    cdef cnp.ndarray result = output(out, rank, shape, call.type_number)
    if out is not None:
        forbid_overlap(out, rows, "x")
        forbid_overlap(out, matrix, "weight")
        forbid_overlap(out, vector, "bias")
    run(&call, &problem, cnp.PyArray_DATA(rows), cnp.PyArray_DATA(matrix),
        NULL if vector is None else cnp.PyArray_DATA(vector), cnp.PyArray_DATA(result))
    return deliver(result, out)


cdef cnp.ndarray input_of_rank_at_least_one(object x, Call *call):
    from_door = strided_input(x, "x", call)
    cdef cnp.ndarray rows = cnp.PyArray_GETCONTIGUOUS(from_door)
    if not 1 <= cnp.PyArray_NDIM(rows) < MAX_RANK:
        raise ValueError(f"x: expected at least 1 dimension, got shape {np.shape(x)}")
    return rows


cdef cnp.ndarray strided_matrix(object weight, Call *call):
    cdef cnp.ndarray matrix = strided_input(weight, "weight", call)
    if cnp.PyArray_NDIM(matrix) != 2:
        raise ValueError(f"weight: expected 2 dimensions, got shape {np.shape(weight)}")
    return matrix


cdef int affine_problem(ek_gemm_problem *problem, cnp.ndarray x, cnp.ndarray weight) noexcept:
    """rows x W^T, over x flattened to a matrix."""
    cdef int rank = cnp.PyArray_NDIM(x), i
    cdef int64_t itemsize = cnp.PyArray_ITEMSIZE(weight)
    problem.m = 1
    for i in range(rank - 1):
        problem.m *= cnp.PyArray_DIM(x, i)
    problem.n, problem.k = cnp.PyArray_DIM(weight, 0), cnp.PyArray_DIM(weight, 1)
    problem.batch = 1
    problem.a_row_stride, problem.a_column_stride = problem.k, 1
    problem.b_row_stride = cnp.PyArray_STRIDE(weight, 1) / itemsize
    problem.b_column_stride = cnp.PyArray_STRIDE(weight, 0) / itemsize
    problem.c_row_stride = problem.n
    problem.a_batch_stride = problem.b_batch_stride = problem.c_batch_stride = 0
    problem.alpha, problem.beta = 1, 0
    problem.bias, problem.activation = EK_NO_BIAS, EK_IDENTITY
    return 0


def linear_grad(grad, x, weight, *, needs=(True, True, True)):
    r"""Gradients of `linear` (without its activation).

    :math:`g_x = g W`, :math:`g_W = g^\mathsf{T} x`, :math:`g_b = \sum_\text{rows} g`.

    Parameters
    ----------
    grad : array, shape (..., O)
    x : array, shape (..., I)
    weight : array, shape (O, I)
    needs : three bools
        Which of the gradients by x, weight and bias to compute; the others are None.

    Returns
    -------
    (grad_x, grad_weight, grad_bias) : shapes (..., I), (O, I), (O,)

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.linear_grad(np.ones((2, 1)), np.array([[1.0], [2.0]]), np.array([[3.0]]))[1]
    array([[3.]])
    """
    needs_x, needs_weight, needs_bias = needs
    return affine_gradients(grad, x, weight, needs_x, needs_weight, needs_bias)


cdef tuple affine_gradients(object grad, object x, object weight, bint needs_x, bint needs_weight,
                            bint needs_bias):
    cdef Call call = new_call()
    cdef cnp.ndarray rows = input_of_rank_at_least_one(x, &call)
    cdef cnp.ndarray matrix = strided_matrix(weight, &call)
    cdef cnp.ndarray g = cnp.PyArray_GETCONTIGUOUS(strided_input(grad, "grad", &call))
    cdef ek_gemm_problem affine, problem
    cdef int rank = cnp.PyArray_NDIM(rows), i
    cdef int64_t shape[MAX_RANK]
    affine_problem(&affine, rows, matrix)
    if cnp.PyArray_DIM(rows, rank - 1) != affine.k:
        raise ValueError(
            f"x: expected a last axis of {affine.k} for weight of shape {np.shape(weight)}, "
            f"got shape {np.shape(x)}"
        )
    for i in range(rank):
        shape[i] = cnp.PyArray_DIM(rows, i)
    shape[rank - 1] = affine.n
    expect_shape(g, "grad", rank, shape)
    cdef cnp.ndarray gx = None, gw = None, gb = None
    cdef int status
    problem = affine
    if needs_x:
        shape[rank - 1] = affine.k
        gx = output(None, rank, shape, call.type_number)
        problem.n, problem.k = affine.k, affine.n
        problem.a_row_stride = affine.n
        problem.b_row_stride, problem.b_column_stride = affine.b_column_stride, affine.b_row_stride
        problem.c_row_stride = affine.k
        run(&call, &problem, cnp.PyArray_DATA(g), cnp.PyArray_DATA(matrix), NULL,
            cnp.PyArray_DATA(gx))
    if needs_weight:
        shape[0], shape[1] = affine.n, affine.k
        gw = output(None, 2, shape, call.type_number)
        problem.m, problem.n, problem.k = affine.n, affine.k, affine.m
        problem.a_row_stride, problem.a_column_stride = 1, affine.n
        problem.b_row_stride, problem.b_column_stride = affine.k, 1
        problem.c_row_stride = affine.k
        run(&call, &problem, cnp.PyArray_DATA(g), cnp.PyArray_DATA(rows), NULL,
            cnp.PyArray_DATA(gw))
    if needs_bias:
        gb = output(None, 1, &affine.n, call.type_number)
        with nogil:
            status = api.sum(call.dtype, 1, affine.m, affine.n, 1, cnp.PyArray_DATA(g),
                             cnp.PyArray_DATA(gb))
        check(status, "linear_grad")
    return gx, gw, gb
