"""The same elements in other places: copies of arrays of any strides."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    copy_elements,
    deliver,
    forbid_overlap,
    new_call,
    output,
    strided_input,
)

cnp.import_array()


def copy(x, *, out=None):
    """Copy an array of any strides into a contiguous one.

    Transposed and permuted arrays, slices with steps, reversed and broadcast arrays are read in
    the order that their memory has, several elements at a time.

    Parameters
    ----------
    x : array
        float32 or float64, any shape and strides.
    out : array, shape of `x`, optional
        Where to write the result; must not overlap `x`.

    Returns
    -------
    array, shape of `x`
        C-contiguous.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.copy(np.array([[1.0, 2.0], [3.0, 4.0]]).T)
    array([[1., 3.],
           [2., 4.]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray source = strided_input(x, "x", &call)
    cdef cnp.ndarray result = output(
        out, cnp.PyArray_NDIM(source), <const int64_t *>cnp.PyArray_DIMS(source), call.type_number
    )
    forbid_overlap(out, source, "x")
    copy_elements(result, source, "x")
    return deliver(result, out)
