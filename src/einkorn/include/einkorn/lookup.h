/* Rows of a table chosen by indices, and the sum of gradients that goes back to it. */
#ifndef EINKORN_LOOKUP_H
#define EINKORN_LOOKUP_H

#include "types.h"

typedef struct ek_embedding_problem {
    int64_t count;       /* of indices */
    int64_t rows, width; /* of the table */
    int64_t padding;     /* the row that receives no gradient, or -1 */
    int by_frequency;    /* whether a row's gradient is divided by the number of its uses */
} ek_embedding_problem;

/*
 * embedding: y (count, width) = table[index]. embedding_grad: gtable (rows, width), for each row
 * the sum of the gradients of its uses in their order. EK_BAD_INDEX where an index is not in
 * [0, rows).
 */
#define EK_LOOKUP_TABLE(ROW)                                                                      \
    ROW(embedding,                                                                                \
        (const ek_embedding_problem *problem, const void *table, const int64_t *index, void *y),  \
        (problem, table, index, y))                                                               \
    ROW(embedding_grad,                                                                           \
        (const ek_embedding_problem *problem, const void *grad, const int64_t *index,             \
         void *gtable, ek_workspace workspace),                                                   \
        (problem, grad, index, gtable, workspace))                                                \
    ROW(embedding_grad_workspace, (const ek_embedding_problem *problem, ek_workspace_size *size), \
        (problem, size))

#endif
