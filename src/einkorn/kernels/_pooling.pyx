"""NumPy's results from the caching allocator.

Operators that NumPy computes allocate as the kernels do: within a scope NumPy takes the memory of
new arrays from the caching allocator (NEP 49). The handler is never set outside of a scope, since
it would capture the arrays of the user; NumPy keeps it in a context variable, so that a scope
holds for its own thread alone. An array remembers the handler that made it and gives its memory
back there, on whatever thread and however late.
"""

cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from einkorn.kernels._core cimport memory_give, memory_resize, memory_take

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyDataMemAllocator:
        void *ctx
        void *(*malloc)(void *ctx, size_t size) noexcept nogil
        void *(*calloc)(void *ctx, size_t count, size_t size) noexcept nogil
        void *(*realloc)(void *ctx, void *block, size_t size) noexcept nogil
        void (*free)(void *ctx, void *block, size_t size) noexcept nogil

    ctypedef struct PyDataMem_Handler:
        char name[127]
        unsigned char version
        PyDataMemAllocator allocator

    object PyDataMem_SetHandler(object handler)

cdef int64_t SMALLEST_POOLED = 16384


cdef void *take(void *ctx, size_t size) noexcept nogil:
    return memory_take(<int64_t>size)


cdef void *take_zeros(void *ctx, size_t count, size_t size) noexcept nogil:
    cdef void *block = NULL
    if size == 0 or count <= <size_t>-1 / size:
        block = memory_take(<int64_t>(count * size))
    if block != NULL:
        memset(block, 0, count * size)
    return block


cdef void *resize(void *ctx, void *block, size_t size) noexcept nogil:
    return memory_resize(block, <int64_t>size)


cdef void give(void *ctx, void *block, size_t size) noexcept nogil:
    memory_give(block)


cdef PyDataMem_Handler handler
memset(&handler, 0, sizeof(handler))
memcpy(handler.name, b"einkorn", 8)
handler.version = 1
handler.allocator.malloc = take
handler.allocator.calloc = take_zeros
handler.allocator.realloc = resize
handler.allocator.free = give
cdef object capsule = PyCapsule_New(&handler, b"mem_handler", NULL)


cdef bint is_worth_pooling(object array) noexcept:
    return cnp.PyArray_CheckExact(array) and cnp.PyArray_NBYTES(array) >= SMALLEST_POOLED


cdef object enter():
    return PyDataMem_SetHandler(capsule)


cdef int leave(object previous) except -1:
    PyDataMem_SetHandler(previous)
    return 0
