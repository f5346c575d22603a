"""Activations with their gradients, and dropout: one element in, one element out."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport INT64_MIN, int64_t, uint8_t

from einkorn.kernels._arrays cimport (
    Call,
    activation_code,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    forbid_partial_overlap,
    input,
    integer,
    new_call,
    output,
    real_number,
)
from einkorn.kernels._core cimport EK_OK, api, ek_bias_activation_problem, ek_dtype

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


def erf(x, *, out=None):
    r"""Error function, :math:`y = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`
        Within 4 units in the last place.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    References
    ----------
    M. Abramowitz and I. Stegun, "Handbook of mathematical functions", 1964, 7.1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.erf(np.array([-np.inf, 0.0, 1.0])).round(4)
    array([-1.    ,  0.    ,  0.8427])
    """
    return map_unary(api.erf, x, out, "erf")


def erfc(x, *, out=None):
    r"""Complementary error function, :math:`y = 1 - \operatorname{erf} x`.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    out : array, shape of `x`, optional
        Where to write the result; may be `x` itself, but must not overlap it otherwise.

    Returns
    -------
    array, shape of `x`
        Within 16 units in the last place, also where it is small; 0 where it would be denormal.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `out` is not an array of its dtype.
    ValueError
        If `out` has another shape or overlaps `x` in part.

    References
    ----------
    M. Abramowitz and I. Stegun, "Handbook of mathematical functions", 1964, 7.1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.erfc(np.array([-np.inf, 0.0, 1.0])).round(4)
    array([2.    , 1.    , 0.1573])
    """
    return map_unary(api.erfc, x, out, "erfc")


cdef int gelu_form(object approximate) except -1:
    """1 for the form by tanh, 0 for the exact one."""
    if approximate == "none":
        return 0
    if approximate == "tanh":
        return 1
    raise ValueError(f"approximate: expected 'none' or 'tanh', got {approximate!r}")


def gelu(x, approximate="none", *, out=None):
    r"""Gaussian error linear unit, :math:`y = x \Phi(x)`.

    :math:`\Phi` is the distribution function of the standard normal distribution. Its tail keeps
    its relative accuracy, unlike :math:`(1 + \mathrm{erf}(x / \sqrt 2)) / 2` as it stands.

    Parameters
    ----------
    x : array
        float32 or float64, any shape.
    approximate : {"none", "tanh"}
        With "tanh", :math:`y = x (1 + \tanh(\sqrt{2 / \pi} (x + 0.044715 x^3))) / 2`.
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
        If `approximate` is neither, or `out` has another shape or overlaps `x` in part.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.gelu(np.array([-1.0, 0.0, 2.0])).round(4)
    array([-0.1587,  0.    ,  1.9545])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef int by_tanh = gelu_form(approximate)
    cdef cnp.ndarray result = output_like(out, operand)
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = api.gelu(call.dtype, n, by_tanh, cnp.PyArray_DATA(operand),
                          cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "gelu")
    return deliver(result, out)


def gelu_grad(grad, x, approximate="none", *, out=None):
    r"""Gradient of `gelu`: :math:`g (\Phi(x) + x \varphi(x))`, or that of its form by tanh.

    Parameters
    ----------
    grad : array, shape of `x`
        Gradient of the loss by the output.
    x : array
        The input of `gelu`.
    approximate : {"none", "tanh"}
        That of the forward pass.
    out : array, shape of `x`, optional
        Where to write the result; may be `grad` or `x` itself, but must not overlap them
        otherwise.

    Returns
    -------
    array, shape of `x`
        Gradient of the loss by the input.

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, or the dtypes differ.
    ValueError
        If `approximate` is neither, the shapes differ, or `out` overlaps an operand in part.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.gelu_grad(np.array([2.0, 2.0]), np.array([0.0, 40.0]))
    array([1., 2.])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input(grad, "grad", &call)
    cdef cnp.ndarray operand = input(x, "x", &call)
    cdef int by_tanh = gelu_form(approximate)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(operand)
    cdef int status
    expect_shape_of(gradient, "grad", operand)
    result = output_like(out, operand)
    forbid_partial_overlap(out, gradient, "grad")
    forbid_partial_overlap(out, operand, "x")
    with nogil:
        status = api.gelu_grad(call.dtype, n, by_tanh, cnp.PyArray_DATA(gradient),
                               cnp.PyArray_DATA(operand), cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "gelu_grad")
    return deliver(result, out)


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
    cdef Call call = new_call()
    cdef cnp.ndarray first = input(x, "x", &call)
    cdef cnp.ndarray second = input(y, "y", &call)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(first)
    cdef int status
    expect_shape_of(second, "y", first)
    result = output_like(out, first)
    forbid_partial_overlap(out, first, "x")
    forbid_partial_overlap(out, second, "y")
    with nogil:
        status = api.add_relu(call.dtype, n, cnp.PyArray_DATA(first), cnp.PyArray_DATA(second),
                              cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "add_relu")
    return deliver(result, out)


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
