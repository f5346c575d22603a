/* What the variants of the recurrent kernels share: checks that do not depend on the ISA. */
#ifndef EK_RNN_H
#define EK_RNN_H

#include "einkorn/gemm.h"
#include "einkorn/rnn.h"

int ek_lstm_check(const ek_lstm_problem *problem);

/* C (m, n) = A (m, k) B (k, n) of contiguous matrices. */
ek_gemm_problem ek_plain_product(int64_t m, int64_t n, int64_t k);

/*
 * The products that finish the backward pass, each with the gates' gradients on the left. That by
 * w_hh pairs them with the state before each step, which for the first is h0 and else an output.
 */
enum { EK_GX, EK_GH0, EK_GW_IH, EK_GW_HH_FIRST, EK_GW_HH, EK_LSTM_PRODUCTS };

/* Where a step lies in the arrays. */
static inline int64_t ek_lstm_time(const ek_lstm_problem *p, int64_t step) {
    return p->reverse ? p->steps - 1 - step : step;
}

#endif
