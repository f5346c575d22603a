#include "norm/row_norm.h"

#include "common/checked.h"

int ek_row_norm_check(const ek_row_norm_problem *p) {
    if (p->rows < 0 || p->length < 0 || p->groups < 1 || p->inner < 1 || !(p->eps >= 0)) {
        return EK_BAD_ARGUMENT;
    }
    if (p->length % p->inner != 0 || p->rows % p->groups != 0) {
        return EK_BAD_ARGUMENT;
    }
    int64_t values = ek_checked_mul(ek_max(p->rows, p->groups), p->length);
    return ek_checked_mul(values, 4 * (int64_t)sizeof(double)) < 0 ? EK_TOO_LARGE : EK_OK;
}

int ek_row_norm_plan_grad(const ek_row_norm_problem *p, int affine, int64_t item_bytes,
                          ek_row_norm_plan *plan) {
    const int64_t most_blocks = 16, fewest_rows = 8;
    int status = ek_row_norm_check(p);
    if (status != EK_OK) {
        return status;
    }
    plan->by_column = p->groups == 1 && p->inner == 1;
    plan->values = p->groups * (p->length / p->inner);
    plan->rows_per_block = ek_max(ek_ceil_div(p->rows, most_blocks), fewest_rows);
    plan->blocks = ek_ceil_div(p->rows, plan->rows_per_block);
    int64_t sums = plan->by_column ? plan->blocks * p->length : p->rows * (p->length / p->inner);
    int64_t item = plan->by_column ? (int64_t)sizeof(double) + item_bytes : (int64_t)sizeof(double);
    plan->bytes = affine ? ek_checked_mul(sums, 2 * item) : 0;
    return plan->bytes < 0 ? EK_TOO_LARGE : EK_OK;
}
