/* What the variants of the recurrent kernels share: all that does not depend on the ISA. */
#ifndef EK_RNN_H
#define EK_RNN_H

#include "einkorn/gemm.h"
#include "einkorn/rnn.h"

int ek_rnn_check(const ek_rnn_problem *problem);

/* Gates of a cell. */
int64_t ek_rnn_gates(ek_rnn_cell cell);

/* Where each step's rows begin, and after the last one's end: steps + 1 numbers. */
void ek_rnn_find_starts(const ek_rnn_problem *problem, int64_t *starts);

/* A step; they are counted in the order in which they are taken. */
typedef struct ek_rnn_step {
    int64_t rows;   /* sequences that take it */
    int64_t known;  /* of these, the first that took the one before: others begin with h0 */
    int64_t remain; /* and the first that take the next: others end with this */
    int64_t at;     /* where its rows begin */
    int64_t before; /* where those of the step before begin */
} ek_rnn_step;

/* Outside [0, steps) there are no rows. */
ek_rnn_step ek_rnn_step_of(const ek_rnn_problem *problem, const int64_t *starts, int64_t step);

/* C (m, n) = A (m, k) B (k, n) of contiguous matrices. */
ek_gemm_problem ek_plain_product(int64_t m, int64_t n, int64_t k);

/* The products that finish the backward pass, of gradients by the gates' sums with others. */
enum { EK_GX, EK_GW_IH, EK_GW_HH, EK_GH0, EK_RNN_PRODUCTS };

#endif
