/* Worker threads that wait for work. */
#ifndef EK_POOL_H
#define EK_POOL_H

typedef void (*ek_pool_body)(void *argument, int slot);

/*
 * Runs body(argument, 0) on the calling thread and body(argument, s), 0 < s < slots, on workers,
 * and returns when all that began are done. A worker that comes late does not begin, so the caller
 * must be able to do all the work. While another thread has the pool, or from inside a body, the
 * caller works alone: there is no core to be gained. Workers that sleep are left asleep unless the
 * call `wakes` them or, from within the body, ek_pool_wake does.
 */
void ek_pool_run(ek_pool_body body, void *argument, int slots, int wakes);

void ek_pool_wake(void);

/* Whether the calling thread is inside a body. */
int ek_pool_inside(void);

/* Whether this build has worker threads at all. */
int ek_pool_exists(void);

#endif
