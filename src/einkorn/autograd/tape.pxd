"""What other compiled modules see of the tape."""


cdef class TensorBase:
    cdef object __weakref__
    cdef public object _data
    cdef public object _grad_fn
    cdef public list _version
    cdef public object grad
    cdef public dict _hooks
    cdef public bint _requires_grad


cdef class Operator:
    cdef public object extra
    cdef public object frame
    cdef public dict hooks
    cdef public object needs
    cdef public object order
    cdef public object saved
    cdef public object sources
    cdef public object trace
    cdef public object versions

    cdef TensorBase apply_to(self, tuple inputs)
    cdef bint note_needs(self, tuple inputs) except -1
    cdef object compute(self, tuple inputs)
    cdef object forward_of(self, tuple inputs)
    cdef bint is_worth_pooling(self, object grad) except -1
    cdef int restore(self) except -1
    cdef int record(self, tuple inputs, object output) except -1
    cdef tuple retained(self, tuple inputs, object output)
    cdef object pass_back(self, object grad, tuple saved)
    cdef object propagate(self, object grad, bint create_graph)
    cdef int check_versions(self) except -1
    cdef tuple linked(self)
    cpdef release(self)


cdef class Output:
    cdef readonly Operator node
    cdef readonly Py_ssize_t index


# A new tensor of the class that tensor.py has made known, over an array or what becomes one.
cdef TensorBase new_tensor(object data)
cdef bint is_recording() noexcept
cdef object data_of(TensorBase x)
cpdef TensorBase alias_of(TensorBase output)
