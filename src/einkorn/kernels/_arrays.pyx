cimport cython
cimport numpy as cnp
from libc.stdint cimport int64_t, uintptr_t

from einkorn.kernels._core cimport (
    EK_BAD_INDEX,
    EK_F32,
    EK_F64,
    EK_IDENTITY,
    EK_INTERRUPTED,
    EK_NO_MEMORY,
    EK_OK,
    EK_RELU,
    EK_SIGMOID,
    EK_TANH,
    EK_TOO_LARGE,
    api,
    memory_give,
    memory_take,
    take_interrupt,
)

import numpy as np

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    object PyArray_New(
        type subtype, int rank, const cnp.npy_intp *shape, int type_number,
        const cnp.npy_intp *strides, void *data, int itemsize, int flags, object obj
    )
    int NPY_ARRAY_CARRAY
    int NPY_MAX_INT64 "NPY_MAX_INT64"

# Below this NumPy's own small-block cache is quicker than an array with an owner object.
cdef int64_t SMALLEST_POOLED = 16384
cdef int64_t LARGEST = 2**63 - 1

cdef enum:
    MOST_DIMENSIONS = 64


@cython.final
@cython.internal
cdef class Block:
    """Owner of an array's memory."""
    cdef void *data

    def __dealloc__(self):
        memory_give(self.data)


cdef class Scratch:
    def __cinit__(self):
        self.workspace.data = NULL
        self.workspace.bytes = 0

    cdef int reserve(self, int64_t size) except -1:
        if size > 0:
            self.workspace.data = memory_take(size)
            if self.workspace.data == NULL:
                raise MemoryError(f"no {size} bytes left for a kernel's scratch")
            self.workspace.bytes = size
        return 0

    def __dealloc__(self):
        memory_give(self.workspace.data)


cdef Call new_call() noexcept:
    cdef Call call
    call.type_number = -1
    call.dtype = EK_F32
    return call


cdef int fix_dtype(cnp.ndarray array, str name, Call *call) except -1:
    cdef int type_number = cnp.PyArray_TYPE(array)
    if type_number != cnp.NPY_FLOAT32 and type_number != cnp.NPY_FLOAT64:
        raise TypeError(f"{name}: expected an array of float32 or float64, got {array.dtype}")
    if call.type_number == -1:
        call.type_number = type_number
        call.dtype = EK_F32 if type_number == cnp.NPY_FLOAT32 else EK_F64
    elif call.type_number != type_number:
        expected = cnp.PyArray_DescrFromType(call.type_number)
        raise TypeError(f"{name}: expected {expected} as the other arrays, got {array.dtype}")
    return 0


cdef cnp.ndarray as_array(object value, str name):
    if cnp.PyArray_Check(value):
        return value
    if isinstance(value, (str, bytes)) or value is None:
        raise TypeError(f"{name}: expected an array, got {value!r}")
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        got = f"{type(value).__name__} ({error})"
        raise TypeError(f"{name}: expected an array, got {got}") from error


cdef int check_size(cnp.ndarray array, str name) except -1:
    """A broadcast view can have more elements than memory has bytes; its copy must not be tried."""
    cdef int64_t total = cnp.PyArray_ITEMSIZE(array)
    cdef int i
    for i in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_DIM(array, i) == 0:
            return 0
    for i in range(cnp.PyArray_NDIM(array)):
        if total > LARGEST / cnp.PyArray_DIM(array, i):
            raise ValueError(f"{name}: shape {shape_of(array)} is too large")
        total *= cnp.PyArray_DIM(array, i)
    return 0


cdef cnp.ndarray copy_of(cnp.ndarray array, str name):
    check_size(array, name)
    cdef cnp.ndarray copy
    try:
        copy = empty_like(array)
    except MemoryError as error:
        raise MemoryError(f"{name}: no memory left for a contiguous copy ({error})") from None
    copy_elements(copy, array, name)
    return copy


cdef int copy_elements(cnp.ndarray target, cnp.ndarray array, str name) except -1:
    cdef int64_t strides[MOST_DIMENSIONS]
    cdef int rank = cnp.PyArray_NDIM(array), i, status
    cdef int64_t size = cnp.PyArray_ITEMSIZE(array)
    cdef ek_dtype dtype = EK_F32 if size == sizeof(float) else EK_F64
    cdef bint is_real = cnp.PyArray_TYPE(array) in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64)
    if not (is_real and cnp.PyArray_ISBEHAVED_RO(array) and whole_strides(array)):
        if cnp.PyArray_CopyInto(target, array) < 0:
            raise ValueError(f"{name}: could not be copied")
        return 0
    for i in range(rank):
        strides[i] = cnp.PyArray_STRIDE(array, i) / size
    with nogil:
        status = api.strided_copy(dtype, rank, <const int64_t *>cnp.PyArray_DIMS(array), strides,
                                  cnp.PyArray_DATA(array), cnp.PyArray_DATA(target))
    return check(status, name) if status != EK_OK else 0


