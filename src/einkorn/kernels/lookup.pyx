"""Rows of a table chosen by indices, and the gradient of the table."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    index_input,
    input,
    input_of_rank,
    integer,
    new_call,
    output,
)
from einkorn.kernels._core cimport (
    EK_BAD_INDEX,
    api,
    ek_embedding_problem,
    ek_workspace_size,
)

cnp.import_array()

cdef enum:
    MOST_DIMENSIONS = 64


cdef int refuse_index(cnp.ndarray index, int64_t rows) except -1:
    bad = index[(index < 0) | (index >= rows)].flat[0]
    raise IndexError(f"index: expected indices in [0, {rows}), got {bad}")


cdef int found_shape(cnp.ndarray index, int64_t width, int64_t *shape) except -1:
    """The sizes of what `index` finds; their number."""
    cdef int rank = cnp.PyArray_NDIM(index), i
    if rank >= MOST_DIMENSIONS:
        raise ValueError(f"index: expected fewer than {MOST_DIMENSIONS} dimensions, got {rank}")
    for i in range(rank):
        shape[i] = cnp.PyArray_DIM(index, i)
    shape[rank] = width
    return rank + 1


def embedding(table, index, *, out=None):
    """Rows of a table: ``table[index]``, with no index counted from the end.

    Parameters
    ----------
    table : array, shape (V, D)
        float32 or float64.
    index : array of integers, shape (*)
    out : array, shape (*, D), optional

    Returns
    -------
    array, shape (*, D)

    Raises
    ------
    IndexError
        If an index is outside [0, V); `out` is undefined then.
    TypeError
        If `index` does not hold integers.
    ValueError
        If `table` is not a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.embedding(np.array([[0.0, 1.0], [2.0, 3.0]]), [1, 0])
    array([[2., 3.],
           [0., 1.]])
    """
    cdef Call call = new_call()
    cdef ek_embedding_problem problem
    cdef cnp.ndarray rows = input_of_rank(table, "table", &call, 2)
    cdef cnp.ndarray places = index_input(index, "index")
    cdef int64_t shape[MOST_DIMENSIONS]
    cdef int status, rank
    problem.rows, problem.width = cnp.PyArray_DIM(rows, 0), cnp.PyArray_DIM(rows, 1)
    problem.count, problem.padding, problem.by_frequency = cnp.PyArray_SIZE(places), -1, False
    rank = found_shape(places, problem.width, shape)
    cdef cnp.ndarray y = output(out, rank, shape, call.type_number)
    forbid_overlap(out, rows, "table")
    forbid_overlap(out, places, "index")
    with nogil:
        status = api.embedding(
            call.dtype, &problem, cnp.PyArray_DATA(rows),
            <const int64_t *>cnp.PyArray_DATA(places), cnp.PyArray_DATA(y)
        )
    if status == EK_BAD_INDEX:
        refuse_index(places, problem.rows)
    check(status, "embedding")
    return deliver(y, out)


def embedding_grad(grad, index, num_embeddings, *, padding_idx=None, scale_grad_by_freq=False):
    """Gradient of the table of `embedding`: for each row the sum of the gradients of its uses.

    They are added in the order of their places, whatever the number of threads.

    Parameters
    ----------
    grad : array, shape (*, D)
    index : array of integers, shape (*)
    num_embeddings : int
        V.
    padding_idx : int, optional
        A row, in [0, V), that receives no gradient.
    scale_grad_by_freq : bool
        Divide the gradient of a row by the number of its uses.

    Returns
    -------
    array, shape (V, D)

    Raises
    ------
    IndexError
        If an index is outside [0, V).
    TypeError
        If `index` does not hold integers.
    ValueError
        If the shapes of `grad` and `index` do not fit, or `padding_idx` is outside [0, V).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.embedding_grad(np.array([[1.0], [2.0], [4.0]]), [1, 0, 1], 3)
    array([[2.],
           [5.],
           [0.]])
    """
    cdef Call call = new_call()
    cdef ek_embedding_problem problem
    cdef ek_workspace_size size
    cdef Scratch scratch = Scratch()
    cdef cnp.ndarray g = input(grad, "grad", &call)
    cdef cnp.ndarray places = index_input(index, "index")
    cdef int64_t shape[MOST_DIMENSIONS]
    cdef int status, rank
    if cnp.PyArray_NDIM(g) == 0:
        raise ValueError("grad: expected at least 1 dimension, got shape ()")
    problem.width = cnp.PyArray_DIM(g, cnp.PyArray_NDIM(g) - 1)
    problem.rows = integer(num_embeddings, "num_embeddings", 0)
    problem.count, problem.padding = cnp.PyArray_SIZE(places), -1
    problem.by_frequency = bool(scale_grad_by_freq)
    if padding_idx is not None:
        problem.padding = integer(padding_idx, "padding_idx", 0)
        if problem.padding >= problem.rows:
            raise ValueError(f"padding_idx: expected in [0, {problem.rows}), got {padding_idx}")
    rank = found_shape(places, problem.width, shape)
    expect_shape(g, "grad", rank, shape)
    shape[0], shape[1] = problem.rows, problem.width
    cdef cnp.ndarray table = empty(2, shape, call.type_number)
    check(api.embedding_grad_workspace(call.dtype, &problem, &size), "embedding_grad")
    scratch.reserve(size.best)
    with nogil:
        status = api.embedding_grad(
            call.dtype, &problem, cnp.PyArray_DATA(g),
            <const int64_t *>cnp.PyArray_DATA(places), cnp.PyArray_DATA(table), scratch.workspace
        )
    if status == EK_BAD_INDEX:
        refuse_index(places, problem.rows)
    check(status, "embedding_grad")
    return table
