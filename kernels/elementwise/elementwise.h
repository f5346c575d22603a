/* What the variants of the elementwise family share: checks, and how work is split. */
#ifndef EK_ELEMENTWISE_H
#define EK_ELEMENTWISE_H

#include "common/checked.h"
#include "einkorn/elementwise.h"

/*
 * Below the first many elements a second thread costs more than it brings. Above, the pieces are
 * small: three large ones were one and two for two threads, who then also met data that the other
 * had in its cache from the kernel before.
 */
enum { EK_ELEMENTWISE_ALONE = 1 << 16, EK_ELEMENTWISE_TASK = 1 << 14 };

/* Registers that are loaded before the ones before them are stored. Large arrays of NumPy's begin
 * 16 bytes into a page and results 64: a load then touches the page offset of the store before it,
 * and waits for that to be written, which for a non-temporal one takes long. */
enum { EK_ELEMENTWISE_AHEAD = 4 };

typedef struct ek_split {
    int64_t tasks, per_task;
} ek_split;

/* Even shares, in whole cache lines so that no two tasks write to the same one. */
static inline ek_split ek_split_elements(int64_t n) {
    int64_t pieces = ek_min(ek_ceil_div(n, EK_ELEMENTWISE_TASK), 64);
    int64_t tasks = ek_max(pieces, ek_ceil_div(n, EK_ELEMENTWISE_ALONE));
    if (n <= EK_ELEMENTWISE_ALONE) {
        tasks = n > 0;
    }
    ek_split split = {tasks, tasks ? ek_round_up(ek_ceil_div(n, tasks), 64) : 0};
    return split;
}

static inline int ek_elementwise_check(int64_t n) {
    if (n < 0) {
        return EK_BAD_ARGUMENT;
    }
    return ek_checked_mul(n, (int64_t)sizeof(double)) < 0 ? EK_TOO_LARGE : EK_OK;
}

/* Checks the problem of bias_activation and counts its elements. */
static inline int ek_bias_activation_check(const ek_bias_activation_problem *p, int64_t *elements) {
    if (p->outer < 0 || p->channels < 0 || p->inner < 0) {
        return EK_BAD_ARGUMENT;
    }
    *elements = ek_checked_mul(ek_checked_mul(p->outer, p->channels), p->inner);
    return *elements < 0 ? EK_TOO_LARGE : ek_elementwise_check(*elements);
}

#endif