cdef bint whole_strides(cnp.ndarray array) noexcept:
    cdef int i
    cdef int64_t size = cnp.PyArray_ITEMSIZE(array)
    for i in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_STRIDE(array, i) % size != 0:
            return False
    return True


cdef cnp.ndarray strided_input(object value, str name, Call *call):
    cdef cnp.ndarray array = as_array(value, name)
    fix_dtype(array, name, call)
    if cnp.PyArray_ISBEHAVED_RO(array) and whole_strides(array):
        return array
    return copy_of(array, name)


cdef cnp.ndarray input(object value, str name, Call *call):
    cdef cnp.ndarray array = as_array(value, name)
    fix_dtype(array, name, call)
    if cnp.PyArray_ISCARRAY_RO(array):
        return array
    return copy_of(array, name)


cdef cnp.ndarray input_of_rank(object value, str name, Call *call, int rank):
    cdef cnp.ndarray array = input(value, name, call)
    if cnp.PyArray_NDIM(array) != rank:
        raise ValueError(f"{name}: expected {rank} dimensions, got shape {shape_of(array)}")
    return array


cdef cnp.ndarray optional_input(object value, str name, Call *call, int rank):
    return None if value is None else input_of_rank(value, name, call, rank)


cdef const void *data_or_null(cnp.ndarray array) noexcept:
    return NULL if array is None else cnp.PyArray_DATA(array)


cdef cnp.ndarray index_input(object value, str name):
    cdef cnp.ndarray array = as_array(value, name)
    if not cnp.PyArray_ISINTEGER(array):
        raise TypeError(f"{name}: expected an array of integers, got {array.dtype}")
    check_size(array, name)
    if cnp.PyArray_TYPE(array) == cnp.NPY_INT64 and cnp.PyArray_ISCARRAY_RO(array):
        return array
    cdef bint may_exceed = array.dtype.kind == "u" and array.dtype.itemsize == 8
    if may_exceed and array.size and array.max() > LARGEST:
        raise IndexError(f"{name}: index {array.max()} is out of range")
    # np.ascontiguousarray would leave a misaligned array as it is.
    return np.require(array, np.int64, "CA")


cdef tuple shape_of(cnp.ndarray array):
    return tuple([cnp.PyArray_DIM(array, i) for i in range(cnp.PyArray_NDIM(array))])


cdef tuple shape_tuple(int rank, const int64_t *shape):
    return tuple([shape[i] for i in range(rank)])


cdef int64_t count_bytes(int rank, const int64_t *shape, int64_t itemsize) except -1:
    cdef int64_t total = itemsize
    cdef int i
    for i in range(rank):
        if shape[i] < 0:
            raise ValueError(f"a result of shape {shape_tuple(rank, shape)} has a negative size")
        if shape[i] == 0:
            return 0
    for i in range(rank):
        if total > LARGEST / shape[i]:
            raise ValueError(f"a result of shape {shape_tuple(rank, shape)} is too large")
        total *= shape[i]
    return total


cdef cnp.ndarray empty(int rank, const int64_t *shape, int type_number):
    cdef int64_t itemsize = 8
    if type_number == cnp.NPY_FLOAT32:
        itemsize = 4
    elif type_number == cnp.NPY_BOOL or type_number == cnp.NPY_UINT8:
        itemsize = 1
    cdef int64_t total = count_bytes(rank, shape, itemsize)
    if total < SMALLEST_POOLED:
        return cnp.PyArray_EMPTY(rank, <cnp.npy_intp *>shape, type_number, 0)
    cdef Block block = Block.__new__(Block)
    block.data = memory_take(total)
    if block.data == NULL:
        raise MemoryError(f"no {total} bytes left for a result of shape {shape_tuple(rank, shape)}")
    array = PyArray_New(
        cnp.ndarray, rank, <const cnp.npy_intp *>shape, type_number, NULL, block.data, 0,
        NPY_ARRAY_CARRAY, <object>NULL
    )
    cnp.set_array_base(array, block)
    return array


cdef cnp.ndarray empty_like(cnp.ndarray array):
    return empty(
        cnp.PyArray_NDIM(array), <const int64_t *>cnp.PyArray_DIMS(array), cnp.PyArray_TYPE(array)
    )


cdef int expect_shape(cnp.ndarray array, str name, int rank, const int64_t *shape) except -1:
    cdef int i
    cdef bint same = cnp.PyArray_NDIM(array) == rank
    if same:
        for i in range(rank):
            same = same and cnp.PyArray_DIM(array, i) == shape[i]
    if not same:
        expected = shape_tuple(rank, shape)
        raise ValueError(f"{name}: expected shape {expected}, got {shape_of(array)}")
    return 0


