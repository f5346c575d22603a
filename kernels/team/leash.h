#ifndef EK_LEASH_H
#define EK_LEASH_H

#ifdef __linux__
#include <sched.h>
#include <sys/types.h>
#endif

/*
 * A thread is woken where its waker runs, and the system may leave it there, behind the waker or in
 * turns with it, for milliseconds beside an idle core. So the waker keeps it off its own core, and
 * the worker lets itself loose once it runs. Systems without affinity by thread do neither.
 */
typedef struct ek_leash {
#ifdef __linux__
    pid_t thread;
    cpu_set_t allowed, others;
    int holds;
#else
    int none;
#endif
} ek_leash;

/* -1 where the system does not tell. */
int ek_core_of_this_thread(void);

ek_leash ek_leash_of_this_thread(void);

/* Keep the leash's thread off `core`, unless it may run on no other. */
void ek_keep_off_core(ek_leash *leash, int core);

/* Give the calling thread, whose leash it is, what it might use before. */
void ek_let_loose(const ek_leash *leash);

/* Have the calling thread run elsewhere if it runs on `core`. */
void ek_leave_core(int core);

#endif
