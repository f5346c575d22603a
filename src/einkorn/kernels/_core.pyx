"""The module all C is linked into: dispatch, threads, memory, and the table of kernels.

Other extension modules reach the kernels through `api`, either by cimport or by the capsule
`einkorn.kernels._core._api` (see ``einkorn/include/einkorn/api.h``).
"""

import os
import threading

from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t

cdef extern from "dispatch/dispatch.h" nogil:
    ctypedef enum ek_isa:
        EK_ISA_COUNT
    const char *ek_isa_name(ek_isa isa)
    int ek_isa_available(ek_isa isa)
    ek_isa ek_isa_best()
    ek_isa ek_isa_active()
    int ek_isa_activate(ek_isa isa)
    const ek_api ek_api_table
    const char *const ek_kernel_names[]

cdef extern from "team/team.h" nogil:
    int ek_team_size()
    int ek_team_set_size(int size)
    int ek_team_default_size()
    int ek_team_has_threads()
    void ek_team_set_interrupt_poll(int (*poll)() noexcept nogil)

cdef extern from "team/handover.h" nogil:
    double ek_handover_nanoseconds(int64_t turns)

cdef extern from "memory/memory.h" nogil:
    ctypedef struct ek_memory_statistics:
        int64_t in_use, cached, limit, peak, hits, misses
    void *ek_memory_take(int64_t size)
    void ek_memory_give(void *block)
    void *ek_memory_resize(void *block, int64_t size)
    void ek_memory_empty_cache()
    int ek_memory_set_limit(int64_t size)
    ek_memory_statistics ek_memory_get_statistics()

cdef extern from "pythread.h" nogil:
    unsigned long PyThread_get_thread_ident()

api = &ek_api_table
_api = PyCapsule_New(<void *>api, b"einkorn.kernels._core._api", NULL)

cdef unsigned long main_thread = threading.main_thread().ident


cdef void *memory_take(int64_t size) noexcept nogil:
    return ek_memory_take(size)


cdef void memory_give(void *block) noexcept nogil:
    ek_memory_give(block)


cdef void *memory_resize(void *block, int64_t size) noexcept nogil:
    return ek_memory_resize(block, size)


cdef int check_signals() noexcept:
    """Keeps the exception of a signal handler for the binding to raise."""
    try:
        PyErr_CheckSignals()
    except BaseException as error:
        pending.append(error)
        return 1
    return 0


cdef int poll_signals() noexcept nogil:
    # Python handles signals on its main thread only.
    if PyThread_get_thread_ident() != main_thread:
        return 0
    with gil:
        return check_signals()


cdef list pending = []


cdef object take_interrupt():
    """The exception that cancelled a kernel on the main thread."""
    return pending.pop() if pending else KeyboardInterrupt()


ek_team_set_interrupt_poll(poll_signals)


def isa():
    """Name of the instruction-set variant in use: ``"scalar"``, ``"neon"``, ``"avx2"`` or
    ``"avx512"``.

    >>> from einkorn import kernels
    >>> kernels.isa() in kernels.isa_variants()
    True
    """
    return ek_isa_name(ek_isa_active()).decode()


def isa_variants():
    """Names of the variants that this machine can run, the plainest first.

    >>> from einkorn import kernels
    >>> kernels.isa_variants()[0]
    'scalar'
    """
    available = [<ek_isa>i for i in range(EK_ISA_COUNT) if ek_isa_available(<ek_isa>i)]
    return tuple([ek_isa_name(i).decode() for i in available])


def force_isa(str name):
    """Switch every kernel to the variant `name` and return the previous one's name.

    For tests; users set ``EINKORN_ISA`` before the import. Not while kernels run.
    """
    previous = isa()
    for i in range(EK_ISA_COUNT):
        if ek_isa_name(<ek_isa>i).decode() == name and ek_isa_activate(<ek_isa>i) == EK_OK:
            return previous
    raise ValueError(f"name: expected one of {isa_variants()}, got {name!r}")


def kernel_names():
    """Names of the kernels in the C interface, in the order of its table."""
    names = []
    cdef int i = 0
    while ek_kernel_names[i] != NULL:
        names.append(ek_kernel_names[i].decode())
        i += 1
    return tuple(names)


def set_num_threads(n):
    """Set how many threads a kernel may use; results do not depend on it.

    Parameters
    ----------
    n : int
        From 1 to 1024.

    Raises
    ------
    ValueError
        If `n` is out of range.

    Examples
    --------
    >>> import einkorn
    >>> before = einkorn.get_num_threads()
    >>> einkorn.set_num_threads(1)
    >>> einkorn.get_num_threads()
    1
    >>> einkorn.set_num_threads(before)
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"n: expected an int, got {n!r}")
    count = n.__index__()
    if not 1 <= count <= 1024 or ek_team_set_size(count) != EK_OK:
        raise ValueError(f"n: expected a number of threads from 1 to 1024, got {n!r}")


def get_num_threads():
    """How many threads a kernel may use.

    The default is the smallest of the processor affinity, the whole processors of the cgroup quota
    and ``OMP_NUM_THREADS``, at least 1.
    """
    return ek_team_size()


def default_num_threads():
    """What `get_num_threads` would say had nobody called `set_num_threads`."""
    return ek_team_default_size()


def has_threads():
    """Whether this build can use more threads than the caller's."""
    return bool(ek_team_has_threads())


def handover(int turns=2000):
    """Seconds that a cache line takes to another thread's core and back, None without another.

    Tells whether the threads' cores share a cache: some 100 ns where they do, 500 where they don't.
    For benchmarks, since a virtual machine may change between the two.

    >>> from einkorn.kernels._core import handover, set_num_threads
    >>> set_num_threads(1)
    >>> handover() is None
    True
    """
    if turns < 1:
        raise ValueError(f"turns: expected at least 1, got {turns}")
    cdef double nanoseconds = -1
    cdef int attempts = 3  # a worker that sleeps through one short job is woken for the next
    with nogil:
        while nanoseconds < 0 and attempts > 0:
            nanoseconds = ek_handover_nanoseconds(turns)
            attempts -= 1
    return nanoseconds * 1e-9 if nanoseconds >= 0 else None


def memory_statistics():
    """What the caching allocator behind outputs and scratch holds.

    Returns
    -------
    dict
        ``in_use``, ``cached``, ``limit`` and ``peak`` in bytes; ``hits`` and ``misses`` count
        requests served from the cache and by the system.
    """
    cdef ek_memory_statistics s = ek_memory_get_statistics()
    return {
        "in_use": s.in_use, "cached": s.cached, "limit": s.limit,
        "peak": s.peak, "hits": s.hits, "misses": s.misses,
    }


def empty_cache():
    """Return the allocator's cached blocks to the system."""
    ek_memory_empty_cache()


def set_cache_limit(n):
    """Bound the bytes that the allocator keeps for reuse; 0 keeps none.

    A full cache returns to the system what has waited longest.

    Raises
    ------
    ValueError
        If `n` is negative or does not fit in 63 bits.
    """
    if not isinstance(n, int) or not 0 <= n < 2**63:
        raise ValueError(f"n: expected a number of bytes from 0 to 2**63 - 1, got {n!r}")
    ek_memory_set_limit(n)


def _activate_from_environment():
    wanted = os.environ.get("EINKORN_ISA")
    if not wanted:
        ek_isa_activate(ek_isa_best())
        return
    try:
        force_isa(wanted)
    except ValueError:
        raise ImportError(
            f"EINKORN_ISA: expected one of {isa_variants()}, got {wanted!r}"
        ) from None


_activate_from_environment()
