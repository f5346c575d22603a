/* What the variants of the copies share: which loops a copy takes. */
#ifndef EK_COPY_H
#define EK_COPY_H

#include "einkorn/copy.h"

/*
 * A copy as many matrices y (rows, columns), each at a place of the outer dimensions: its element
 * (r, c) is x[r x_row + c x_column] and y[r y_row + c].
 */
typedef struct ek_copy_plan {
    int64_t elements, rows, columns;
    int64_t x_row, x_column, y_row;
    int rank; /* of the outer dimensions */
    int64_t size[EK_COPY_MOST_DIMENSIONS];
    int64_t x_stride[EK_COPY_MOST_DIMENSIONS], y_stride[EK_COPY_MOST_DIMENSIONS];
} ek_copy_plan;

int ek_copy_make_plan(int rank, const int64_t *shape, const int64_t *strides, ek_copy_plan *plan);

#endif
