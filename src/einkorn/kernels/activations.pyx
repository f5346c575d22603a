"""ReLU, sigmoid, tanh, leaky ReLU and ELU, with their gradients."""

from einkorn.kernels._arrays cimport real_number
from einkorn.kernels._core cimport api
from einkorn.kernels._pointwise cimport map_binary, map_binary_of_1, map_unary, map_unary_of_1


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
    return map_binary(api.relu_grad, grad, "grad", y, "y", out, "relu_grad")


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
    return map_binary(api.sigmoid_grad, grad, "grad", y, "y", out, "sigmoid_grad")


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
    return map_binary(api.tanh_grad, grad, "grad", y, "y", out, "tanh_grad")


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
