#define _GNU_SOURCE
#include "memory/memory.h"

#include "einkorn/types.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <malloc.h>
#else
#include <pthread.h>
#include <sys/mman.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define EK_POOLING 0
#else
#define EK_POOLING 1
#endif

/*
 * Four classes an octave waste at most a fifth of a block. Every block starts with a header of one
 * cache line, so that what follows is aligned and its class is known when it comes back.
 */
enum { STEPS = 4, MIN_SHIFT = 8, MAX_SHIFT = 47, CLASSES = (MAX_SHIFT - MIN_SHIFT) * STEPS };
#define DEFAULT_LIMIT (INT64_C(1) << 30)

/* A cached block stands in two lists, newest first: its class's, and all by the time they came. */
typedef struct links {
    struct block *newer, *older;
} links;

enum { OF_CLASS, OF_ALL, LISTS };

typedef struct block {
    links in[LISTS];
    int64_t bytes;
    int size_class;
    char padding[EK_ALIGNMENT - LISTS * sizeof(links) - sizeof(int64_t) - sizeof(int)];
} block;

typedef struct ends {
    block *newest, *oldest;
} ends;

static struct {
    atomic_flag lock;
    ends free[CLASSES], all;
    ek_memory_statistics statistics;
} pool = {.lock = ATOMIC_FLAG_INIT, .statistics = {.limit = DEFAULT_LIMIT}};

static void pool_lock(void) {
    while (atomic_flag_test_and_set_explicit(&pool.lock, memory_order_acquire)) {
    }
}

static void pool_unlock(void) { atomic_flag_clear_explicit(&pool.lock, memory_order_release); }

static int64_t class_bytes(int size_class) {
    int64_t octave = INT64_C(1) << (MIN_SHIFT + size_class / STEPS);
    return octave + octave / STEPS * (size_class % STEPS);
}

static int class_of(int64_t bytes) {
    int size_class = 0;
    while (size_class + STEPS < CLASSES && class_bytes(size_class + STEPS) <= bytes) {
        size_class += STEPS;
    }
    while (size_class < CLASSES && class_bytes(size_class) < bytes) {
        size_class++;
    }
    return size_class;
}

/*
 * Large arrays of NumPy's begin 16 bytes into a page. A result that began shortly behind that
 * offset would be stored, line after line, to where the next load's address has the same last 12
 * bits, and processors that compare no more make the load wait for the store. So large blocks begin
 * in the middle of a page.
 */
enum { PAGE = 4096, LEAD = PAGE / 2 - (int)sizeof(block), LARGE_CLASS = (16 - MIN_SHIFT) * STEPS };

static int64_t lead_of(int size_class) { return size_class >= LARGE_CLASS ? LEAD : 0; }

#if !defined(_WIN32)
/* Of large pages fewer are entered, and fewer addresses translated anew. NumPy asks for them from
 * the same size on; a system that has none goes on without. */
static void want_large_pages(void *memory, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    const size_t worth_it = (size_t)4 << 20;
    if (bytes >= worth_it) {
        (void)madvise(memory, bytes, MADV_HUGEPAGE);
    }
#else
    (void)memory;
    (void)bytes;
#endif
}
#endif

static block *system_take(int size_class, int64_t bytes) {
    int64_t lead = lead_of(size_class);
    size_t alignment = lead ? PAGE : EK_ALIGNMENT, wanted = (size_t)(lead + bytes);
#if defined(_WIN32)
    char *memory = _aligned_malloc(wanted, alignment);
    return memory ? (block *)(memory + lead) : NULL;
#else
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, wanted)) {
        return NULL;
    }
    want_large_pages(memory, wanted);
    return (block *)((char *)memory + lead);
#endif
}

static void system_give(block *memory) {
    void *start = (char *)memory - lead_of(memory->size_class);
#if defined(_WIN32)
    _aligned_free(start);
#else
    free(start);
#endif
}

static void note_peak(void) {
    ek_memory_statistics *s = &pool.statistics;
    int64_t total = s->in_use + s->cached;
    s->peak = total > s->peak ? total : s->peak;
}

static void put_first(ends *list, int which, block *memory) {
    memory->in[which] = (links){.newer = NULL, .older = list->newest};
    if (list->newest) {
        list->newest->in[which].newer = memory;
    } else {
        list->oldest = memory;
    }
    list->newest = memory;
}

