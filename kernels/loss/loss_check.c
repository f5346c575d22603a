#include "loss/loss.h"

#include "common/checked.h"

static int check_size(int64_t outer, int64_t length, int64_t inner) {
    if (outer < 0 || length < 0 || inner < 0) {
        return EK_BAD_ARGUMENT;
    }
    /* The targets, (outer, inner), exist even where there are no classes. */
    int64_t rows = ek_checked_mul(outer, inner);
    int64_t bytes = ek_checked_mul(ek_checked_mul(rows, ek_max(length, 1)), 8);
    return bytes < 0 ? EK_TOO_LARGE : EK_OK;
}

int ek_softmax_check(const ek_softmax_problem *p) {
    return check_size(p->outer, p->length, p->inner);
}

int ek_cross_entropy_check(const ek_cross_entropy_problem *p) {
    if ((unsigned)p->reduction >= EK_REDUCTION_COUNT) {
        return EK_BAD_ARGUMENT;
    }
    return check_size(p->samples, p->classes, p->inner);
}

int64_t ek_loss_strips_per_task(int64_t strips, int64_t elements) {
    const int64_t task_elements = 1 << 15;
    int64_t least = ek_max(task_elements / ek_max(elements, 1), 1);
    int64_t tasks = ek_min(ek_ceil_div(strips, least), EK_LOSS_MOST_TASKS);
    return ek_ceil_div(strips, ek_max(tasks, 1));
}
