#include "ctc/ctc.h"

#include "common/checked.h"

int64_t ek_ctc_states(const ek_ctc_problem *p) { return 2 * p->labels + 1; }

static int lengths_fit(const ek_ctc_problem *p, int64_t i) {
    int64_t start = p->starts[i], length = p->target_lengths[i], steps = p->input_lengths[i];
    return steps >= 0 && steps <= p->steps && length >= 0 && length <= p->labels && start >= 0 &&
           start <= p->total && length <= p->total - start;
}

static int are_classes(const int64_t *targets, int64_t count, int64_t classes) {
    int64_t wrong = 0;
    for (int64_t i = 0; i < count; i++) {
        wrong += targets[i] < 0 || targets[i] >= classes;
    }
    return wrong == 0;
}

int ek_ctc_check(const ek_ctc_problem *p) {
    if (p->steps < 0 || p->batch < 0 || p->classes < 1 || p->labels < 0 || p->total < 0 ||
        p->blank < 0 || p->blank >= p->classes) {
        return EK_BAD_ARGUMENT;
    }
    /* Some rows of states are scratch of each thread; 64 elements pad each. */
    int64_t states = ek_checked_add(ek_checked_mul(2, p->labels), 256);
    int64_t widest = ek_checked_add(states, p->classes);
    int64_t rows = ek_checked_add(ek_checked_mul(p->steps, p->batch), 1 << 14);
    if (ek_checked_mul(ek_checked_mul(rows, widest), 8) < 0) {
        return EK_TOO_LARGE;
    }
    for (int64_t i = 0; i < p->batch; i++) {
        if (!lengths_fit(p, i)) {
            return EK_BAD_ARGUMENT;
        }
        if (!are_classes(p->targets + p->starts[i], p->target_lengths[i], p->classes)) {
            return EK_BAD_INDEX;
        }
    }
    return EK_OK;
}
