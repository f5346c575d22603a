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

typedef enum ek_bag_mode { EK_BAG_SUM, EK_BAG_MEAN, EK_BAG_MAX } ek_bag_mode;

typedef struct ek_embedding_bag_problem {
    int64_t count, bags; /* of indices, and of the bags that they are in */
    int64_t rows, width; /* of the table */
    int64_t padding;     /* the row that counts for nothing, or -1 */
    ek_bag_mode mode;
    int by_frequency; /* whether a row's gradient is divided by the number of its uses */
} ek_embedding_bag_problem;

/*
 * embedding: y (count, width) = table[index]. embedding_grad: gtable (rows, width), for each row
 * the sum of the gradients of its uses in their order. EK_BAD_INDEX where an index is not in
 * [0, rows).
 *
 * embedding_bag: y (bags, width), for each bag the sum, mean or greatest of the rows that its
 * indices name; zeros for an empty one. Bag b has the indices from offsets[b] to the next bag's,
 * the last one to the end; offsets ascend from 0, else EK_BAD_ARGUMENT. `weight` (count), of sums
 * only, multiplies rows; or NULL. `best` (bags, width), of EK_BAG_MAX only, are the rows of the
 * greatest elements, the first of equals, -1 for an empty bag. embedding_bag_grad: gtable (rows,
 * width), for each row the sum over its uses in their order.
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
        (problem, size))                                                                          \
    ROW(embedding_bag,                                                                            \
        (const ek_embedding_bag_problem *problem, const void *table, const int64_t *index,        \
         const int64_t *offsets, const void *weight, void *y, int64_t *best),                     \
        (problem, table, index, offsets, weight, y, best))                                        \
    ROW(embedding_bag_grad,                                                                       \
        (const ek_embedding_bag_problem *problem, const void *grad, const int64_t *index,         \
         const int64_t *offsets, const void *weight, const int64_t *best, void *gtable,           \
         ek_workspace workspace),                                                                 \
        (problem, grad, index, offsets, weight, best, gtable, workspace))                         \
    ROW(embedding_bag_grad_workspace,                                                             \
        (const ek_embedding_bag_problem *problem, ek_workspace_size *size), (problem, size))

#endif