static void take_out(ends *list, int which, block *memory) {
    links at = memory->in[which];
    if (at.newer) {
        at.newer->in[which].older = at.older;
    } else {
        list->newest = at.older;
    }
    if (at.older) {
        at.older->in[which].newer = at.newer;
    } else {
        list->oldest = at.newer;
    }
}

static void cache_push(block *memory) {
    put_first(&pool.free[memory->size_class], OF_CLASS, memory);
    put_first(&pool.all, OF_ALL, memory);
    pool.statistics.cached += memory->bytes;
}

static void cache_remove(block *memory) {
    take_out(&pool.free[memory->size_class], OF_CLASS, memory);
    take_out(&pool.all, OF_ALL, memory);
    pool.statistics.cached -= memory->bytes;
}

/* Blocks that waited longest, as a chain, until no more than `bytes` are cached: what a program
 * needed once must not keep out what it needs again and again. */
static block *cache_shrink(int64_t bytes) {
    block *chain = NULL;
    while (pool.statistics.cached > bytes) {
        block *oldest = pool.all.oldest;
        cache_remove(oldest);
        oldest->in[OF_ALL].older = chain;
        chain = oldest;
    }
    return chain;
}

static void give_chain(block *chain) {
    while (chain) {
        block *next = chain->in[OF_ALL].older;
        system_give(chain);
        chain = next;
    }
}

static block *cache_pop(int size_class, int64_t bytes) {
    pool_lock();
    block *found = pool.free[size_class].newest;
    if (found) {
        cache_remove(found);
        pool.statistics.hits++;
    } else {
        pool.statistics.misses++;
    }
    pool.statistics.in_use += bytes;
    note_peak();
    pool_unlock();
    return found;
}

static void forget_use(int64_t bytes) {
    pool_lock();
    pool.statistics.in_use -= bytes;
    pool_unlock();
}

void *ek_memory_take(int64_t bytes) {
    if (bytes < 0 || bytes > class_bytes(CLASSES - 1) - EK_ALIGNMENT) {
        return NULL;
    }
    bytes += EK_ALIGNMENT;
    int size_class = class_of(bytes);
    /* Sanitizers see an overread only where the block ends with the request. */
    int64_t rounded = EK_POOLING ? class_bytes(size_class) : bytes;
    block *memory = cache_pop(size_class, rounded);
    if (!memory) {
        memory = system_take(size_class, rounded);
    }
    if (!memory) {
        ek_memory_empty_cache();
        memory = system_take(size_class, rounded);
    }
    if (!memory) {
        forget_use(rounded);
        return NULL;
    }
    memory->bytes = rounded;
    memory->size_class = size_class;
    return memory + 1;
}

void ek_memory_give(void *data) {
    if (!data) {
        return;
    }
    block *memory = (block *)data - 1, *leaving = memory;
    pool_lock();
    ek_memory_statistics *s = &pool.statistics;
    s->in_use -= memory->bytes;
    if (EK_POOLING && memory->bytes <= s->limit) {
        leaving = cache_shrink(s->limit - memory->bytes);
        cache_push(memory);
    } else {
        memory->in[OF_ALL].older = NULL;
    }
    pool_unlock();
    give_chain(leaving);
}

void *ek_memory_resize(void *data, int64_t bytes) {
    int64_t held = data ? ((block *)data - 1)->bytes - EK_ALIGNMENT : -1;
    if (bytes >= 0 && bytes <= held) {
        return data;
    }
    void *larger = ek_memory_take(bytes);
    if (larger && data) {
        memcpy(larger, data, (size_t)held);
        ek_memory_give(data);
    }
    return larger;
}

void ek_memory_empty_cache(void) {
    pool_lock();
    block *leaving = cache_shrink(0);
    pool_unlock();
    give_chain(leaving);
}

int ek_memory_set_limit(int64_t bytes) {
    if (bytes < 0) {
        return EK_BAD_ARGUMENT;
    }
    pool_lock();
    pool.statistics.limit = bytes;
    block *leaving = cache_shrink(bytes);
    pool_unlock();
    give_chain(leaving);
    return EK_OK;
}

ek_memory_statistics ek_memory_get_statistics(void) {
    pool_lock();
    ek_memory_statistics statistics = pool.statistics;
    pool_unlock();
    return statistics;
}

#if defined(__unix__) || defined(__APPLE__)
/* A child forked while another thread holds the lock would otherwise wait for it for ever. */
__attribute__((constructor)) static void watch_for_fork(void) {
    pthread_atfork(pool_lock, pool_unlock, pool_unlock);
}
#endif
