/* Steps that follow each other too quickly to hand each to the team. */
#ifndef EK_RELAY_H
#define EK_RELAY_H

#include <stdint.h>

/* As of a team's task, the result must not depend on which thread works. */
typedef void (*ek_relay_work)(void *context, int64_t step, int64_t task);

/*
 * Runs work(context, step, task) for all steps and tasks, all tasks of a step before any of the
 * next. `products` multiply-adds are the work of a step. Returns EK_OK or EK_INTERRUPTED.
 */
int ek_relay_run(ek_relay_work work, void *context, int64_t steps, int64_t tasks, double products);

#endif
