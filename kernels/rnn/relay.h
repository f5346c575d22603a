/* Steps that follow each other too quickly to hand each to the team. */
#ifndef EK_RELAY_H
#define EK_RELAY_H

#include <stdint.h>

/* As of a team's task, the result must not depend on which thread works. */
typedef void (*ek_relay_work)(void *context, int64_t step, int64_t task);

/* The steps: each has task `panel * groups + group` of all panels and groups. */
typedef struct ek_relay_course {
    int64_t steps, panels, groups;
    int even;        /* whether the groups of a step have as much to do as each other */
    double products; /* multiply-adds of a step */
} ek_relay_course;

/*
 * Runs work(context, step, task) for all steps and tasks. A task waits for all panels of its own
 * group at the step before, never for another group's. Returns EK_OK or EK_INTERRUPTED.
 */
int ek_relay_run(ek_relay_work work, void *context, ek_relay_course course);

#endif
