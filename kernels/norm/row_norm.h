/* What the variants of row normalisation share. */
#ifndef EK_ROW_NORM_H
#define EK_ROW_NORM_H

#include "einkorn/row_norm.h"

/* How the rows' parts of the gradients of weight and bias are kept until they are summed. */
typedef struct ek_row_norm_plan {
    int by_column;  /* weights lie along the rows: sums of each block of rows; else of each run */
    int64_t values; /* of weight */
    int64_t blocks, rows_per_block;
    int64_t bytes; /* of workspace */
} ek_row_norm_plan;

int ek_row_norm_check(const ek_row_norm_problem *problem);
/* `affine`: whether there are gradients of weight and bias. */
int ek_row_norm_plan_grad(const ek_row_norm_problem *problem, int affine, int64_t item_bytes,
                          ek_row_norm_plan *plan);

#endif
