#include "norm/norm.h"

#include "common/checked.h"

int ek_batch_norm_check(const ek_batch_norm_problem *p) {
    if (p->batch < 0 || p->channels < 0 || p->spatial < 0 || !(p->eps >= 0) ||
        (p->activation != EK_IDENTITY && p->activation != EK_RELU)) {
        return EK_BAD_ARGUMENT;
    }
    int64_t elements = ek_checked_mul(p->batch, p->spatial);
    int64_t bytes = ek_checked_mul(ek_checked_mul(elements, p->channels), (int64_t)sizeof(double));
    return bytes < 0 ? EK_TOO_LARGE : EK_OK;
}
