#include "gemm/gemm.h"

#include "common/checked.h"

#include <stdlib.h>

static int64_t magnitude(int64_t stride) { return stride == INT64_MIN ? -1 : llabs(stride); }

/* The farthest element of a view must lie within 63 bits of bytes. */
static int fits(int64_t rows, int64_t row_stride, int64_t columns, int64_t column_stride,
                int64_t batch, int64_t batch_stride) {
    int64_t rows_span = ek_checked_mul(rows, magnitude(row_stride));
    int64_t columns_span = ek_checked_mul(columns, magnitude(column_stride));
    int64_t batch_span = ek_checked_mul(batch, magnitude(batch_stride));
    int64_t span = ek_checked_add(ek_checked_add(rows_span, columns_span), batch_span);
    return ek_checked_mul(span, (int64_t)sizeof(double)) >= 0;
}

int ek_gemm_check(const ek_gemm_problem *p) {
    if (p->m < 0 || p->n < 0 || p->k < 0 || p->batch < 0) {
        return EK_BAD_ARGUMENT;
    }
    if ((unsigned)p->bias > EK_BIAS_PER_ROW || (unsigned)p->activation >= EK_ACTIVATION_COUNT) {
        return EK_BAD_ARGUMENT;
    }
    if (!fits(p->m, p->a_row_stride, p->k, p->a_column_stride, p->batch, p->a_batch_stride) ||
        !fits(p->k, p->b_row_stride, p->n, p->b_column_stride, p->batch, p->b_batch_stride) ||
        !fits(p->m, p->c_row_stride, p->n, 1, p->batch, p->c_batch_stride)) {
        return EK_TOO_LARGE;
    }
    return EK_OK;
}

/* C^T = B^T A^T, for a column of results that a stride of 1 makes a row. */
static ek_gemm_problem transposed(const ek_gemm_problem *p) {
    ek_gemm_problem t = *p;
    t.m = p->n, t.n = p->m;
    t.a_row_stride = p->b_column_stride, t.a_column_stride = p->b_row_stride;
    t.b_row_stride = p->a_column_stride, t.b_column_stride = p->a_row_stride;
    t.a_batch_stride = p->b_batch_stride, t.b_batch_stride = p->a_batch_stride;
    t.c_row_stride = t.n;
    if (p->bias != EK_NO_BIAS) {
        t.bias = p->bias == EK_BIAS_PER_ROW ? EK_BIAS_PER_COLUMN : EK_BIAS_PER_ROW;
    }
    return t;
}

ek_gemm_problem ek_gemm_normal(const ek_gemm_problem *problem, int *swaps) {
    ek_gemm_problem p = *problem;
    int shares_b = p.b_batch_stride == 0 && p.bias != EK_BIAS_PER_ROW;
    if (p.batch > 1 && shares_b && p.a_batch_stride == p.m * p.a_row_stride &&
        p.c_batch_stride == p.m * p.c_row_stride) {
        p.m *= p.batch;
        p.batch = 1;
    }
    int runs_down = p.a_row_stride == 1 && p.a_column_stride != 1;
    int runs_along = p.a_column_stride == 1 && p.b_row_stride == 1;
    *swaps = p.n == 1 && p.m > 1 && p.c_row_stride == 1 && (runs_down || runs_along);
    if (*swaps) {
        p = transposed(&p);
    }
    if (p.k <= 1) {
        p.a_column_stride = p.b_row_stride = 1;
    }
    if (p.n == 1) {
        p.b_column_stride = 1;
    }
    return p;
}
