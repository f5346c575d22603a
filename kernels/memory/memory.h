/*
 * The caching allocator behind outputs and scratch. Freed blocks wait in size classes for the next
 * request: the first touch of a fresh page costs more than the arithmetic of most steps.
 */
#ifndef EK_MEMORY_H
#define EK_MEMORY_H

#include <stdint.h>

enum { EK_ALIGNMENT = 64 };

typedef struct ek_memory_statistics {
    int64_t in_use; /* bytes lent out, rounded up to their size classes */
    int64_t cached; /* bytes kept for reuse */
    int64_t limit;  /* most bytes that may be kept for reuse */
    int64_t peak;   /* largest in_use + cached so far */
    int64_t hits;   /* requests served from the cache */
    int64_t misses; /* requests served by the system */
} ek_memory_statistics;

/* `bytes` of memory aligned to 64 bytes, contents undefined; NULL if bytes < 0 or none is left. */
void *ek_memory_take(int64_t bytes);
void ek_memory_give(void *block);
/* A block of `bytes` that begins as `block` did, which is given back; NULL, and `block` as it was,
 * if there is none. NULL for `block` takes a new one. */
void *ek_memory_resize(void *block, int64_t bytes);

void ek_memory_empty_cache(void);
/* What exceeds the limit goes back to the system, the longest unused first. Negative:
 * EK_BAD_ARGUMENT. */
int ek_memory_set_limit(int64_t bytes);
ek_memory_statistics ek_memory_get_statistics(void);

#endif
