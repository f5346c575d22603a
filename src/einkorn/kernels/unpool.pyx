"""Values scattered to, and gathered from, the places in planes that max pooling remembers."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    expect_shape,
    forbid_overlap,
    index_input,
    input_of_rank,
    new_call,
    output,
    pair,
)
from einkorn.kernels._core cimport EK_BAD_INDEX, EK_OK, api, ek_dtype, ek_unpool_problem
from einkorn.kernels._pool_windows cimport shape4, shape_of

cnp.import_array()

ctypedef int (*UnpoolKernel)(
    ek_dtype, const ek_unpool_problem *, const void *, const int64_t *, void *
) noexcept nogil


cdef object bad_index(cnp.ndarray indices, int64_t size):
    """The error for the first index outside a plane of `size` elements."""
    position = tuple([int(i[0]) for i in np.nonzero((indices < 0) | (indices >= size))])
    return IndexError(
        f"indices: expected offsets from 0 to {size - 1} in the plane, "
        f"got {indices[position]} at {position}"
    )


cdef object unpool(UnpoolKernel kernel, Call *call, cnp.ndarray array, cnp.ndarray indices,
                   int64_t size, int64_t width, const int64_t *shape, object out, str name,
                   str where):
    """Runs a kernel between `array` and a result of `shape`, by offsets in planes of `size`.

    Those are rows of `width`.
    """
    cdef ek_unpool_problem problem
    cdef cnp.ndarray result = output(out, 4, shape, call.type_number)
    cdef int status
    forbid_overlap(out, array, name)
    forbid_overlap(out, indices, "indices")
    problem.planes = shape_of(indices)[0] * shape_of(indices)[1]
    problem.pooled = shape_of(indices)[2] * shape_of(indices)[3]
    problem.size = size
    problem.pooled_width, problem.width = shape_of(indices)[3], width
    with nogil:
        status = kernel(call.dtype, &problem, cnp.PyArray_DATA(array),
                        <const int64_t *>cnp.PyArray_DATA(indices), cnp.PyArray_DATA(result))
    if status == EK_BAD_INDEX:
        raise bad_index(indices, size)
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef cnp.ndarray plane_indices(object indices):
    cdef cnp.ndarray array = index_input(indices, "indices")
    if cnp.PyArray_NDIM(array) != 4:
        raise ValueError(f"indices: expected 4 dimensions, got shape {np.shape(indices)}")
    return array


cdef int64_t plane_size(const int64_t *shape, str name) except -1:
    if shape[2] != 0 and shape[3] > LARGEST / shape[2]:
        raise ValueError(f"{name}: planes of {shape[2]} x {shape[3]} are too large")
    return shape[2] * shape[3]


cdef int64_t LARGEST = 2**63 - 1


def max_pool2d_grad(grad, indices, input_shape, *, out=None):
    r"""Gradient of `max_pool2d`: each element goes where the maximum came from.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the values.
    indices : array of integers, shape (N, C, OH, OW)
        What `max_pool2d` returned. Where windows overlap, elements with equal indices add up.
    input_shape : tuple (N, C, H, W)
        Shape of the input of `max_pool2d`.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad` or `indices`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    IndexError
        If an index is not in [0, H * W).
    TypeError
        If `grad` is neither float32 nor float64, or `indices` are not integers.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad, indices = np.ones((1, 1, 1, 2)), np.full((1, 1, 1, 2), 2)
    >>> kernels.max_pool2d_grad(grad, indices, (1, 1, 2, 2))
    array([[[[0., 0.],
             [2., 0.]]]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef cnp.ndarray offsets = plane_indices(indices)
    cdef int64_t shape[4]
    expect_shape(offsets, "indices", 4, shape_of(gradient))
    shape4(input_shape, "input_shape", shape)
    if shape[0] != shape_of(gradient)[0] or shape[1] != shape_of(gradient)[1]:
        raise ValueError(
            f"input_shape: expected N, C as in grad of shape {np.shape(grad)}, got {input_shape!r}"
        )
    return unpool(api.max_pool2d_grad, &call, gradient, offsets, plane_size(shape, "input_shape"),
                  shape[3], shape, out, "grad", "max_pool2d_grad")


def max_unpool2d(x, indices, output_size, *, out=None):
    r"""Partial inverse of `max_pool2d`: each element goes where its index says, zeros elsewhere.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64.
    indices : array of integers, shape (N, C, H, W)
        Offsets in the planes of the result. Of elements with equal indices the last one, in
        row-major order, remains.
    output_size : int or pair of ints
        Height and width of the result.
    out : array, shape (N, C, OH, OW), optional
        Where to write the result; it must not overlap `x` or `indices`.

    Returns
    -------
    array, shape (N, C, OH, OW)

    Raises
    ------
    IndexError
        If an index is not in [0, OH * OW).
    TypeError
        If `x` is neither float32 nor float64, or `indices` are not integers.
    ValueError
        If shapes do not fit.

    References
    ----------
    M. Zeiler, G. Taylor and R. Fergus, "Adaptive deconvolutional networks for mid and high level
    feature learning", ICCV 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.max_unpool2d(np.full((1, 1, 1, 1), 5.0), np.full((1, 1, 1, 1), 3), 2)
    array([[[[0., 0.],
             [0., 5.]]]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray pooled = input_of_rank(x, "x", &call, 4)
    cdef cnp.ndarray offsets = plane_indices(indices)
    cdef int64_t shape[4]
    expect_shape(offsets, "indices", 4, shape_of(pooled))
    shape[0], shape[1] = shape_of(pooled)[0], shape_of(pooled)[1]
    pair(output_size, "output_size", 0, &shape[2], &shape[3])
    return unpool(api.max_unpool2d, &call, pooled, offsets, plane_size(shape, "output_size"),
                  shape[3], shape, out, "x", "max_unpool2d")


def max_unpool2d_grad(grad, indices, *, out=None):
    r"""Gradient of `max_unpool2d`: each element is read where it was written.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the output of `max_unpool2d`.
    indices : array of integers, shape (N, C, H, W)
        Those given to `max_unpool2d`; where some are equal, each element reads the same place.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad` or `indices`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    IndexError
        If an index is not in [0, OH * OW).
    TypeError
        If `grad` is neither float32 nor float64, or `indices` are not integers.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> kernels.max_unpool2d_grad(grad, np.full((1, 1, 1, 1), 3))
    array([[[[3.]]]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef cnp.ndarray offsets = plane_indices(indices)
    cdef const int64_t *full = shape_of(gradient)
    cdef const int64_t *shape = shape_of(offsets)
    if full[0] != shape[0] or full[1] != shape[1]:
        raise ValueError(
            f"indices: expected N, C as in grad of shape {np.shape(grad)}, "
            f"got shape {np.shape(indices)}"
        )
    return unpool(api.max_unpool2d_grad, &call, gradient, offsets, full[2] * full[3], full[3],
                  shape, out, "grad", "max_unpool2d_grad")
