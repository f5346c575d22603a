#define _GNU_SOURCE
#include "team/team.h"

#include "common/compiler.h"
#include "einkorn/types.h"
#include "team/cpu_limit.h"
#include "team/float_mode.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

enum { POLL_NANOSECONDS = 50 * 1000 * 1000, MAX_TEAM = 1024 };

static atomic_int team_size;
static _Atomic(int (*)(void)) interrupt_poll;

typedef struct team_call {
    ek_task task;
    void *context;
    int64_t count;
    int (*poll)(void); /* NULL where the call may not be cancelled */
    atomic_int interrupted;
} team_call;

/* The clock goes on between calls: a long computation may consist of many short ones. */
static EK_THREAD_LOCAL int64_t next_poll;

static int64_t now_nanoseconds(void) {
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void poll_for_interrupt(team_call *call) {
    int64_t now = now_nanoseconds();
    if (now < next_poll) {
        return;
    }
    next_poll = now + POLL_NANOSECONDS;
    if (call->poll()) {
        atomic_store(&call->interrupted, 1);
    }
}

/* Tasks are dealt out in contiguous runs, so that neighbours share a core's cache. */
static void run_share(team_call *call, int slot, int slots) {
    int polls = slot == 0 && call->poll;
    int64_t begin = call->count / slots * slot + (call->count % slots) * slot / slots;
    int64_t end = call->count / slots * (slot + 1) + (call->count % slots) * (slot + 1) / slots;
    ek_float_mode caller_mode = ek_float_mode_enter();
    for (int64_t index = begin; index < end; index++) {
        if (atomic_load_explicit(&call->interrupted, memory_order_relaxed)) {
            break;
        }
        call->task(call->context, index, slot);
        if (polls) {
            poll_for_interrupt(call);
        }
    }
    ek_float_mode_leave(caller_mode);
}

static void run_on_team(team_call *call, int slots) {
#ifdef _OPENMP
#pragma omp parallel num_threads(slots)
    {
        /* The runtime may grant fewer threads than asked for. */
        int granted = omp_get_num_threads();
        run_share(call, omp_get_thread_num(), granted);
    }
#else
    run_share(call, 0, slots);
#endif
}

static void run(team_call *call, int slots) {
    int size = ek_team_size();
    slots = slots < size ? slots : size;
    slots = slots < call->count ? slots : (int)call->count;
    if (slots <= 1) {
        run_share(call, 0, 1);
    } else {
        run_on_team(call, slots);
    }
}

int ek_team_run_slots(ek_task task, void *context, int64_t count, int slots) {
    team_call call = {.task = task, .context = context, .count = count};
    /* After a lone task there is nothing left to cancel. */
    call.poll = count > 1 ? atomic_load(&interrupt_poll) : NULL;
    run(&call, slots);
    return atomic_load(&call.interrupted) ? EK_INTERRUPTED : EK_OK;
}

int ek_team_run(ek_task task, void *context, int64_t count) {
    return ek_team_run_slots(task, context, count, MAX_TEAM);
}

void ek_team_run_whole(ek_task task, void *context, int64_t count) {
    team_call call = {.task = task, .context = context, .count = count};
    run(&call, MAX_TEAM);
}

int ek_team_default_size(void) {
    int size = ek_cpu_limit();
    const char *wanted = getenv("OMP_NUM_THREADS");
    int limit = wanted ? atoi(wanted) : 0;
    if (limit > 0 && limit < size) {
        size = limit;
    }
    return size < MAX_TEAM ? size : MAX_TEAM;
}

int ek_team_size(void) {
#ifdef _OPENMP
    if (omp_in_parallel()) {
        return 1;
    }
#else
    return 1;
#endif
    int size = atomic_load_explicit(&team_size, memory_order_relaxed);
    if (size == 0) {
        size = ek_team_default_size();
        atomic_store(&team_size, size);
    }
    return size;
}

#if defined(_OPENMP) && (defined(__unix__) || defined(__APPLE__))
/* libgomp's workers do not survive fork and its next region would wait for them for ever. */
static void release_workers(void) {
#if _OPENMP >= 201811
    omp_pause_resource_all(omp_pause_soft);
#endif
}

__attribute__((constructor)) static void watch_for_fork(void) {
    pthread_atfork(release_workers, NULL, NULL);
}
#endif

int ek_team_set_size(int size) {
    if (size < 1 || size > MAX_TEAM) {
        return EK_BAD_ARGUMENT;
    }
    atomic_store(&team_size, size);
    return EK_OK;
}

int ek_team_is_parallel_build(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

void ek_team_set_interrupt_poll(int (*poll)(void)) { atomic_store(&interrupt_poll, poll); }
