"""Which axes an array is reduced over, neighbours that share their fate taken as one."""

from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport integer


cdef int mark(object axis, int rank, bint *reduced) except -1:
    """Note the axis in `reduced`."""
    cdef int64_t position = integer(axis, "axis", -MOST_DIMENSIONS)
    if not -rank <= position < rank:
        raise ValueError(f"axis: expected an int from {-rank} to {rank - 1}, got {axis!r}")
    position = position + rank if position < 0 else position
    if reduced[position]:
        raise ValueError(f"axis: {axis!r} is named twice")
    reduced[position] = True
    return 0


cdef int mark_all(object axis, int rank, bint *reduced) except -1:
    """Note which axes `axis` names: None all of them, an integer or a tuple."""
    cdef int i
    for i in range(rank):
        reduced[i] = axis is None
    if isinstance(axis, (tuple, list)):
        for one in axis:
            mark(one, rank, reduced)
    elif axis is not None:
        mark(axis, rank, reduced)
    return 0


cdef void append(Groups *groups, int64_t size, bint reduced) noexcept:
    if size == 1:
        return
    cdef int last = groups.count - 1
    if last >= 0 and groups.reduced[last] == reduced:
        groups.size[last] *= size
        return
    groups.size[last + 1] = size
    groups.reduced[last + 1] = reduced
    groups.count += 1


cdef int reduced_groups(const Groups *groups, int *last) noexcept:
    """How many groups to reduce over; the last one's place."""
    cdef int i, found = 0
    for i in range(groups.count):
        if groups.reduced[i]:
            found += 1
            last[0] = i
    return found


cdef int64_t extent(const Groups *groups, int begin, int end) noexcept:
    cdef int64_t product = 1
    cdef int i
    for i in range(begin, end):
        product *= groups.size[i]
    return product
