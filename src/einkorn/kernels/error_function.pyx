"""The error function, and GELU, which is made of it."""

from libc.stdint cimport int64_t

from einkorn.kernels._core cimport api, ek_dtype
from einkorn.kernels._pointwise cimport BinaryKernel, map_binary, map_unary


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


cdef int exact_gelu(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil:
    return api.gelu(dtype, n, 0, x, y)


cdef int gelu_by_tanh(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil:
    return api.gelu(dtype, n, 1, x, y)


cdef int exact_gelu_grad(ek_dtype dtype, int64_t n, const void *grad, const void *x,
                         void *gx) noexcept nogil:
    return api.gelu_grad(dtype, n, 0, grad, x, gx)


cdef int gelu_grad_by_tanh(ek_dtype dtype, int64_t n, const void *grad, const void *x,
                           void *gx) noexcept nogil:
    return api.gelu_grad(dtype, n, 1, grad, x, gx)


cdef bint is_by_tanh(object approximate) except -1:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate: expected 'none' or 'tanh', got {approximate!r}")
    return approximate == "tanh"


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
    return map_unary(gelu_by_tanh if is_by_tanh(approximate) else exact_gelu, x, out, "gelu")


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
    cdef BinaryKernel kernel = gelu_grad_by_tanh if is_by_tanh(approximate) else exact_gelu_grad
    return map_binary(kernel, grad, "grad", x, "x", out, "gelu_grad")
