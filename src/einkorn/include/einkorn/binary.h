/* Products of a matrix of zeros and ones: C = activation(alpha * A B + beta * C + bias). */
#ifndef EINKORN_BINARY_H
#define EINKORN_BINARY_H

#include "types.h"

/*
 * A (m, k), B (k, n), C (m, n). Strides count elements; those of A and B are free, of C's one is 1.
 * `bias`, one to a column, may be NULL.
 */
typedef struct ek_binary_problem {
    int64_t m, n, k;
    int64_t a_row_stride, a_column_stride;
    int64_t b_row_stride, b_column_stride;
    int64_t c_row_stride, c_column_stride;
    double alpha, beta;
    ek_activation activation;
} ek_binary_problem;

/* EK_BAD_VALUE, with C as it was, where an element of A is neither 0 nor 1. */
#define EK_BINARY_TABLE(ROW)                                                                  \
    ROW(binary_matmul,                                                                        \
        (const ek_binary_problem *problem, const void *a, const void *b, const void *bias,    \
         void *c, ek_workspace workspace),                                                    \
        (problem, a, b, bias, c, workspace))                                                  \
    ROW(binary_matmul_workspace, (const ek_binary_problem *problem, ek_workspace_size *size), \
        (problem, size))

#endif
