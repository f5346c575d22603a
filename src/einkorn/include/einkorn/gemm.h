/* Matrix multiplication: C = activation(alpha * A B + beta * C + bias). */
#ifndef EINKORN_GEMM_H
#define EINKORN_GEMM_H

#include "types.h"

typedef enum ek_bias { EK_NO_BIAS = 0, EK_BIAS_PER_COLUMN = 1, EK_BIAS_PER_ROW = 2 } ek_bias;

/*
 * Strides count elements and may be zero or negative, so that any view (transposed, sliced,
 * broadcast) is read in place; the columns of C are contiguous. `batch` products run over matrices
 * that lie `*_batch_stride` elements apart.
 */
typedef struct ek_gemm_problem {
    int64_t m, n, k, batch;
    int64_t a_row_stride, a_column_stride, a_batch_stride;
    int64_t b_row_stride, b_column_stride, b_batch_stride;
    int64_t c_row_stride, c_batch_stride;
    double alpha, beta;
    ek_bias bias;
    ek_activation activation;
} ek_gemm_problem;

/* ROW(name, parameters, arguments); each function takes an ek_dtype before these parameters. */
#define EK_GEMM_TABLE(ROW)                                                                        \
    ROW(gemm,                                                                                     \
        (const ek_gemm_problem *problem, const void *a, const void *b, const void *bias, void *c, \
         ek_workspace workspace),                                                                 \
        (problem, a, b, bias, c, workspace))                                                      \
    ROW(gemm_workspace, (const ek_gemm_problem *problem, ek_workspace_size *size), (problem, size))

#endif
