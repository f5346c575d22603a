/* Copies of arrays of any strides as contiguous ones. */
#ifndef EINKORN_COPY_H
#define EINKORN_COPY_H

#include "types.h"

enum { EK_COPY_MOST_DIMENSIONS = 64 };

/*
 * y, contiguous and of `shape`, = x, whose element i is at the sum of i[d] strides[d]; strides
 * count elements and may be zero or negative. y must not overlap x. Bits are copied, whatever they
 * mean: the dtype says only how wide an element is.
 */
#define EK_COPY_TABLE(ROW)                                                                \
    ROW(strided_copy,                                                                     \
        (int rank, const int64_t *shape, const int64_t *strides, const void *x, void *y), \
        (rank, shape, strides, x, y))

#endif
