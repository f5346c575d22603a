"""Draws from distributions, by a generator that knows positions and no state."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    forbid_partial_overlap,
    input,
    integer,
    new_call,
    output,
)
from einkorn.kernels._core cimport EK_OK, api

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
