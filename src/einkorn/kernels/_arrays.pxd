"""The doors of the array tier: every array comes in and goes out through these functions."""

cimport numpy as cnp
from libc.stdint cimport int64_t, uintptr_t

from einkorn.kernels._core cimport ek_activation, ek_dtype, ek_workspace

# What the arrays of one call must agree on; fixed by the first of them.
cdef struct Call:
    int type_number  # NumPy's, or -1 before the first array
    ek_dtype dtype

cdef Call new_call() noexcept

# Aligned, native, float32 or float64; any strides that are whole elements.
cdef cnp.ndarray strided_input(object value, str name, Call *call)
# The same, C-contiguous.
cdef cnp.ndarray input(object value, str name, Call *call)
cdef cnp.ndarray input_of_rank(object value, str name, Call *call, int rank)
cdef cnp.ndarray optional_input(object value, str name, Call *call, int rank)
# Where the elements lie; NULL for None, as optional arguments of kernels are.
cdef const void *data_or_null(cnp.ndarray array) noexcept
# The elements of `array` into a C-contiguous one of its shape and dtype.
cdef int copy_elements(cnp.ndarray target, cnp.ndarray array, str name) except -1
# int64 indices: any integer dtype is accepted.
cdef cnp.ndarray index_input(object value, str name)

# float32, float64, int64, bool or uint8.
cdef cnp.ndarray empty(int rank, const int64_t *shape, int type_number)
cdef cnp.ndarray empty_like(cnp.ndarray array)

# The array a kernel writes to: `out` itself where it is C-contiguous, a stand-in otherwise.
# Finish with `deliver`, which copies the stand-in into `out`.
cdef cnp.ndarray output(object out, int rank, const int64_t *shape, int type_number)
cdef object deliver(cnp.ndarray result, object out)
# An array changed in place: itself where it is C-contiguous, else a stand-in that holds its
# values; finish with `deliver`.
cdef cnp.ndarray inplace(object value, str name, Call *call)
# The bytes [low, high) that the elements lie in.
cdef void extent(cnp.ndarray array, uintptr_t *low, uintptr_t *high) noexcept
cdef int forbid_overlap(object out, cnp.ndarray array, str name) except -1
# For elementwise kernels, which may write over what they have read: out may be the array itself.
cdef int forbid_partial_overlap(object out, cnp.ndarray array, str name) except -1

cdef int expect_shape(cnp.ndarray array, str name, int rank, const int64_t *shape) except -1
cdef int64_t integer(object value, str name, int64_t lowest) except? -1
cdef int pair(object value, str name, int64_t lowest, int64_t *first, int64_t *second) except -1
cdef double real_number(object value, str name) except? -1
cdef ek_activation activation_code(object name) except *

cdef class Scratch:
    """Workspace that goes back to the allocator when the object dies."""
    cdef ek_workspace workspace
    cdef int reserve(self, int64_t size) except -1

# Raises the exception that a kernel's status stands for.
cdef int check(int status, str where) except -1
