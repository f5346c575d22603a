/* Sums over an axis. */
#ifndef EINKORN_REDUCE_H
#define EINKORN_REDUCE_H

#include "types.h"

/* column_sum: y (columns) = the sum of the rows of x (rows, columns), contiguous; no rows: zeros.
 */
#define EK_REDUCE_TABLE(ROW) \
    ROW(column_sum, (int64_t rows, int64_t columns, const void *x, void *y), (rows, columns, x, y))

#endif
