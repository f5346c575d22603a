"""Shapes and windows of pooling, checked; for the modules that call the kernels."""

cimport numpy as cnp
from libc.stdint cimport int64_t

cdef const int64_t *shape_of(cnp.ndarray array) noexcept
cdef int window(object kernel_size, object stride, object padding, int64_t *kernel, int64_t *step,
                int64_t *border) except -1
cdef int pooled_shape(const int64_t *kernel, const int64_t *step, const int64_t *border,
                      const int64_t *dilation, bint ceil_mode, const int64_t *full, str name,
                      int64_t *pooled) except -1
cdef int shape4(object shape, str name, int64_t *sizes) except -1
