/* Long short-term memory over whole sequences, and its gradient. */
#ifndef EINKORN_RNN_H
#define EINKORN_RNN_H

#include "types.h"

/*
 * x: (steps, batch, input); states: (batch, hidden); w_ih: (4 hidden, input); w_hh: (4 hidden,
 * hidden); biases: (4 hidden). All are contiguous. Gates lie in the order input, forget, cell,
 * output. `reverse` takes the steps from the last to the first.
 */
typedef struct ek_lstm_problem {
    int64_t steps, batch, input, hidden;
    int reverse;
} ek_lstm_problem;

typedef struct ek_lstm_arrays {
    const void *x, *h0, *c0, *w_ih, *w_hh;
    const void *b_ih, *b_hh; /* each may be NULL */
    void *output;            /* h of each step: (steps, batch, hidden) */
    void *gates;             /* after their activations: (steps, batch, 4 hidden) */
    void *cells;             /* c of each step: (steps, batch, hidden) */
} ek_lstm_arrays;

/* Gradients by the results may be NULL, which is zero; `gb` is that of either bias. */
typedef struct ek_lstm_grad_arrays {
    const void *grad_output, *grad_h_n, *grad_c_n;
    const void *x, *h0, *c0, *output, *gates, *cells, *w_ih, *w_hh;
    void *gx, *gh0, *gc0, *gw_ih, *gw_hh, *gb;
} ek_lstm_grad_arrays;

#define EK_RNN_TABLE(ROW)                                                                       \
    ROW(lstm,                                                                                   \
        (const ek_lstm_problem *problem, const ek_lstm_arrays *arrays, ek_workspace workspace), \
        (problem, arrays, workspace))                                                           \
    ROW(lstm_workspace, (const ek_lstm_problem *problem, ek_workspace_size *size),              \
        (problem, size))                                                                        \
    ROW(lstm_grad,                                                                              \
        (const ek_lstm_problem *problem, const ek_lstm_grad_arrays *arrays,                     \
         ek_workspace workspace),                                                               \
        (problem, arrays, workspace))                                                           \
    ROW(lstm_grad_workspace, (const ek_lstm_problem *problem, ek_workspace_size *size),         \
        (problem, size))

#endif
