/* Recurrent layers over whole sequences, and their gradients. */
#ifndef EINKORN_RNN_H
#define EINKORN_RNN_H

#include "types.h"

typedef enum ek_rnn_cell {
    EK_LSTM = 0,     /* four gates: input, forget, cell, output */
    EK_GRU = 1,      /* three: reset, update, new */
    EK_RNN_TANH = 2, /* one */
    EK_RNN_RELU = 3,
    EK_RNN_CELL_COUNT = 4
} ek_rnn_cell;

/*
 * The rows of a step lie together, and the steps one after the other: `rows` in all, each of
 * `input` values. Step t is taken by the first batch_sizes[t] sequences, which may become fewer but
 * not more and begin with `batch`; NULL stands for all at every step. `reverse` takes the steps
 * from the last to the first. Without `training` the forward pass keeps nothing for a gradient.
 */
typedef struct ek_rnn_problem {
    ek_rnn_cell cell;
    int reverse, training;
    int64_t steps, batch, input, hidden, rows;
    const int64_t *batch_sizes;
} ek_rnn_problem;

/*
 * All are contiguous: states (batch, hidden), of which c0 and c_n belong to LSTM; w_ih (gates
 * hidden, input), w_hh (gates hidden, hidden), biases (gates hidden). `gates` and `inner` are what
 * the gradient needs: the gates after their activations, (rows, gates hidden), and (rows, hidden)
 * values that are LSTM's c after each step, or what GRU's reset gate multiplies. The simple cells
 * need neither, and without `training` no cell does; they are NULL then.
 */
typedef struct ek_rnn_arrays {
    const void *x, *h0, *c0, *w_ih, *w_hh;
    const void *b_ih, *b_hh; /* each may be NULL */
    void *output;            /* h after each step: (rows, hidden) */
    void *h_n, *c_n;         /* of each sequence after its last step */
    void *gates, *inner;
} ek_rnn_arrays;

/* Gradients by the results may be NULL, which is zero; results that are NULL are not computed. */
typedef struct ek_rnn_grad_arrays {
    const void *grad_output, *grad_h_n, *grad_c_n;
    const void *x, *h0, *c0, *w_ih, *w_hh, *output, *gates, *inner;
    void *gx, *gh0, *gc0, *gw_ih, *gw_hh, *gb_ih, *gb_hh;
} ek_rnn_grad_arrays;

#define EK_RNN_TABLE(ROW)                                                                          \
    ROW(rnn, (const ek_rnn_problem *problem, const ek_rnn_arrays *arrays, ek_workspace workspace), \
        (problem, arrays, workspace))                                                              \
    ROW(rnn_workspace, (const ek_rnn_problem *problem, ek_workspace_size *size), (problem, size))  \
    ROW(rnn_grad,                                                                                  \
        (const ek_rnn_problem *problem, const ek_rnn_grad_arrays *arrays, ek_workspace workspace), \
        (problem, arrays, workspace))                                                              \
    ROW(rnn_grad_workspace, (const ek_rnn_problem *problem, ek_workspace_size *size),              \
        (problem, size))

#endif
