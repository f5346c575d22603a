"""What the optimisers' bindings share."""

cimport numpy as cnp
from libc.stdint cimport int64_t, uintptr_t

from einkorn.kernels._arrays cimport Call
from einkorn.kernels._core cimport ek_parameter


cdef struct Extent:
    uintptr_t low, high
    bint written


cdef class Parameters:
    cdef Call call
    cdef ek_parameter *rows
    cdef Extent *extents
    cdef int64_t count, extent_count
    cdef list keep_alive
    cdef list stand_ins

    cdef int note(self, cnp.ndarray array, bint written) noexcept
    cdef cnp.ndarray written(self, object value, str name)
    cdef int add(self, int64_t i, object param, object grad, tuple columns, tuple names) except -1
    cdef int forbid_overlaps(self) except -1
    cdef int write_back(self) except -1


cdef Parameters gather_many(object params, object grads, tuple states, tuple names)
cdef double at_least_zero(object value, str name) except? -1
cdef double decay_rate(object value, str name) except? -1
