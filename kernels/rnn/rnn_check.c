#include "rnn/rnn.h"

#include "common/checked.h"

int ek_lstm_check(const ek_lstm_problem *p) {
    if (p->steps < 0 || p->batch < 0 || p->input < 0 || p->hidden < 0) {
        return EK_BAD_ARGUMENT;
    }
    /* Room for the workspace too, whose panels are rounded up by less than 64 units. */
    int64_t units = ek_checked_add(p->hidden, 64), inputs = ek_checked_add(p->input, 64);
    int64_t rows = ek_checked_mul(ek_checked_add(p->steps, 1), ek_checked_add(p->batch, 64));
    int64_t gates = ek_checked_mul(4 * (int64_t)sizeof(double), units);
    int64_t weights = ek_checked_mul(gates, ek_checked_add(ek_checked_mul(4, units), inputs));
    int64_t values = ek_checked_mul(gates, rows), read = ek_checked_mul(8 * inputs, rows);
    int64_t total = ek_checked_add(ek_checked_add(weights, values), read);
    return gates < 0 || ek_checked_mul(2, total) < 0 ? EK_TOO_LARGE : EK_OK;
}

ek_gemm_problem ek_plain_product(int64_t m, int64_t n, int64_t k) {
    return (ek_gemm_problem){.m = m,
                             .n = n,
                             .k = k,
                             .batch = 1,
                             .a_row_stride = k,
                             .a_column_stride = 1,
                             .b_row_stride = n,
                             .b_column_stride = 1,
                             .c_row_stride = n,
                             .alpha = 1};
}
