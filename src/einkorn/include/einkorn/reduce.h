/* Sums and extremes over axes. */
#ifndef EINKORN_REDUCE_H
#define EINKORN_REDUCE_H

#include "types.h"

/*
 * All arrays are contiguous; sums of nothing are zeros. sum: y (outer, inner) = the sums of
 * x (outer, length, inner) over the middle axis, divided by `divisor`: 1, or the length for means.
 * channel_sum: y (channels) = the sums of x (batch, channels, pixels) over the other two.
 * extreme: y (outer, inner) = the greatest elements of x (outer, length, inner), or the smallest
 * where `least`, and `index` where in the middle axis they are, the first of equals; NaN is beyond
 * every number. y or index may be NULL; a length of 0 has none.
 */
#define EK_REDUCE_TABLE(ROW)                                                                    \
    ROW(sum,                                                                                    \
        (int64_t outer, int64_t length, int64_t inner, double divisor, const void *x, void *y), \
        (outer, length, inner, divisor, x, y))                                                  \
    ROW(channel_sum, (int64_t batch, int64_t channels, int64_t pixels, const void *x, void *y), \
        (batch, channels, pixels, x, y))                                                        \
    ROW(extreme,                                                                                \
        (int least, int64_t outer, int64_t length, int64_t inner, const void *x, void *y,       \
         int64_t *index),                                                                       \
        (least, outer, length, inner, x, y, index))

#endif
