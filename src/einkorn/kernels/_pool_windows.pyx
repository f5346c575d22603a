"""Shapes and windows of pooling, checked; for the modules that call the kernels."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport integer, pair
from einkorn.kernels._core cimport ek_pool_output_size

cnp.import_array()


cdef const int64_t *shape_of(cnp.ndarray array) noexcept:
    return <const int64_t *>cnp.PyArray_DIMS(array)


cdef int window(object kernel_size, object stride, object padding, int64_t *kernel, int64_t *step,
                int64_t *border) except -1:
    """Reads the options of a window; without a stride the windows lie side by side."""
    cdef int i
    pair(kernel_size, "kernel_size", 1, &kernel[0], &kernel[1])
    if stride is None:
        step[0], step[1] = kernel[0], kernel[1]
    else:
        pair(stride, "stride", 1, &step[0], &step[1])
    pair(padding, "padding", 0, &border[0], &border[1])
    for i in range(2):
        if border[i] > kernel[i] / 2:
            raise ValueError(
                f"padding: expected at most half of kernel_size {kernel_size!r}, got {padding!r}"
            )
    return 0


cdef int pooled_shape(const int64_t *kernel, const int64_t *step, const int64_t *border,
                      const int64_t *dilation, bint ceil_mode, const int64_t *full, str name,
                      int64_t *pooled) except -1:
    """The shape after pooling of an array of shape `full`, which the argument `name` gives."""
    cdef int i
    pooled[0], pooled[1] = full[0], full[1]
    for i in range(2):
        pooled[2 + i] = ek_pool_output_size(
            full[2 + i], kernel[i], step[i], border[i], dilation[i], ceil_mode
        )
        if pooled[2 + i] < 1:
            raise ValueError(
                f"{name}: expected an image that holds a window of kernel_size "
                f"{(kernel[0], kernel[1])} and dilation {(dilation[0], dilation[1])} within its "
                f"padding {(border[0], border[1])}, got shape {tuple([full[j] for j in range(4)])}"
            )
    return 0


cdef int shape4(object shape, str name, int64_t *sizes) except -1:
    cdef int i
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{name}: expected a tuple (N, C, H, W), got {shape!r}")
    if len(shape) != 4:
        raise ValueError(f"{name}: expected a tuple (N, C, H, W), got {shape!r}")
    for i in range(4):
        sizes[i] = integer(shape[i], name, 0)
    return 0
