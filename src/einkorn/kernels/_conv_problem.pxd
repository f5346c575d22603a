"""Shapes and options of convolutions, checked; for the modules that call the kernels."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._core cimport ek_conv2d_problem

cdef int spatial(object value, str name, int rank, int64_t lowest, int64_t missing,
                 int64_t *sizes) except -1
cdef int set_options(ek_conv2d_problem *p, int rank, object stride, object padding,
                     object dilation, object groups, object algorithm, object precision) except -1
cdef int read_shape(object value, str name, int rank, int64_t *shape) except -1
cdef const int64_t *shape_of(cnp.ndarray array) noexcept
cdef int set_sizes(int rank, const int64_t *shape, int64_t *sizes) noexcept
cdef int image_shape(int rank, int64_t batch, int64_t channels, const int64_t *sizes,
                     int64_t *shape) noexcept
cdef int expect_some(const int64_t *shape, int begin, int end, str name) except -1
cdef int set_conv(ek_conv2d_problem *p, int rank, const int64_t *x, str x_name,
                  const int64_t *weight, str weight_name) except -1
cdef int set_conv_transpose(ek_conv2d_problem *p, int rank, const int64_t *x,
                            const int64_t *weight, str weight_name, object padding) except -1
cdef int set_conv_transpose_of_grad(ek_conv2d_problem *p, int rank, const int64_t *grad,
                                    const int64_t *weight, object padding) except -1
cdef int expect_image(cnp.ndarray array, str name, int rank, int64_t batch, int64_t channels,
                      const int64_t *sizes) except -1
cdef int64_t multiply(int64_t a, int64_t b, str name) except -1
cdef int set_windows(ek_conv2d_problem *p, object kernel_size, object stride, object padding,
                     object dilation) except -1
cdef int columns_shape(ek_conv2d_problem *p, int64_t *shape) except -1