cdef cnp.ndarray output(object out, int rank, const int64_t *shape, int type_number):
    if out is None:
        return empty(rank, shape, type_number)
    if not cnp.PyArray_Check(out):
        raise TypeError(f"out: expected a NumPy array, got {type(out).__name__}")
    cdef cnp.ndarray array = out
    if cnp.PyArray_TYPE(array) != type_number or not cnp.PyArray_ISNOTSWAPPED(array):
        expected = cnp.PyArray_DescrFromType(type_number)
        raise TypeError(f"out: expected dtype {expected}, got {array.dtype}")
    expect_shape(array, "out", rank, shape)
    if not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError("out: expected a writeable array, got a read-only one")
    if cnp.PyArray_ISCARRAY(array):
        return array
    return empty(rank, shape, type_number)


cdef object deliver(cnp.ndarray result, object out):
    if out is None or result is out:
        return result
    if cnp.PyArray_CopyInto(out, result) < 0:
        raise ValueError("out: could not be written to")
    return out


cdef cnp.ndarray inplace(object value, str name, Call *call):
    if not cnp.PyArray_Check(value):
        raise TypeError(f"{name}: expected a NumPy array, got {type(value).__name__}")
    cdef cnp.ndarray array = value
    fix_dtype(array, name, call)
    if not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError(f"{name}: expected a writeable array, got a read-only one")
    return array if cnp.PyArray_ISCARRAY(array) else copy_of(array, name)


cdef void extent(cnp.ndarray array, uintptr_t *low, uintptr_t *high) noexcept:
    cdef int64_t reach
    cdef int i
    low[0] = high[0] = <uintptr_t>cnp.PyArray_DATA(array)
    for i in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_DIM(array, i) == 0:
            high[0] = low[0]
            return
        reach = (cnp.PyArray_DIM(array, i) - 1) * cnp.PyArray_STRIDE(array, i)
        if reach < 0:
            low[0] += reach
        else:
            high[0] += reach
    high[0] += cnp.PyArray_ITEMSIZE(array)


cdef bint overlap(cnp.ndarray a, cnp.ndarray b) noexcept:
    # Bounds are enough: an exact answer can take exponential time and helps nobody here.
    cdef uintptr_t a_low, a_high, b_low, b_high
    extent(a, &a_low, &a_high)
    extent(b, &b_low, &b_high)
    return a_low < b_high and b_low < a_high and a_low < a_high and b_low < b_high


cdef int forbid_overlap(object out, cnp.ndarray array, str name) except -1:
    if out is not None and array is not None and overlap(out, array):
        raise ValueError(f"out: must not overlap {name}")
    return 0


cdef int forbid_partial_overlap(object out, cnp.ndarray array, str name) except -1:
    if out is None or out is array:
        return 0
    cdef cnp.ndarray target = out
    # `array` is C-contiguous and of the same shape and dtype, so an equal start is an equal place;
    # a target that is not contiguous is written through a stand-in.
    if cnp.PyArray_DATA(target) == cnp.PyArray_DATA(array) or not cnp.PyArray_ISCARRAY(target):
        return 0
    return forbid_overlap(out, array, name)


cdef int64_t integer(object value, str name, int64_t lowest) except? -1:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected an int, got {value!r}")
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        raise TypeError(f"{name}: expected an int, got {value!r}") from None
    if not lowest <= number <= LARGEST:
        bound = f"at least {lowest}" if number < lowest else "at most 2**63 - 1"
        raise ValueError(f"{name}: expected an int of {bound}, got {value!r}")
    return number


cdef int pair(object value, str name, int64_t lowest, int64_t *first, int64_t *second) except -1:
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name}: expected an int or a pair of ints, got {value!r}")
        first[0] = integer(value[0], name, lowest)
        second[0] = integer(value[1], name, lowest)
    else:
        first[0] = second[0] = integer(value, name, lowest)
    return 0


cdef double real_number(object value, str name) except? -1:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {value!r}") from None


cdef dict ACTIVATIONS = {
    None: EK_IDENTITY, "relu": EK_RELU, "sigmoid": EK_SIGMOID, "tanh": EK_TANH,
}


cdef ek_activation activation_code(object name) except *:
    if name is None:
        return EK_IDENTITY
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"activation: expected None, 'relu', 'sigmoid' or 'tanh', got {name!r}")
    return ACTIVATIONS[name]


cdef int check(int status, str where) except -1:
    if status == EK_OK:
        return 0
    if status == EK_INTERRUPTED:
        raise take_interrupt()
    if status == EK_NO_MEMORY:
        raise MemoryError(f"{where}: no memory left")
    if status == EK_BAD_INDEX:
        raise IndexError(f"{where}: an index is out of range")
    if status == EK_TOO_LARGE:
        raise ValueError(f"{where}: sizes are too large")
    raise ValueError(f"{where}: sizes or options out of range (status {status})")
