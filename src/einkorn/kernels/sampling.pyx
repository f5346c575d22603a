"""Draws from distributions, and dropout, by a generator that knows positions and no state."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t, uint8_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty,
    forbid_partial_overlap,
    input,
    integer,
    new_call,
    output,
    real_number,
)
from einkorn.kernels._core cimport EK_OK, api
from einkorn.kernels._pointwise cimport expect_shape_of, output_like

cnp.import_array()


def bernoulli(p, seed, *, out=None):
    r"""1 with the probabilities `p`, else 0: :math:`y = [u < p]`, :math:`u` uniform in [0, 1).

    What an element is compared with is a function of `seed` and its position alone: it depends
    neither on the dtype nor on the number of threads nor on the instruction set.

    Parameters
    ----------
    p : array
        float32 or float64, any shape. Up to 0 gives 0, from 1 on gives 1, and NaN stays NaN. In
        between, the chance is `p` rounded up to a multiple of :math:`2^{-24}`.
    seed : int
        From 0 to 2**63 - 1. Calls that shall be independent need different seeds.
    out : array, shape of `p`, optional
        Where to write the result; may be `p` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape and dtype of `p`

    Raises
    ------
    TypeError
        If `p` is neither float32 nor float64, or `seed` is not an int.
    ValueError
        If `seed` is out of range, or `out` does not fit.

    References
    ----------
    The random bits are those of Philox-4x32-10: J. Salmon, M. Moraes, R. Dror and D. Shaw,
    "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.bernoulli(np.array([0.0, 1.0, 0.0]), seed=1)
    array([0., 1., 0.])
    >>> round(float(kernels.bernoulli(np.full(10_000, 0.3), seed=2).mean()), 1)
    0.3
    """
    cdef Call call = new_call()
    cdef cnp.ndarray chances = input(p, "p", &call)
    cdef int64_t key = integer(seed, "seed", 0)
    cdef cnp.ndarray result = output(out, cnp.PyArray_NDIM(chances),
                                     <const int64_t *>cnp.PyArray_DIMS(chances),
                                     cnp.PyArray_TYPE(chances))
    cdef int64_t n = cnp.PyArray_SIZE(chances)
    cdef int status
    forbid_partial_overlap(out, chances, "p")
    with nogil:
        status = api.bernoulli(call.dtype, n, key, cnp.PyArray_DATA(chances),
                               cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "bernoulli")
    return deliver(result, out)


cdef double probability(object p) except? -1:
    cdef double value = real_number(p, "p")
    if not 0 <= value <= 1:
        raise ValueError(f"p: expected a probability from 0 to 1, got {p!r}")
    return value


def dropout(x, p, seed, *, out=None):
    r"""Drop each element with probability `p` and scale what is kept by :math:`1 / (1 - p)`.

    What happens to an element is a function of `seed` and its position alone: it depends neither on
    the dtype nor on the number of threads nor on the instruction set.

    Parameters
    ----------
    x : array
        float32 or float64, any shape. Dropped elements become 0, NaN and infinity included.
    p : float
        Probability of an element to be dropped, from 0 to 1.
    seed : int
        From 0 to 2**63 - 1. Calls that shall be independent need different seeds.
    out : array, shape of `x`, optional
        Where to write y; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    y : array, shape of `x`
    mask : array of bool, shape of `x`
        True where the element was kept; `dropout_grad` wants it.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `seed` is not an int.
    ValueError
        If `p` or `seed` is out of range, or `out` does not fit.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple
    way to prevent neural networks from overfitting", JMLR 15, 2014. The random bits are those of
    Philox-4x32-10: J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy as
    1, 2, 3", SC 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> y, mask = kernels.dropout(np.ones(1000), 0.5, seed=1)
    >>> bool(np.all(y == 2 * mask)), round(float(mask.mean()), 1)
    (True, 0.5)
    """
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef double rate = probability(p)
    cdef int64_t key = integer(seed, "seed", 0)
    cdef cnp.ndarray result = output_like(out, operand)
    cdef cnp.ndarray mask = empty(
        cnp.PyArray_NDIM(operand), <const int64_t *>cnp.PyArray_DIMS(operand), cnp.NPY_BOOL
    )
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = api.dropout(call.dtype, n, rate, key, cnp.PyArray_DATA(operand),
                             cnp.PyArray_DATA(result), <uint8_t *>cnp.PyArray_DATA(mask))
    if status != EK_OK:
        check(status, "dropout")
    return deliver(result, out), mask


def dropout_grad(grad, mask, p):
    r"""Gradient of `dropout`: :math:`g / (1 - p)` where the element was kept, 0 elsewhere.

    Parameters
    ----------
    grad : array
        Gradient of the loss by the output of `dropout`.
    mask : array of bool or uint8, shape of `grad`
        What `dropout` returned; elements other than 0 were kept.
    p : float
        Probability of an element to be dropped, from 0 to 1.

    Returns
    -------
    array, shape of `grad`

    Raises
    ------
    TypeError
        If `grad` is neither float32 nor float64, or `mask` neither bool nor uint8.
    ValueError
        If the shapes differ, or `p` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.dropout_grad(np.ones(2), np.array([True, False]), 0.5)
    array([2., 0.])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input(grad, "grad", &call)
    cdef cnp.ndarray kept = mask_input(mask)
    cdef double rate = probability(p)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(gradient)
    cdef int status
    expect_shape_of(kept, "mask", gradient)
    result = output_like(None, gradient)
    with nogil:
        status = api.dropout_grad(call.dtype, n, rate, cnp.PyArray_DATA(gradient),
                                  <const uint8_t *>cnp.PyArray_DATA(kept),
                                  cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "dropout_grad")
    return result


cdef cnp.ndarray mask_input(object mask):
    cdef cnp.ndarray array = np.asarray(mask)
    if cnp.PyArray_TYPE(array) != cnp.NPY_BOOL and cnp.PyArray_TYPE(array) != cnp.NPY_UINT8:
        raise TypeError(f"mask: expected an array of bool or uint8, got {array.dtype}")
    if not cnp.PyArray_ISCARRAY_RO(array):
        return np.ascontiguousarray(array)
    return array
