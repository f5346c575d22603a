/*
 * How long jobs took lately, by their task and its count. Who waits for a sleeping thread wins
 * nothing in a job that is over before the thread has come, and pays for having called it: some
 * 10 us, and 50 us until it comes. Jobs that follow each other closely are another matter: a thread
 * called once stays awake through all of them. What a job computes does not depend on who computes
 * it.
 */
#ifndef EK_LATELY_H
#define EK_LATELY_H

#include "team/team.h"

#include <stdatomic.h>

enum { EK_BRIEF_NANOSECONDS = 40 * 1000, EK_JOBS_REMEMBERED = 512 };
/*
 * A rest that ends a stream of jobs; what a job takes at least for a second thread to help; and how
 * long such jobs of a stream take together before it is worth a call.
 */
enum { EK_REST_NANOSECONDS = 20 * 1000, EK_HELPED_NANOSECONDS = 10 * 1000 };
enum { EK_STREAM_NANOSECONDS = 100 * 1000 };

/* A job's mark in the upper half, nanoseconds in the lower. */
static _Atomic(uint64_t) ek_lately[EK_JOBS_REMEMBERED];

static inline uint64_t ek_job_mark(ek_task task, int64_t count) {
    uint64_t mixed = (uint64_t)(uintptr_t)task ^ ((uint64_t)count * UINT64_C(0x9E3779B97F4A7C15));
    return mixed * UINT64_C(0xD6E8FEB86659FD93);
}

/* 0 where nothing is known. */
static inline int ek_was_brief(uint64_t mark) {
    uint64_t known = atomic_load_explicit(&ek_lately[mark >> 55], memory_order_relaxed);
    return known >> 32 == mark >> 32 && (uint32_t)known < EK_BRIEF_NANOSECONDS;
}

static inline void ek_note_duration(uint64_t mark, int64_t nanoseconds) {
    uint32_t noted =
        nanoseconds < 0 || nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
    uint64_t known = (mark >> 32 << 32) | noted;
    atomic_store_explicit(&ek_lately[mark >> 55], known, memory_order_relaxed);
}

/* The latest jobs of one calling thread. */
typedef struct ek_stream {
    int64_t ended, worked;
} ek_stream;

static inline int ek_goes_on(ek_stream *stream, int64_t now) {
    if (now - stream->ended > EK_REST_NANOSECONDS) {
        stream->worked = 0;
    }
    return stream->worked >= EK_STREAM_NANOSECONDS;
}

static inline void ek_note_job(ek_stream *stream, int64_t began, int64_t ended) {
    stream->worked += ended - began >= EK_HELPED_NANOSECONDS ? ended - began : 0;
    stream->ended = ended;
}

#endif
