/* Connectionist temporal classification: labels of a sequence without their places in it. */
#ifndef EINKORN_CTC_H
#define EINKORN_CTC_H

#include "types.h"

/*
 * Log-probabilities (steps, batch, classes) and targets, lists of classes one behind the other.
 * Sample i is log_probs[:input_lengths[i], i] and targets[starts[i]] up to
 * targets[starts[i] + target_lengths[i]], of at most `labels` classes.
 */
typedef struct ek_ctc_problem {
    int64_t steps, batch, classes;
    int64_t labels;
    int64_t blank;
    int64_t total; /* elements of targets */
    const int64_t *targets, *starts, *input_lengths, *target_lengths;
    int zero_infinity; /* whether an infinite loss has a gradient of zeros, not of NaN */
} ek_ctc_problem;

/*
 * ctc_loss: loss (batch) and log_alpha (batch, steps, 2 labels + 1), the logarithms of the forward
 * variables: -inf where a sample has no such step or state. ctc_loss_grad: gx, the gradient by
 * log_probs under the softmax, from that by the losses. EK_BAD_INDEX where a target is no class.
 */
#define EK_CTC_TABLE(ROW)                                                                          \
    ROW(ctc_loss,                                                                                  \
        (const ek_ctc_problem *problem, const void *log_probs, void *loss, void *log_alpha,        \
         ek_workspace workspace),                                                                  \
        (problem, log_probs, loss, log_alpha, workspace))                                          \
    ROW(ctc_loss_grad,                                                                             \
        (const ek_ctc_problem *problem, const void *grad, const void *log_probs, const void *loss, \
         const void *log_alpha, void *gx, ek_workspace workspace),                                 \
        (problem, grad, log_probs, loss, log_alpha, gx, workspace))                                \
    ROW(ctc_loss_workspace, (const ek_ctc_problem *problem, ek_workspace_size *size),              \
        (problem, size))

#endif
