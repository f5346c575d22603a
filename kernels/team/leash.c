#define _GNU_SOURCE
#include "team/leash.h"

#ifdef __linux__

#include <sys/syscall.h>
#include <unistd.h>

int ek_core_of_this_thread(void) { return sched_getcpu(); }

ek_leash ek_leash_of_this_thread(void) { return (ek_leash){.thread = (pid_t)syscall(SYS_gettid)}; }

void ek_keep_off_core(ek_leash *leash, int core) {
    cpu_set_t now, others;
    if (core < 0 || core >= CPU_SETSIZE ||
        sched_getaffinity(leash->thread, sizeof now, &now) != 0) {
        return;
    }
    /* A thread may be woken again before it has run; what else changes the set is its user. */
    if (!leash->holds || !CPU_EQUAL(&now, &leash->others)) {
        leash->allowed = now;
    }
    others = leash->allowed;
    CPU_CLR(core, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(leash->thread, sizeof others, &others) == 0) {
        leash->others = others;
        leash->holds = 1;
    }
}

void ek_let_loose(const ek_leash *leash) {
    cpu_set_t now;
    /* Whoever changed it meanwhile knew better. */
    if (leash->holds && sched_getaffinity(0, sizeof now, &now) == 0 &&
        CPU_EQUAL(&now, &leash->others)) {
        sched_setaffinity(0, sizeof leash->allowed, &leash->allowed);
    }
}

#else

int ek_core_of_this_thread(void) { return -1; }

ek_leash ek_leash_of_this_thread(void) { return (ek_leash){0}; }

void ek_keep_off_core(ek_leash *leash, int core) {
    (void)leash;
    (void)core;
}

void ek_let_loose(const ek_leash *leash) { (void)leash; }

#endif

void ek_leave_core(int core) {
    if (core >= 0 && ek_core_of_this_thread() == core) {
        ek_leash leash = ek_leash_of_this_thread();
        ek_keep_off_core(&leash, core);
        ek_let_loose(&leash);
    }
}
