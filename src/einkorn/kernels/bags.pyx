"""Sums, means and greatest elements over bags of a table's rows, and the table's gradient."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    data_or_null,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    index_input,
    input_of_rank,
    integer,
    new_call,
    optional_input,
    output,
)
from einkorn.kernels._core cimport (
    EK_BAD_INDEX,
    EK_BAG_MAX,
    EK_BAG_MEAN,
    EK_BAG_SUM,
    api,
    ek_embedding_bag_problem,
    ek_workspace_size,
)

cnp.import_array()


cdef int set_mode(ek_embedding_bag_problem *problem, object mode) except -1:
    if mode == "sum":
        problem.mode = EK_BAG_SUM
    elif mode == "mean":
        problem.mode = EK_BAG_MEAN
    elif mode == "max":
        problem.mode = EK_BAG_MAX
    else:
        raise ValueError(f"mode: expected 'sum', 'mean' or 'max', got {mode!r}")
    return 0


cdef cnp.ndarray vector_of_integers(object value, str name):
    cdef cnp.ndarray array = index_input(value, name)
    if cnp.PyArray_NDIM(array) != 1:
        raise ValueError(f"{name}: expected 1 dimension, got shape {(<object>array).shape}")
    return array


cdef int set_bags(
    ek_embedding_bag_problem *problem, cnp.ndarray index, cnp.ndarray offsets
) except -1:
    """Take the sizes, and check that the bags follow one another and hold every index."""
    problem.count, problem.bags = cnp.PyArray_SIZE(index), cnp.PyArray_SIZE(offsets)
    cdef const int64_t *start = <const int64_t *>cnp.PyArray_DATA(offsets)
    cdef int64_t bag
    if problem.bags == 0:
        if problem.count:
            raise ValueError(f"offsets: expected a bag for {problem.count} indices, got none")
        return 0
    if start[0] != 0:
        raise ValueError(f"offsets: expected 0 first, got {start[0]}")
    for bag in range(1, problem.bags):
        if start[bag] < start[bag - 1]:
            raise ValueError(
                f"offsets: expected none below the one before, got {start[bag]} after "
                f"{start[bag - 1]}"
            )
    if start[problem.bags - 1] > problem.count:
        raise ValueError(
            f"offsets: expected at most {problem.count}, the number of indices, "
            f"got {start[problem.bags - 1]}"
        )
    return 0


cdef int set_padding(ek_embedding_bag_problem *problem, object padding_idx) except -1:
    problem.padding = -1
    if padding_idx is not None:
        problem.padding = integer(padding_idx, "padding_idx", 0)
        if problem.padding >= problem.rows:
            raise ValueError(f"padding_idx: expected in [0, {problem.rows}), got {padding_idx}")
    return 0


cdef cnp.ndarray sample_weights(
    object value, const ek_embedding_bag_problem *problem, Call *call
):
    cdef cnp.ndarray weights = optional_input(value, "per_sample_weights", call, 1)
    if weights is None:
        return None
    if problem.mode != EK_BAG_SUM:
        raise ValueError("per_sample_weights: expected None unless mode is 'sum'")
    expect_shape(weights, "per_sample_weights", 1, &problem.count)
    return weights


cdef int refuse(cnp.ndarray values, str name, int64_t lowest, int64_t rows) except -1:
    bad = values[(values < lowest) | (values >= rows)].flat[0]
    raise IndexError(f"{name}: expected indices in [{lowest}, {rows}), got {bad}")


def embedding_bag(
    table, index, offsets, *, mode="mean", per_sample_weights=None, padding_idx=None, out=None
):
    """Sums, means or greatest elements of the rows that bags of indices name.

    Each row is read once, and no array of all of them is made. They are added in their order,
    whatever the number of threads.

    Parameters
    ----------
    table : array, shape (V, D)
        float32 or float64.
    index : array of integers, shape (N,)
        The bags, one after another.
    offsets : array of integers, shape (B,)
        Where each bag begins: 0 first, none below the one before. The last bag goes to the end.
    mode : {'mean', 'sum', 'max'}
    per_sample_weights : array, shape (N,), optional
        What each row is multiplied by; with ``mode='sum'`` only.
    padding_idx : int, optional
        A row, in [0, V), whose indices count as absent.
    out : array, shape (B, D), optional

    Returns
    -------
    array, shape (B, D)
        Zeros for an empty bag.
    array of int64, shape (B, D)
        With ``mode='max'`` only: the rows of the greatest elements, the first of equals; -1 for
        an empty bag. NaN is greater than every number.

    Raises
    ------
    IndexError
        If an index is outside [0, V); `out` is undefined then.
    TypeError
        If `index` or `offsets` do not hold integers.
    ValueError
        If shapes do not fit, `offsets` do not ascend from 0 to at most N, or an option is not
        one of the above.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> table = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 4.0]])
    >>> kernels.embedding_bag(table, [0, 1, 2], [0, 2], mode="sum")
    array([[2., 4.],
           [4., 4.]])
    """
    cdef Call call = new_call()
    cdef ek_embedding_bag_problem problem
    cdef cnp.ndarray rows = input_of_rank(table, "table", &call, 2)
    cdef cnp.ndarray places = vector_of_integers(index, "index")
    cdef cnp.ndarray starts = vector_of_integers(offsets, "offsets")
    cdef cnp.ndarray best = None
    cdef int64_t shape[2]
    cdef int64_t *found = NULL
    cdef int status
    set_mode(&problem, mode)
    problem.rows, problem.width = cnp.PyArray_DIM(rows, 0), cnp.PyArray_DIM(rows, 1)
    problem.by_frequency = False
    set_bags(&problem, places, starts)
    set_padding(&problem, padding_idx)
    cdef cnp.ndarray weights = sample_weights(per_sample_weights, &problem, &call)
    cdef const void *factors = data_or_null(weights)
    shape[0], shape[1] = problem.bags, problem.width
    cdef cnp.ndarray y = output(out, 2, shape, call.type_number)
    for name, array in (("table", rows), ("index", places), ("offsets", starts)):
        forbid_overlap(out, array, name)
    if weights is not None:
        forbid_overlap(out, weights, "per_sample_weights")
    if problem.mode == EK_BAG_MAX:
        best = empty(2, shape, cnp.NPY_INT64)
        found = <int64_t *>cnp.PyArray_DATA(best)
    with nogil:
        status = api.embedding_bag(
            call.dtype, &problem, cnp.PyArray_DATA(rows),
            <const int64_t *>cnp.PyArray_DATA(places), <const int64_t *>cnp.PyArray_DATA(starts),
            factors, cnp.PyArray_DATA(y), found
        )
    if status == EK_BAD_INDEX:
        refuse(places, "index", 0, problem.rows)
    check(status, "embedding_bag")
    y = deliver(y, out)
    return y if best is None else (y, best)


def embedding_bag_grad(
    grad,
    index,
    offsets,
    num_embeddings,
    *,
    mode="mean",
    per_sample_weights=None,
    padding_idx=None,
    scale_grad_by_freq=False,
    best=None,
):
    """Gradient of the table of `embedding_bag`: for each row the sum over its uses.

    They are added in the order of their places, whatever the number of threads.

    Parameters
    ----------
    grad : array, shape (B, D)
    index, offsets, mode, per_sample_weights, padding_idx
        As `embedding_bag` was given them.
    num_embeddings : int
        V.
    scale_grad_by_freq : bool
        Divide the gradient of a row by the number of its uses; not with ``mode='max'``.
    best : array of int64, shape (B, D)
        What `embedding_bag` returned besides; with ``mode='max'`` only.

    Returns
    -------
    array, shape (V, D)

    Raises
    ------
    IndexError
        If an index is outside [0, V), or one of `best` outside [-1, V).
    TypeError
        If indices are no integers.
    ValueError
        As `embedding_bag`, and if `best` is missing or given for another mode.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.embedding_bag_grad(np.array([[1.0], [2.0]]), [0, 1, 1], [0, 2], 3, mode="sum")
    array([[1.],
           [3.],
           [0.]])
    """
    cdef Call call = new_call()
    cdef ek_embedding_bag_problem problem
    cdef ek_workspace_size size
    cdef Scratch scratch = Scratch()
    cdef cnp.ndarray g = input_of_rank(grad, "grad", &call, 2)
    cdef cnp.ndarray places = vector_of_integers(index, "index")
    cdef cnp.ndarray starts = vector_of_integers(offsets, "offsets")
    cdef cnp.ndarray chosen = None
    cdef const int64_t *found = NULL
    cdef int64_t shape[2]
    cdef int status
    set_mode(&problem, mode)
    problem.rows = integer(num_embeddings, "num_embeddings", 0)
    problem.width = cnp.PyArray_DIM(g, 1)
    problem.by_frequency = bool(scale_grad_by_freq)
    set_bags(&problem, places, starts)
    set_padding(&problem, padding_idx)
    cdef cnp.ndarray weights = sample_weights(per_sample_weights, &problem, &call)
    cdef const void *factors = data_or_null(weights)
    shape[0], shape[1] = problem.bags, problem.width
    expect_shape(g, "grad", 2, shape)
    if (best is None) == (problem.mode == EK_BAG_MAX):
        raise ValueError(
            f"best: expected the rows of the greatest elements with mode='max' only, got "
            f"{'none' if best is None else 'some'} with mode={mode!r}"
        )
    if best is not None:
        if problem.by_frequency:
            raise ValueError("scale_grad_by_freq: expected False with mode='max', got True")
        chosen = index_input(best, "best")
        expect_shape(chosen, "best", 2, shape)
        found = <const int64_t *>cnp.PyArray_DATA(chosen)
    shape[0] = problem.rows
    cdef cnp.ndarray table = empty(2, shape, call.type_number)
    check(api.embedding_bag_grad_workspace(call.dtype, &problem, &size), "embedding_bag_grad")
    scratch.reserve(size.best)
    with nogil:
        status = api.embedding_bag_grad(
            call.dtype, &problem, cnp.PyArray_DATA(g),
            <const int64_t *>cnp.PyArray_DATA(places), <const int64_t *>cnp.PyArray_DATA(starts),
            factors, found, cnp.PyArray_DATA(table), scratch.workspace
        )
    if status == EK_BAD_INDEX:
        if chosen is not None:
            refuse(chosen, "best", -1, problem.rows)
        refuse(places, "index", 0, problem.rows)
    check(status, "embedding_bag_grad")
    return table
