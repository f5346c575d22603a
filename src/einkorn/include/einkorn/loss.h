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
 * cross_entropy leaves in gx, unless it is NULL, the gradient of what it returns by the logits, in
 * the same sweep; cross_entropy_chain multiplies that by the gradient by the loss. Both together
 * are cross_entropy_grad, to the last bit.
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
         const void *weight, void *loss, void *gx),                                                \
        (problem, logits, target, weight, loss, gx))                                               \
    ROW(cross_entropy_grad,                                                                        \
        (const ek_cross_entropy_problem *problem, const void *grad, const void *logits,            \
         const int64_t *target, const void *weight, void *gx),                                     \
        (problem, grad, logits, target, weight, gx))                                               \
    ROW(cross_entropy_chain,                                                                       \
        (const ek_cross_entropy_problem *problem, const void *grad, const int64_t *target,         \
         void *gx),                                                                                \
        (problem, grad, target, gx))

#endif
