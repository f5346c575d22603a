/* Sums over axes. */
#ifndef EINKORN_REDUCE_H
#define EINKORN_REDUCE_H

#include "types.h"

/*
 * All arrays are contiguous; sums of nothing are zeros. column_sum: y (columns) = the sum of the
 * rows of x (rows, columns). channel_sum: y (channels) = the sums of x (batch, channels, pixels)
 * over the other two.
 */
#define EK_REDUCE_TABLE(ROW)                                                                    \
    ROW(column_sum, (int64_t rows, int64_t columns, const void *x, void *y),                    \
        (rows, columns, x, y))                                                                  \
    ROW(channel_sum, (int64_t batch, int64_t channels, int64_t pixels, const void *x, void *y), \
        (batch, channels, pixels, x, y))

#endif
