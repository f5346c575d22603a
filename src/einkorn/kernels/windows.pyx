"""Largest elements of windows that lie anywhere, as those of adaptive and fractional pooling do."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    index_input,
    input_of_rank,
    new_call,
    output,
)
from einkorn.kernels._core cimport (
    EK_BAD_ARGUMENT,
    api,
    ek_span_pool_problem,
)

import numpy as np

cnp.import_array()


def span_max_pool(x, spans, output_size, *, out=None):
    """Largest element of every box, and where it lies.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
        float32 or float64.
    spans : array of integers, shape (N * C, OD + OH + OW, 2) or (1, OD + OH + OW, 2)
        Where the boxes begin and end along the depth, the height and the width, for each plane
        or for all of them.
    output_size : tuple (OD, OH, OW)
    out : array, shape (N, C, OD, OH, OW), optional
        Where to write the values; it must not overlap `x`.

    Returns
    -------
    values : array, shape (N, C, OD, OH, OW)
    indices : array of int64, shape (N, C, OD, OH, OW)
        Offsets in the volume. The first of equals wins, and a NaN is larger than every number.

    Raises
    ------
    TypeError, ValueError
        If a dtype or a shape does not fit, or a box is empty or leaves the volume.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn.kernels.windows import span_max_pool
    >>> x = np.array([1.0, 3.0, 2.0]).reshape(1, 1, 1, 1, 3)
    >>> values, indices = span_max_pool(x, [[[0, 1], [0, 1], [1, 3]]], (1, 1, 1))
    >>> values.item(), indices.item()
    (3.0, 1)
    """
    cdef Call call = new_call()
    cdef ek_span_pool_problem problem
    cdef cnp.ndarray volume = input_of_rank(x, "x", &call, 5)
    cdef cnp.ndarray boxes = index_input(spans, "spans")
    cdef cnp.ndarray values, indices
    cdef int64_t shape[5]
    cdef int64_t expected[3]
    cdef int i, status
    for i in range(5):
        shape[i] = cnp.PyArray_DIM(volume, i)
    problem.planes = shape[0] * shape[1]
    for i in range(3):
        problem.input[i] = shape[2 + i]
        problem.output[i] = shape[2 + i] = output_size[i]
    problem.spans_per_plane = cnp.PyArray_NDIM(boxes) == 3 and cnp.PyArray_DIM(boxes, 0) != 1
    expected[0] = problem.planes if problem.spans_per_plane else 1
    expected[1] = shape[2] + shape[3] + shape[4]
    expected[2] = 2
    expect_shape(boxes, "spans", 3, expected)
    values = output(out, 5, shape, call.type_number)
    forbid_overlap(out, volume, "x")
    indices = empty(5, shape, cnp.NPY_INT64)
    with nogil:
        status = api.span_max_pool(call.dtype, &problem, cnp.PyArray_DATA(volume),
                                   <const int64_t *>cnp.PyArray_DATA(boxes),
                                   cnp.PyArray_DATA(values), <int64_t *>cnp.PyArray_DATA(indices))
    if status == EK_BAD_ARGUMENT:
        raise ValueError(
            f"spans: expected boxes with elements within {np.shape(x)[2:]}, got others"
        )
    check(status, "span_max_pool")
    return deliver(values, out), indices
