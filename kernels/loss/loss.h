/* What the variants of softmax and cross entropy share: problem checks, and how work is split. */
#ifndef EK_LOSS_H
#define EK_LOSS_H

#include "einkorn/loss.h"

int ek_softmax_check(const ek_softmax_problem *problem);
int ek_cross_entropy_check(const ek_cross_entropy_problem *problem);

/* Bounds the partial sums of a reduction, which live on the caller's stack. */
enum { EK_LOSS_MOST_TASKS = 256 };

/* How many strips of `elements` each a task takes, so that it is worth a thread's while. */
int64_t ek_loss_strips_per_task(int64_t strips, int64_t elements);

#endif
