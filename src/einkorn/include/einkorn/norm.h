/* Batch normalisation of contiguous (batch, channels, spatial) arrays, a channel at a time. */
#ifndef EINKORN_NORM_H
#define EINKORN_NORM_H

#include "types.h"

typedef struct ek_batch_norm_problem {
    int64_t batch, channels, spatial; /* spatial: 1 for (N, C) */
    double eps;
    int training;             /* whether the statistics are those of x */
    ek_activation activation; /* of batch_norm: EK_IDENTITY or EK_RELU */
} ek_batch_norm_problem;

/*
 * batch_norm: y = f((x - mean) inv_std weight + bias); weight and bias may be NULL. `mean` and
 * `var` are read without `training` only; `used_mean` and `inv_std` receive what was used.
 * batch_norm_grad: gx, gweight and gbias from the mean and inv_std of the forward pass, which with
 * `training` depended on x. `y` is what it returned if it ended in EK_RELU, else NULL.
 */
#define EK_NORM_TABLE(ROW)                                                                     \
    ROW(batch_norm,                                                                            \
        (const ek_batch_norm_problem *problem, const void *x, const void *weight,              \
         const void *bias, const void *mean, const void *var, void *y, void *used_mean,        \
         void *inv_std),                                                                       \
        (problem, x, weight, bias, mean, var, y, used_mean, inv_std))                          \
    ROW(batch_norm_grad,                                                                       \
        (const ek_batch_norm_problem *problem, const void *grad, const void *x, const void *y, \
         const void *weight, const void *mean, const void *inv_std, void *gx, void *gweight,   \
         void *gbias),                                                                         \
        (problem, grad, x, y, weight, mean, inv_std, gx, gweight, gbias))

#endif
