"""Convolutions of volumes by kernels of images, for the module that calls them."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport Call
from einkorn.kernels._volume_problem cimport Volumes

cdef bint is_flat(const Volumes *p) noexcept
cdef bint is_point(const Volumes *p) noexcept
cdef dict image_options(const Volumes *p, object algorithm, object precision)
cdef tuple surplus(const Volumes *p)
cdef tuple image_filters(const Volumes *p)
cdef tuple image_shape(const Volumes *p)
cdef object spans(const Volumes *p, int64_t itemsize)
cdef bint adds_slices(const Volumes *p) except -1
cdef object correlate(Call *call, const Volumes *p, cnp.ndarray x, cnp.ndarray weight, object bias,
                      object activation, dict options, cnp.ndarray result)
cdef object spread(Call *call, const Volumes *p, cnp.ndarray grad, cnp.ndarray weight,
                   dict options, cnp.ndarray result)
cdef object sum_products(Call *call, const Volumes *p, cnp.ndarray grad, cnp.ndarray x,
                         dict options, cnp.ndarray result)
cdef int finish(cnp.ndarray result, object bias, object activation) except -1
