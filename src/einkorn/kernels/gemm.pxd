"""The affine map for compiled operators, without the cost of a call from Python."""

from einkorn.kernels._core cimport ek_activation

# `linear` and `linear_grad`.
cdef object affine(object x, object weight, object bias, ek_activation activation, object out)
cdef tuple affine_gradients(object grad, object x, object weight, bint needs_x, bint needs_weight,
                            bint needs_bias)
