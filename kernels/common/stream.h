/*
 * When results go past the caches. A store to a line that is not in cache first reads the line, and
 * later evicts another that may have been wanted; a non-temporal store does neither. It pays off
 * where a call's arrays exceed the last-level cache, so that what it writes would be gone anyway
 * before somebody reads it, and costs much where they do not. Include after an isa_*.h.
 */
#ifndef EK_STREAM_H
#define EK_STREAM_H

#include <stdint.h>
#include <string.h>

/* What a call must read and write: a little above the last-level cache of today's processors. A
 * constant, for on every machine and thread count the same code shall run. */
enum { EK_STREAM_BYTES = 40 << 20, EK_STREAM_LINE = 64 };

static inline int ek_stream_pays_off(int64_t bytes) { return bytes >= EK_STREAM_BYTES; }

/* For V(stream) the target has to be aligned besides. */
static inline int ek_streams_to(const void *to, int64_t bytes) {
    return ek_stream_pays_off(bytes) && (uintptr_t)to % EK_STREAM_LINE == 0;
}

/* memcpy past the caches, whatever the alignment. A task ends with ek_stream_fence() after it. */
static inline void ek_stream_copy(void *to, const void *from, int64_t bytes) {
    char *target = to;
    const char *source = from;
    int64_t head = (int64_t)(-(uintptr_t)target % EK_STREAM_LINE);
    head = head < bytes ? head : bytes;
    memcpy(target, source, (size_t)head);
    int64_t i = head;
    for (; i + EK_STREAM_LINE <= bytes; i += EK_STREAM_LINE) {
        ek_stream_line(target + i, source + i);
    }
    memcpy(target + i, source + i, (size_t)(bytes - i));
}

/* Zeros past the caches, likewise. */
static inline void ek_stream_zeros(void *to, int64_t bytes) {
    static const char zeros[EK_STREAM_LINE];
    char *target = to;
    int64_t head = (int64_t)(-(uintptr_t)target % EK_STREAM_LINE);
    head = head < bytes ? head : bytes;
    memset(target, 0, (size_t)head);
    int64_t i = head;
    for (; i + EK_STREAM_LINE <= bytes; i += EK_STREAM_LINE) {
        ek_stream_line(target + i, zeros);
    }
    memset(target + i, 0, (size_t)(bytes - i));
}

#endif
