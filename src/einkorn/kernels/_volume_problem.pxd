"""Convolutions of volumes as their shapes and options describe them."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport Call

cdef struct Volumes:
    int64_t batch, in_channels, out_channels, groups
    int64_t in_size[3]
    int64_t out_size[3]
    int64_t kernel[3]
    int64_t stride[3]
    int64_t padding[3]
    int64_t dilation[3]

cdef tuple three(const int64_t *sizes)
cdef object extent(const Volumes *p, int i)
cdef int read_options(Volumes *p, object stride, object padding, object dilation,
                      object groups) except -1
cdef tuple read_shape(object value, str name)
cdef tuple shape_of(cnp.ndarray array)
cdef int set_conv(Volumes *p, tuple x, str x_name, tuple weight, str weight_name) except -1
cdef int set_conv_transpose(Volumes *p, tuple x, tuple weight, str weight_name,
                            object output_padding) except -1
cdef int set_conv_transpose_of_grad(Volumes *p, tuple grad, tuple weight,
                                    object output_padding) except -1
cdef tuple input_shape_of(const Volumes *p)
cdef tuple output_shape_of(const Volumes *p)
cdef int expect_volume(cnp.ndarray array, str name, tuple shape) except -1
cdef cnp.ndarray new_output(object out, tuple shape, Call *call)
