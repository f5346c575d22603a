#define _GNU_SOURCE
#include "team/team.h"

#include "common/compiler.h"
#include "einkorn/types.h"
#include "team/cpu_limit.h"
#include "team/float_mode.h"
#include "team/lately.h"
#include "team/pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { POLL_NANOSECONDS = 50 * 1000 * 1000, MAX_TEAM = 1024 };

static atomic_int team_size;
static _Atomic(int (*)(void)) interrupt_poll;

/*
 * A slot's own tasks: a contiguous run, so that neighbours share a core's cache and the same core
 * meets the same data in kernel after kernel. Whoever is done first takes over what others left.
 */
typedef struct share {
    _Alignas(64) _Atomic(int64_t) next;
    int64_t end;
} share;

typedef struct team_call {
    ek_task task;
    void *context;
    int (*poll)(void); /* NULL where the call may not be cancelled */
    atomic_int interrupted;
    int slots;
    share *shares;
    int64_t began;
    int lets_sleep; /* read and written by the caller alone */
} team_call;

/* The clock goes on between calls: a long computation may consist of many short ones. */
static EK_THREAD_LOCAL int64_t next_poll;

static EK_THREAD_LOCAL ek_stream stream;

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

/* A job that was brief and is not this time. */
static void wake_late(team_call *call) {
    if (now_nanoseconds() - call->began > EK_BRIEF_NANOSECONDS) {
        call->lets_sleep = 0;
        ek_pool_wake();
    }
}

static void work_off(team_call *call, share *from, int slot) {
    int polls = slot == 0 && call->poll;
    for (;;) {
        int64_t index = atomic_fetch_add_explicit(&from->next, 1, memory_order_relaxed);
        if (index >= from->end || atomic_load_explicit(&call->interrupted, memory_order_relaxed)) {
            return;
        }
        call->task(call->context, index, slot);
        if (slot == 0 && call->lets_sleep) {
            wake_late(call);
        }
        if (polls) {
            poll_for_interrupt(call);
        }
    }
}

static void take_part(void *argument, int slot) {
    team_call *call = argument;
    ek_float_mode caller_mode = ek_float_mode_enter();
    for (int i = 0; i < call->slots; i++) {
        work_off(call, &call->shares[(slot + i) % call->slots], slot);
    }
    ek_float_mode_leave(caller_mode);
}

static void run(team_call *call, int64_t count, int slots) {
    share shares[MAX_TEAM];
    int size = ek_team_size();
    slots = slots < size ? slots : size;
    slots = slots < count ? slots : (int)count;
    call->slots = slots < 1 ? 1 : slots;
    call->shares = shares;
    int64_t each = count / call->slots, rest = count % call->slots;
    for (int slot = 0; slot < call->slots; slot++) {
        atomic_init(&shares[slot].next, each * slot + rest * slot / call->slots);
        shares[slot].end = each * (slot + 1) + rest * (slot + 1) / call->slots;
    }
    if (call->slots == 1) {
        ek_pool_run(take_part, call, 1, 0);
        return;
    }
    uint64_t mark = ek_job_mark(call->task, count);
    call->began = now_nanoseconds();
    call->lets_sleep = !ek_goes_on(&stream, call->began) && ek_was_brief(mark);
    ek_pool_run(take_part, call, call->slots, !call->lets_sleep);
    int64_t ended = now_nanoseconds();
    ek_note_duration(mark, ended - call->began);
    ek_note_job(&stream, call->began, ended);
}

int ek_team_run_slots(ek_task task, void *context, int64_t count, int slots) {
    team_call call = {.task = task, .context = context};
    /* After a lone task there is nothing left to cancel. */
    call.poll = count > 1 ? atomic_load(&interrupt_poll) : NULL;
    run(&call, count, slots);
    return atomic_load(&call.interrupted) ? EK_INTERRUPTED : EK_OK;
}

int ek_team_run(ek_task task, void *context, int64_t count) {
    return ek_team_run_slots(task, context, count, MAX_TEAM);
}

void ek_team_run_whole(ek_task task, void *context, int64_t count) {
    team_call call = {.task = task, .context = context};
    run(&call, count, MAX_TEAM);
}

int ek_team_default_size(void) {
    if (!ek_pool_exists()) {
        return 1;
    }
    int size = ek_cpu_limit();
    const char *wanted = getenv("OMP_NUM_THREADS");
    int limit = wanted ? atoi(wanted) : 0;
    if (limit > 0 && limit < size) {
        size = limit;
    }
    return size < MAX_TEAM ? size : MAX_TEAM;
}

int ek_team_size(void) {
    if (ek_pool_inside() || !ek_pool_exists()) {
        return 1;
    }
    int size = atomic_load_explicit(&team_size, memory_order_relaxed);
    if (size == 0) {
        size = ek_team_default_size();
        atomic_store(&team_size, size);
    }
    return size;
}

int ek_team_set_size(int size) {
    if (size < 1 || size > MAX_TEAM) {
        return EK_BAD_ARGUMENT;
    }
    atomic_store(&team_size, size);
    return EK_OK;
}

int ek_team_has_threads(void) { return ek_pool_exists(); }

void ek_team_set_interrupt_poll(int (*poll)(void)) { atomic_store(&interrupt_poll, poll); }
