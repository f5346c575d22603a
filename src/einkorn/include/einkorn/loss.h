/* Softmax, its logarithm, and the cross entropy of class indices. */
#ifndef EINKORN_LOSS_H
#define EINKORN_LOSS_H

#include "types.h"

/* Arrays (outer, length, inner), C-contiguous; normalised over the middle axis. A result may take
 * the place of an operand. */
typedef struct ek_softmax_problem {
    int64_t outer, length, inner;
} ek_softmax_problem;

typedef enum ek_reduction {
    EK_REDUCE_NONE = 0,
    EK_REDUCE_SUM = 1,
    EK_REDUCE_MEAN = 2, /* over the weights of the targets, not over their number */
    EK_REDUCTION_COUNT = 3
} ek_reduction;

/*
 * logits (samples, classes, inner) and target (samples, inner). A target is a class or
 * ignore_index; anything else is EK_BAD_INDEX. weight (classes) may be NULL, which means ones.
 * The loss, and the gradient by it, has the shape of target for EK_REDUCE_NONE, else one element.
 * normalizers (2, samples, inner), which may be NULL, are what the forward pass leaves for the
 * gradient of the same logits: the greatest logit of each sample, and the sum of
 * exp(logit - greatest). With them the gradient is faster, and the same to the last bit.
 */
typedef struct ek_cross_entropy_problem {
    int64_t samples, classes, inner;
    int64_t ignore_index;
    ek_reduction reduction;
} ek_cross_entropy_problem;

/* ROW(name, parameters, arguments); each function takes an ek_dtype before these parameters. */
#define EK_LOSS_TABLE(ROW)                                                                         \
    ROW(softmax, (const ek_softmax_problem *problem, const void *x, void *y), (problem, x, y))     \
    ROW(log_softmax, (const ek_softmax_problem *problem, const void *x, void *y), (problem, x, y)) \
    ROW(softmax_grad,                                                                              \
        (const ek_softmax_problem *problem, const void *grad, const void *y, void *gx),            \
        (problem, grad, y, gx))                                                                    \
    ROW(log_softmax_grad,                                                                          \
        (const ek_softmax_problem *problem, const void *grad, const void *y, void *gx),            \
        (problem, grad, y, gx))                                                                    \
    ROW(cross_entropy,                                                                             \
        (const ek_cross_entropy_problem *problem, const void *logits, const int64_t *target,       \
         const void *weight, void *loss, void *normalizers),                                       \
        (problem, logits, target, weight, loss, normalizers))                                      \
    ROW(cross_entropy_grad,                                                                        \
        (const ek_cross_entropy_problem *problem, const void *grad, const void *logits,            \
         const int64_t *target, const void *weight, const void *normalizers, void *gx),            \
        (problem, grad, logits, target, weight, normalizers, gx))

#endif
