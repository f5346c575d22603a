"""What ends a layer in one pass: a bias or a second operand, and the activation."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport INT64_MIN, int64_t

from einkorn.kernels._arrays cimport (
    Call,
    activation_code,
    check,
    deliver,
    expect_shape,
    forbid_overlap,
    forbid_partial_overlap,
    input,
    integer,
    new_call,
)
from einkorn.kernels._core cimport EK_OK, api, ek_bias_activation_problem
from einkorn.kernels._pointwise cimport map_binary, output_like

cnp.import_array()


def add_relu(x, y, *, out=None):
    r"""Rectified sum, :math:`\max(0, x + y)`: what ends a residual block. NaN stays NaN.

    The gradient by either operand is ``relu_grad(grad, result)``.

    Parameters
    ----------
    x, y : array
        float32 or float64, of one shape and dtype.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` or `y` itself, but must not overlap them otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.add_relu(np.array([1.0, 1.0]), np.array([2.0, -3.0]))
    array([3., 0.])
    """
    return map_binary(api.add_relu, x, "x", y, "y", out, "add_relu")


def bias_activation(x, bias, activation=None, *, axis=1, out=None):
    r"""Add a bias along one axis, and apply an activation: :math:`y = f(x + b)`.

    Parameters
    ----------
    x : array
        float32 or float64, such as a matrix (N, C) or images (N, C, H, W).
    bias : array, shape (C,)
        One number for each index of `axis`.
    activation : {None, "relu", "sigmoid", "tanh"}
        The function :math:`f`; None is the identity.
    axis : int
        The axis of `x` that the bias belongs to; negative counts from the end.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If `bias` does not fit, `axis` or `activation` does not exist, or `out` overlaps an operand.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.bias_activation(np.zeros((1, 2)), np.array([-1.0, 1.0]), "relu")
    array([[0., 1.]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray shift = input(bias, "bias", &call)
    cdef cnp.ndarray result
    cdef ek_bias_activation_problem problem
    cdef int rank = cnp.PyArray_NDIM(operand)
    cdef int64_t at = integer(axis, "axis", INT64_MIN)
    cdef int status
    cdef int i
    if not -rank <= at < rank:
        raise ValueError(f"axis: expected an axis of shape {np.shape(x)}, got {axis!r}")
    at = at % rank + (rank if at % rank < 0 else 0)
    problem.activation = activation_code(activation)
    problem.outer = problem.inner = 1
    problem.channels = cnp.PyArray_DIM(operand, <int>at)
    for i in range(rank):
        if i < at:
            problem.outer *= cnp.PyArray_DIM(operand, i)
        elif i > at:
            problem.inner *= cnp.PyArray_DIM(operand, i)
    expect_shape(shift, "bias", 1, &problem.channels)
    result = output_like(out, operand)
    forbid_partial_overlap(out, operand, "x")
    forbid_overlap(out, shift, "bias")
    with nogil:
        status = api.bias_activation(call.dtype, &problem, cnp.PyArray_DATA(operand),
                                     cnp.PyArray_DATA(shift), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "bias_activation")
    return deliver(result, out)
