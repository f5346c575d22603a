"""How bindings call kernels that take each element by itself: checks, results, status."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    expect_shape,
    forbid_partial_overlap,
    input,
    new_call,
    output,
)
from einkorn.kernels._core cimport EK_OK

cnp.import_array()


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


cdef object map_binary(BinaryKernel kernel, object a, str a_name, object b, str b_name, object out,
                       str where):
    cdef Call call = new_call()
    cdef cnp.ndarray first = input(a, a_name, &call)
    cdef cnp.ndarray second = input(b, b_name, &call)
    cdef cnp.ndarray result
    cdef int64_t n = cnp.PyArray_SIZE(first)
    cdef int status
    expect_shape_of(first, a_name, second)
    result = output_like(out, first)
    forbid_partial_overlap(out, first, a_name)
    forbid_partial_overlap(out, second, b_name)
    with nogil:
        status = kernel(call.dtype, n, cnp.PyArray_DATA(first), cnp.PyArray_DATA(second),
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
