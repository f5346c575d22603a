"""How bindings call kernels that take each element by itself."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._core cimport ek_dtype

ctypedef int (*UnaryKernel)(ek_dtype, int64_t, const void *, void *) noexcept nogil
ctypedef int (*BinaryKernel)(ek_dtype, int64_t, const void *, const void *, void *) noexcept nogil
ctypedef int (*UnaryKernelOf1)(ek_dtype, int64_t, double, const void *, void *) noexcept nogil
ctypedef int (*BinaryKernelOf1)(
    ek_dtype, int64_t, double, const void *, const void *, void *
) noexcept nogil

# Of an operand, of one and a number, of two and of two and a number; `where` names the function,
# and the arguments bear its names for them.
cdef object map_unary(UnaryKernel kernel, object x, object out, str where)
cdef object map_unary_of_1(UnaryKernelOf1 kernel, double parameter, object x, object out,
                           str where)
cdef object map_binary(BinaryKernel kernel, object a, str a_name, object b, str b_name, object out,
                       str where)
cdef object map_binary_of_1(BinaryKernelOf1 kernel, double parameter, object grad, object x,
                            str where)

# `out`, or a new array, of the shape and dtype of `array`.
cdef cnp.ndarray output_like(object out, cnp.ndarray array)
cdef int expect_shape_of(cnp.ndarray array, str name, cnp.ndarray other) except -1
