"""Calls of the kernels of convolution, for the modules of images, signals and volumes."""

from einkorn.kernels._arrays cimport Call, Scratch
from einkorn.kernels._core cimport ek_conv2d_problem, ek_conv_direction

cdef Scratch reserve(Call *call, const ek_conv2d_problem *p, ek_conv_direction direction, str where)
cdef object conv(int rank, object x, object weight, object bias, object stride, object padding,
                 object dilation, object groups, object activation, object algorithm,
                 object precision, object out)
cdef object conv_input_grad(int rank, object grad, object weight, object input_shape,
                            object stride, object padding, object dilation, object groups,
                            object algorithm, object precision, object out)
cdef object conv_weight_grad(int rank, object grad, object x, object weight_shape, object stride,
                             object padding, object dilation, object groups, object algorithm,
                             object precision, object out)
cdef object conv_transpose(int rank, object x, object weight, object bias, object stride,
                           object padding, object output_padding, object dilation, object groups,
                           object activation, object algorithm, object precision, object out)
cdef object conv_transpose_input_grad(int rank, object grad, object weight, object stride,
                                      object padding, object output_padding, object dilation,
                                      object groups, object algorithm, object precision,
                                      object out)
cdef object conv_transpose_weight_grad(int rank, object grad, object x, object weight_shape,
                                       object stride, object padding, object output_padding,
                                       object dilation, object groups, object algorithm,
                                       object precision, object out)
