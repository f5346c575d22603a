/* What the variants of gemm share: what does not depend on the ISA. */
#ifndef EK_GEMM_H
#define EK_GEMM_H

#include "einkorn/gemm.h"

int ek_gemm_check(const ek_gemm_problem *problem);

/*
 * The same problem in the form that the kernels look at: neighbours of a lone row, column or batch
 * lie wherever it suits, batches that share B become rows, and a column of results a row.
 * `swaps` says that A and B have changed places.
 */
ek_gemm_problem ek_gemm_normal(const ek_gemm_problem *problem, int *swaps);

/* Where part `index` of `parts` begins when `total` is shared out evenly; part `parts` ends it. */
static inline int64_t ek_share_begin(int64_t total, int64_t parts, int64_t index) {
    int64_t rest = total % parts;
    return total / parts * index + (index < rest ? index : rest);
}

#endif
