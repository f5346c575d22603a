#define _GNU_SOURCE
#include "team/pool.h"

#include "common/compiler.h"
#include "common/pause.h"
#include "team/leash.h"

static EK_THREAD_LOCAL int inside;

int ek_pool_inside(void) { return inside; }

static void run_alone(ek_pool_body body, void *argument) {
    int outer = inside;
    inside = 1;
    body(argument, 0);
    inside = outer;
}

#if (defined(__unix__) || defined(__APPLE__)) && !defined(EK_NO_THREADS)

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/*
 * Some 50 us: kernels follow each other sooner than that in a training step, and waking a sleeping
 * thread costs several of them; but a core that waits longer is missed by somebody else.
 */
enum { SPINS = 2000, MAX_WORKERS = 1023 };

/* Set in `gate` while workers may begin; its other bits count those inside. */
static const unsigned OPEN = 1u << 31;

static struct {
    pthread_mutex_t entry; /* held by the thread whose job runs */
    int workers;           /* created so far; guarded by entry */
    ek_pool_body body;
    void *argument;
    int slots;
    int caller_core;
    _Alignas(64) atomic_uint gate;
    _Alignas(64) atomic_uint round; /* counts jobs, so that a worker knows a new one */
    _Alignas(64) atomic_int sleepers;
    atomic_int caller_sleeps;
    pthread_mutex_t sleep;
    pthread_cond_t wake_workers, wake_caller;
    ek_leash *leashes[MAX_WORKERS + 1]; /* of the slots that sleep; guarded by sleep */
} pool = {
    .entry = PTHREAD_MUTEX_INITIALIZER,
    .sleep = PTHREAD_MUTEX_INITIALIZER,
    .wake_workers = PTHREAD_COND_INITIALIZER,
    .wake_caller = PTHREAD_COND_INITIALIZER,
};

static int enter_gate(void) {
    unsigned gate = atomic_load(&pool.gate);
    while (gate & OPEN) {
        if (atomic_compare_exchange_weak(&pool.gate, &gate, gate + 1)) {
            return 1;
        }
    }
    return 0;
}

static void leave_gate(void) {
    unsigned left = atomic_fetch_sub(&pool.gate, 1) - 1;
    if (left == 0 && atomic_load(&pool.caller_sleeps)) {
        pthread_mutex_lock(&pool.sleep);
        pthread_cond_signal(&pool.wake_caller);
        pthread_mutex_unlock(&pool.sleep);
    }
}

static unsigned wait_for_round(int slot, unsigned seen) {
    for (int i = 0; i < SPINS; i++) {
        unsigned round = atomic_load_explicit(&pool.round, memory_order_relaxed);
        if (round != seen) {
            return round;
        }
        ek_pause();
    }
    ek_leash l = ek_leash_of_this_thread();
    pthread_mutex_lock(&pool.sleep);
    pool.leashes[slot] = &l;
    atomic_fetch_add(&pool.sleepers, 1);
    unsigned round;
    while ((round = atomic_load(&pool.round)) == seen) {
        pthread_cond_wait(&pool.wake_workers, &pool.sleep);
    }
    atomic_fetch_sub(&pool.sleepers, 1);
    pool.leashes[slot] = NULL;
    pthread_mutex_unlock(&pool.sleep);
    ek_let_loose(&l);
    return round;
}

static void *worker_main(void *argument) {
    int slot = (int)(intptr_t)argument;
    unsigned seen = 0;
    inside = 1;
    for (;;) {
        seen = wait_for_round(slot, seen);
        if (enter_gate()) {
            if (slot < pool.slots) {
                ek_leave_core(pool.caller_core);
                pool.body(pool.argument, slot);
            }
            leave_gate();
        }
    }
    return NULL;
}

/* Fewer than asked for is no failure: what a missing worker would have done, others do. */
static void create_workers(int wanted) {
    sigset_t all, before;
    sigfillset(&all);
    /* Signals belong to the threads that the user made. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.workers < wanted && pool.workers < MAX_WORKERS) {
        pthread_t thread;
        intptr_t slot = pool.workers + 1;
        if (pthread_create(&thread, NULL, worker_main, (void *)slot) != 0) {
            break;
        }
        pthread_detach(thread);
        pool.workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void ek_pool_wake(void) {
    if (atomic_load(&pool.sleepers) > 0) {
        int core = ek_core_of_this_thread();
        pthread_mutex_lock(&pool.sleep);
        for (int slot = 1; slot <= pool.workers; slot++) {
            if (pool.leashes[slot] != NULL) {
                ek_keep_off_core(pool.leashes[slot], core);
            }
        }
        pthread_cond_broadcast(&pool.wake_workers);
        pthread_mutex_unlock(&pool.sleep);
    }
}

static void publish(ek_pool_body body, void *argument, int slots) {
    pool.body = body;
    pool.argument = argument;
    pool.slots = slots;
    pool.caller_core = ek_core_of_this_thread();
    atomic_store(&pool.gate, OPEN);
    atomic_fetch_add(&pool.round, 1);
}

static void close_gate(void) {
    atomic_fetch_and(&pool.gate, ~OPEN);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool.gate) == 0) {
            return;
        }
        ek_pause();
    }
    pthread_mutex_lock(&pool.sleep);
    atomic_store(&pool.caller_sleeps, 1);
    while (atomic_load(&pool.gate) != 0) {
        pthread_cond_wait(&pool.wake_caller, &pool.sleep);
    }
    atomic_store(&pool.caller_sleeps, 0);
    pthread_mutex_unlock(&pool.sleep);
}

void ek_pool_run(ek_pool_body body, void *argument, int slots, int wakes) {
    if (slots <= 1 || inside || pthread_mutex_trylock(&pool.entry) != 0) {
        run_alone(body, argument);
        return;
    }
    create_workers(slots - 1);
    publish(body, argument, slots);
    if (wakes) {
        ek_pool_wake();
    }
    run_alone(body, argument);
    close_gate();
    pthread_mutex_unlock(&pool.entry);
}

int ek_pool_exists(void) { return 1; }

/* A forked child has none of the workers, and locks that other threads held stay held. */
static void forget_workers(void) {
    pool.workers = 0;
    atomic_store(&pool.gate, 0);
    atomic_store(&pool.round, 0);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.caller_sleeps, 0);
    pthread_mutex_init(&pool.entry, NULL);
    pthread_mutex_init(&pool.sleep, NULL);
    pthread_cond_init(&pool.wake_workers, NULL);
    pthread_cond_init(&pool.wake_caller, NULL);
    memset(pool.leashes, 0, sizeof pool.leashes);
}

__attribute__((constructor)) static void watch_for_fork(void) {
    pthread_atfork(NULL, NULL, forget_workers);
}

#else

void ek_pool_run(ek_pool_body body, void *argument, int slots, int wakes) {
    (void)slots;
    (void)wakes;
    run_alone(body, argument);
}

void ek_pool_wake(void) {}

int ek_pool_exists(void) { return 0; }

#endif
