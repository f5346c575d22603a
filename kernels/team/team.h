/* The one place that owns threads. */
#ifndef EK_TEAM_H
#define EK_TEAM_H

#include <stdint.h>

/* `slot` tells concurrently running tasks apart: 0 <= slot < the team's size. */
typedef void (*ek_task)(void *context, int64_t index, int slot);

/*
 * Runs task(context, i, slot) for every i in [0, count) and returns when all are done. What a task
 * computes may depend on its index alone, never on its slot: that keeps results equal for every
 * thread count. A nested call runs on the calling thread. Returns EK_OK or EK_INTERRUPTED.
 */
int ek_team_run(ek_task task, void *context, int64_t count);

/* The same with at most `slots` tasks at a time, for scratch that holds only so many shares. */
int ek_team_run_slots(ek_task task, void *context, int64_t count, int slots);

/* The same, never cancelled: for tasks that change their inputs in place. */
void ek_team_run_whole(ek_task task, void *context, int64_t count);

/* The slots that a call made now may use. */
int ek_team_size(void);

int ek_team_set_size(int size);
/* min(affinity, floor(cgroup quota), OMP_NUM_THREADS), at least 1. */
int ek_team_default_size(void);
/* Whether this build can use more than the calling thread. */
int ek_team_has_threads(void);

/*
 * Asked about every 50 ms on the calling thread while a team runs; a non-zero answer cancels the
 * tasks that have not begun. NULL, the default, asks nobody.
 */
void ek_team_set_interrupt_poll(int (*poll)(void));

#endif
