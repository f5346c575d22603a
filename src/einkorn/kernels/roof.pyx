"""What the machine can do at best; for benchmarks, so no part of the package's public names."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    empty,
    empty_like,
    input,
    integer,
    new_call,
)
from einkorn.kernels._core cimport EK_F32, EK_OK, api

cnp.import_array()


def fused_multiply_adds(tasks, repeats):
    """Do float32 multiply-adds at the highest rate that the instruction set in use allows.

    Parameters
    ----------
    tasks : int
        Pieces of work, which the threads share.
    repeats : int
        How often a task runs over its registers: a ← a / 2 + 1.

    Returns
    -------
    flops : int
        Operations done, two for each multiply-add.
    means : array, shape (tasks,)
        Mean of each task's registers, which tends to 2.

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer from 0 on.

    Examples
    --------
    >>> flops, means = fused_multiply_adds(2, 100)
    >>> means
    array([2., 2.], dtype=float32)
    """
    cdef int64_t count = integer(tasks, "tasks", 0), rounds = integer(repeats, "repeats", 0)
    cdef int64_t flops = 0
    cdef cnp.ndarray means = empty(1, &count, cnp.NPY_FLOAT32)
    cdef int status
    with nogil:
        status = api.roof_fma(EK_F32, count, rounds, cnp.PyArray_DATA(means), &flops)
    if status != EK_OK:
        check(status, "fused_multiply_adds")
    return flops, means


def copy(x, *, bint streamed=True):
    """Copy an array as fast as the memory goes.

    Parameters
    ----------
    x : array, float32 or float64
    streamed : bool
        Whether to write past the caches, which spares the memory a read of what is written; a
        single thread may be faster without.

    Returns
    -------
    array like `x`

    Raises
    ------
    TypeError, ValueError
        If `x` is no array of floats.

    Examples
    --------
    >>> import numpy as np
    >>> copy(np.arange(3.0))
    array([0., 1., 2.])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray source = input(x, "x", &call)
    cdef cnp.ndarray target = empty_like(source)
    cdef int64_t n = cnp.PyArray_SIZE(source)
    cdef int status
    with nogil:
        status = api.roof_copy(call.dtype, n, streamed, cnp.PyArray_DATA(source),
                               cnp.PyArray_DATA(target))
    if status != EK_OK:
        check(status, "copy")
    return target
