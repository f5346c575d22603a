/* What the machine can do at best, to hold the other kernels against. */
#ifndef EINKORN_ROOF_H
#define EINKORN_ROOF_H

#include "types.h"

/*
 * roof_fma: `tasks` tasks, each of `repeats` rounds of independent fused multiply-adds on all lanes
 * of enough registers to hide their latency: a <- a / 2 + 1. y (tasks) = each task's sum of the
 * registers' lanes over their number, which tends to 2; *flops = the operations done, two for each
 * multiply-add.
 *
 * roof_copy: y <- x, n contiguous elements; `streamed` writes past the caches.
 */
#define EK_ROOF_TABLE(ROW)                                                   \
    ROW(roof_fma, (int64_t tasks, int64_t repeats, void *y, int64_t *flops), \
        (tasks, repeats, y, flops))                                          \
    ROW(roof_copy, (int64_t n, int streamed, const void *x, void *y), (n, streamed, x, y))

#endif
