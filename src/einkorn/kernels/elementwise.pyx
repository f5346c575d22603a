"""Activations with their gradients, and dropout: one element in, one element out."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t, uint8_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_partial_overlap,
    input,
    integer,
    new_call,
    output,
    real_number,
)
from einkorn.kernels._core cimport EK_OK, api, ek_dtype

cnp.import_array()

ctypedef int (*UnaryKernel)(ek_dtype, int64_t, const void *, void *) noexcept nogil
ctypedef int (*BinaryKernel)(ek_dtype, int64_t, const void *, const void *, void *) noexcept nogil
ctypedef int (*UnaryKernelOf1)(ek_dtype, int64_t, double, const void *, void *) noexcept nogil
ctypedef int (*BinaryKernelOf1)(
    ek_dtype, int64_t, double, const void *, const void *, void *
) noexcept nogil


cdef cnp.ndarray output_like(object out, cnp.ndarray array):
    return output(out, cnp.PyArray_NDIM(array), <const int64_t *>cnp.PyArray_DIMS(array),
                  cnp.PyArray_TYPE(array))


cdef int expect_shape_of(cnp.ndarray array, str name, cnp.ndarray other) except -1:
    return expect_shape(array, name, cnp.PyArray_NDIM(other),
                        <const int64_t *>cnp.PyArray_DIMS(other))


cdef object map_unary(UnaryKernel kernel, object x, object out, str where):
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray result = output_like(out, operand)
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = kernel(call.dtype, n, cnp.PyArray_DATA(operand), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef object map_unary_of_1(UnaryKernelOf1 kernel, double parameter, object x, object out,
                           str where):
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray result = output_like(out, operand)
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = kernel(call.dtype, n, parameter, cnp.PyArray_DATA(operand),
                        cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef object map_binary(BinaryKernel kernel, object grad, object y, object out, str where):
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input(grad, "grad", &call)
    cdef cnp.ndarray operand = input(y, "y", &call)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    expect_shape_of(gradient, "grad", operand)
    result = output_like(out, operand)
    forbid_partial_overlap(out, gradient, "grad")
    forbid_partial_overlap(out, operand, "y")
    with nogil:
        status = kernel(call.dtype, n, cnp.PyArray_DATA(gradient), cnp.PyArray_DATA(operand),
                        cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef object map_binary_of_1(BinaryKernelOf1 kernel, double parameter, object grad, object x,
                            str where):
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input(grad, "grad", &call)
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    expect_shape_of(gradient, "grad", operand)
    result = output_like(None, operand)
    with nogil:
        status = kernel(call.dtype, n, parameter, cnp.PyArray_DATA(gradient),
                        cnp.PyArray_DATA(operand), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, where)
    return result


def relu(x, *, out=None):
    r"""Rectified linear unit, :math:`y = \max(0, x)`; NaN stays NaN.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    References
    ----------
    V. Nair and G. Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML
    2010.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.relu(np.array([-1.0, 2.0, np.nan]))
    array([ 0.,  2., nan])
    """
    return map_unary(api.relu, x, out, "relu")


def relu_grad(grad, y, *, out=None):
    r"""Gradient of `relu`: :math:`g` where :math:`y > 0`, 0 elsewhere; passed on where y is NaN.

    Parameters
    ----------
    grad : array, shape of `y`
        Gradient of the loss by the output.
    y : array
        The output of `relu`.
    out : array, shape of `y`, optional
        Where to write the result; may be `grad` or `y` itself, but must not overlap them
        otherwise.

    Returns
    -------
    array, shape of `y`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.relu_grad(np.array([5.0, 5.0]), np.array([0.0, 2.0]))
    array([0., 5.])
    """
    return map_binary(api.relu_grad, grad, y, out, "relu_grad")


def sigmoid(x, *, out=None):
    r"""Logistic function, :math:`y = 1 / (1 + e^{-x})`.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.sigmoid(np.array([-np.inf, 0.0, np.inf]))
    array([0. , 0.5, 1. ])
    """
    return map_unary(api.sigmoid, x, out, "sigmoid")


def sigmoid_grad(grad, y, *, out=None):
    r"""Gradient of `sigmoid`, :math:`g\, (1 - y)\, y`.

    Parameters
    ----------
    grad : array, shape of `y`
        Gradient of the loss by the output.
    y : array
        The output of `sigmoid`.
    out : array, shape of `y`, optional
        Where to write the result; may be `grad` or `y` itself, but must not overlap them
        otherwise.

    Returns
    -------
    array, shape of `y`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.sigmoid_grad(np.array([4.0]), np.array([0.5]))
    array([1.])
    """
    return map_binary(api.sigmoid_grad, grad, y, out, "sigmoid_grad")


def tanh(x, *, out=None):
    r"""Hyperbolic tangent, :math:`y = \tanh x`.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.tanh(np.array([-np.inf, 0.0, 1.0])).round(4)
    array([-1.    ,  0.    ,  0.7616])
    """
    return map_unary(api.tanh, x, out, "tanh")


def tanh_grad(grad, y, *, out=None):
    r"""Gradient of `tanh`, :math:`g\, (1 - y^2)`.

    Parameters
    ----------
    grad : array, shape of `y`
        Gradient of the loss by the output.
    y : array
        The output of `tanh`.
    out : array, shape of `y`, optional
        Where to write the result; may be `grad` or `y` itself, but must not overlap them
        otherwise.

    Returns
    -------
    array, shape of `y`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.tanh_grad(np.array([4.0]), np.array([0.5]))
    array([3.])
    """
    return map_binary(api.tanh_grad, grad, y, out, "tanh_grad")


def leaky_relu(x, negative_slope=0.01, *, out=None):
    r"""Leaky rectified linear unit: :math:`y = x` where :math:`x > 0`, :math:`a x` elsewhere.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    negative_slope : float
        Slope :math:`a` where `x` is not positive.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    References
    ----------
    A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network acoustic models",
    ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.leaky_relu(np.array([-1.0, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    cdef double slope = real_number(negative_slope, "negative_slope")
    return map_unary_of_1(api.leaky_relu, slope, x, out, "leaky_relu")


def leaky_relu_grad(grad, x, negative_slope):
    r"""Gradient of `leaky_relu`: :math:`g` where :math:`x > 0`, :math:`a g` elsewhere.

    Parameters
    ----------
    grad : array, shape of `x`
        Gradient of the loss by the output.
    x : array
        The input of `leaky_relu`.
    negative_slope : float
        Slope :math:`a` where `x` is not positive.

    Returns
    -------
    array, shape of `x`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.leaky_relu_grad(np.array([1.0, 1.0]), np.array([-3.0, 2.0]), 0.5)
    array([0.5, 1. ])
    """
    cdef double slope = real_number(negative_slope, "negative_slope")
    return map_binary_of_1(api.leaky_relu_grad, slope, grad, x, "leaky_relu_grad")


def elu(x, alpha=1.0, *, out=None):
    r"""Exponential linear unit: :math:`y = x` where :math:`x > 0`, :math:`\alpha (e^x - 1)` below.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    alpha : float
        Scale :math:`\alpha` of the negative part.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by
    exponential linear units (ELUs)", ICLR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.elu(np.array([-np.inf, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    return map_unary_of_1(api.elu, real_number(alpha, "alpha"), x, out, "elu")


def elu_grad(grad, x, alpha):
    r"""Gradient of `elu`: :math:`g` where :math:`x > 0`, :math:`g \alpha e^x` elsewhere.

    Parameters
    ----------
    grad : array, shape of `x`
        Gradient of the loss by the output.
    x : array
        The input of `elu`.
    alpha : float
        Scale :math:`\alpha` of the negative part.

    Returns
    -------
    array, shape of `x`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.elu_grad(np.array([1.0, 1.0]), np.array([0.0, 2.0]), 0.5)
    array([0.5, 1. ])
    """
    return map_binary_of_1(api.elu_grad, real_number(alpha, "alpha"), grad, x, "elu_grad")


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
