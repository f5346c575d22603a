"""Which axes an array is reduced over."""

from libc.stdint cimport int64_t

cdef enum:
    MOST_DIMENSIONS = 64

# Neighbouring axes that share their fate, as one: sizes, and whether to reduce over them.
ctypedef struct Groups:
    int count
    int64_t size[MOST_DIMENSIONS]
    bint reduced[MOST_DIMENSIONS]

# Which axes `axis` names: None all of them, an integer or a tuple.
cdef int mark_all(object axis, int rank, bint *reduced) except -1
cdef void append(Groups *groups, int64_t size, bint reduced) noexcept
# How many groups to reduce over; the last one's place.
cdef int reduced_groups(const Groups *groups, int *last) noexcept
# The product of the sizes of the groups [begin, end).
cdef int64_t extent(const Groups *groups, int begin, int end) noexcept
