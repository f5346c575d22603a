"""NumPy's own results from the caching allocator, for as long as a scope lasts."""

cimport numpy as cnp
from libc.stdint cimport int64_t

# Whether a result of about this size is worth a scope, which costs some 250 ns.
cdef bint is_worth_pooling(object array) noexcept

# NumPy's previous handler, for `leave`. What is allocated in between may outlive the scope.
cdef object enter()
cdef int leave(object previous) except -1
