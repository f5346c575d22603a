#include "common/checked.h"
#include "gemm/binary.h"

#include <stdlib.h>

static int64_t magnitude(int64_t stride) { return stride == INT64_MIN ? -1 : llabs(stride); }

/* The farthest element of a matrix must lie within 63 bits of bytes. */
static int fits(int64_t rows, int64_t row_stride, int64_t columns, int64_t column_stride) {
    int64_t down = ek_checked_mul(rows, magnitude(row_stride));
    int64_t along = ek_checked_mul(columns, magnitude(column_stride));
    return ek_checked_mul(ek_checked_add(down, along), (int64_t)sizeof(double)) >= 0;
}

int ek_binary_check(const ek_binary_problem *p) {
    if (p->m < 0 || p->n < 0 || p->k < 0 || (p->c_row_stride != 1 && p->c_column_stride != 1) ||
        (unsigned)p->activation >= EK_ACTIVATION_COUNT) {
        return EK_BAD_ARGUMENT;
    }
    /* Codes are padded by less than 64 rows and 32 columns. */
    int64_t rows = ek_checked_add(p->m, 64), columns = ek_checked_add(p->k, 64);
    if (ek_checked_mul(rows, columns) < 0 || ek_checked_add(p->n, 64) < 0 ||
        !fits(p->m, p->a_row_stride, p->k, p->a_column_stride) ||
        !fits(p->k, p->b_row_stride, p->n, p->b_column_stride) ||
        !fits(p->m, p->c_row_stride, p->n, p->c_column_stride)) {
        return EK_TOO_LARGE;
    }
    return EK_OK;
}
