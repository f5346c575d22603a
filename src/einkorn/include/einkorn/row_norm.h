/* Layer, group, instance and root-mean-square normalisation: of each row of a matrix by itself. */
#ifndef EINKORN_ROW_NORM_H
#define EINKORN_ROW_NORM_H

#include "types.h"

/*
 * Contiguous x (rows, length). Weights and biases belong to runs of `inner` values; those of
 * `groups` successive rows differ and then repeat: groups * length / inner of them. Layers have
 * 1 group and runs of 1, groups of channels as many groups as there are, and runs of pixels.
 */
typedef struct ek_row_norm_problem {
    int64_t rows, length, groups, inner;
    double eps;
    int centred; /* whether the mean is taken away: not by the root mean square */
} ek_row_norm_problem;

/*
 * row_norm: y = (x - mean) inv_std weight + bias; weight and bias may be NULL. `mean` and `inv_std`
 * (rows) receive what was used.
 * row_norm_grad: gx, and unless they are NULL gweight and gbias.
 */
#define EK_ROW_NORM_TABLE(ROW)                                                                    \
    ROW(row_norm,                                                                                 \
        (const ek_row_norm_problem *problem, const void *x, const void *weight, const void *bias, \
         void *y, void *mean, void *inv_std),                                                     \
        (problem, x, weight, bias, y, mean, inv_std))                                             \
    ROW(row_norm_grad,                                                                            \
        (const ek_row_norm_problem *problem, const void *grad, const void *x, const void *weight, \
         const void *mean, const void *inv_std, void *gx, void *gweight, void *gbias,             \
         ek_workspace workspace),                                                                 \
        (problem, grad, x, weight, mean, inv_std, gx, gweight, gbias, workspace))                 \
    ROW(row_norm_grad_workspace, (const ek_row_norm_problem *problem, ek_workspace_size *size),   \
        (problem, size))

#endif
