"""The affine map of a few rows by a weight laid out, once, as the product's kernel reads it."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    activation_code,
    check,
    data_or_null,
    expect_shape,
    input,
    new_call,
    optional_input,
    output,
)
from einkorn.kernels._core cimport (
    EK_IDENTITY,
    EK_NO_BIAS,
    api,
    ek_bias_activation_problem,
    ek_gemm_problem,
    ek_workspace_size,
)

from einkorn.kernels._core import isa

cnp.import_array()

# Rows that are too few to hide a copy of the weight, and to make one of a panel worth it. See
# gemm_plan in kernels/gemm/product.inc: a panel of so many elements is read in place.
FEWEST_ROWS, MOST_ROWS = 48, 239
MOST_ELEMENTS = 1 << 16


def pack_weight(weight):
    r"""Copy of a weight (O, I) as panels (O / w, I, w) of columns of its transpose, or None.

    None where :func:`packed_linear` would gain nothing: w, 64 with AVX-512 and 32 otherwise, must
    divide O at least twice, and a panel must have at most 65,536 elements.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn.kernels import packed
    >>> packed.pack_weight(np.ones((256, 100), np.float32)).shape[1]
    100
    >>> packed.pack_weight(np.ones((10, 100), np.float32)) is None
    True
    """
    width = 64 if isa() == "avx512" else 32
    if weight.ndim != 2 or weight.dtype not in (np.float32, np.float64):
        return None
    outputs, inputs = weight.shape
    if outputs < 2 * width or outputs % width or not 0 < inputs * width <= MOST_ELEMENTS:
        return None
    panels = weight.reshape(outputs // width, width, inputs).transpose(0, 2, 1)
    return np.ascontiguousarray(panels)


def packed_linear(x, panels, bias=None, *, activation=None):
    r"""`einkorn.kernels.linear` of rows by the weight that `panels` are a copy of.

    Nothing is copied before the product begins, so that threads wait for each other once only.

    Parameters
    ----------
    x : array, shape (N, I)
        Best of 48 to 239 rows: fewer read the weight as it is, of more each panel is copied.
    panels : array, shape (O / w, I, w)
        From :func:`pack_weight`.
    bias : array, shape (O,), optional
    activation : {None, "relu", "sigmoid", "tanh"}

    Returns
    -------
    array, shape (N, O)

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> from einkorn.kernels import packed
    >>> source = np.random.default_rng(0)
    >>> x, weight = source.random((50, 100)), source.random((128, 100))
    >>> y = packed.packed_linear(x, packed.pack_weight(weight))
    >>> np.allclose(y, kernels.linear(x, weight))
    True
    """
    cdef Call call = new_call()
    cdef ek_gemm_problem problem
    cdef ek_bias_activation_problem finish
    cdef ek_workspace_size size
    cdef int64_t shape[2]
    cdef cnp.ndarray rows = input(x, "x", &call), weights = input(panels, "panels", &call)
    if cnp.PyArray_NDIM(rows) != 2:
        raise ValueError(f"x: expected 2 dimensions, got shape {np.shape(x)}")
    if cnp.PyArray_NDIM(weights) != 3 or cnp.PyArray_DIM(weights, 1) != cnp.PyArray_DIM(rows, 1):
        raise ValueError(
            f"panels: expected shape (*, {cnp.PyArray_DIM(rows, 1)}, *) for x of shape "
            f"{np.shape(x)}, got {np.shape(panels)}"
        )
    problem.m, problem.k = cnp.PyArray_DIM(rows, 0), cnp.PyArray_DIM(rows, 1)
    problem.batch, problem.n = cnp.PyArray_DIM(weights, 0), cnp.PyArray_DIM(weights, 2)
    shape[0], shape[1] = problem.m, problem.batch * problem.n
    cdef cnp.ndarray vector = optional_input(bias, "bias", &call, 1)
    if vector is not None:
        expect_shape(vector, "bias", 1, &shape[1])
    finish.activation = activation_code(activation)
    problem.a_row_stride, problem.a_column_stride, problem.a_batch_stride = problem.k, 1, 0
    problem.b_row_stride, problem.b_column_stride = problem.n, 1
    problem.b_batch_stride = problem.k * problem.n
    problem.c_row_stride, problem.c_batch_stride = shape[1], problem.n
    problem.alpha, problem.beta = 1, 0
    problem.bias, problem.activation = EK_NO_BIAS, EK_IDENTITY
    cdef cnp.ndarray result = output(None, 2, shape, call.type_number)
    check(api.gemm_workspace(call.dtype, &problem, &size), "packed_linear")
    cdef Scratch scratch = Scratch()
    scratch.reserve(size.best)
    cdef int status
    with nogil:
        status = api.gemm(call.dtype, &problem, cnp.PyArray_DATA(rows), cnp.PyArray_DATA(weights),
                          NULL, cnp.PyArray_DATA(result), scratch.workspace)
    check(status, "packed_linear")
    if vector is None and finish.activation == EK_IDENTITY:
        return result
    if vector is None:
        vector = np.zeros(shape[1], result.dtype)
    finish.outer, finish.channels, finish.inner = problem.m, shape[1], 1
    cdef const void *shift = data_or_null(vector)
    with nogil:
        status = api.bias_activation(call.dtype, &finish, cnp.PyArray_DATA(result), shift,
                                     cnp.PyArray_DATA(result))
    check(status, "packed_linear")
    return result
