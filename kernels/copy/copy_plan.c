#include "copy/copy.h"

#include "common/checked.h"

/* Without dimensions of one element, and neighbours that x and y both have side by side as one. */
static void join_dimensions(int rank, const int64_t *shape, const int64_t *strides,
                            ek_copy_plan *plan) {
    int last = -1;
    for (int d = 0; d < rank; d++) {
        if (shape[d] == 1) {
            continue;
        }
        if (last >= 0 && plan->x_stride[last] == shape[d] * strides[d]) {
            plan->size[last] *= shape[d];
        } else {
            plan->size[++last] = shape[d];
        }
        plan->x_stride[last] = strides[d];
    }
    plan->rank = last + 1;
    int64_t step = 1;
    for (int d = last; d >= 0; d--) {
        plan->y_stride[d] = step;
        step *= plan->size[d];
    }
}

static void remove_dimension(ek_copy_plan *plan, int dimension) {
    plan->rank--;
    for (int d = dimension; d < plan->rank; d++) {
        plan->size[d] = plan->size[d + 1];
        plan->x_stride[d] = plan->x_stride[d + 1];
        plan->y_stride[d] = plan->y_stride[d + 1];
    }
}

/* Rows run along the dimension that x has side by side, or else along the last but one. */
static int row_dimension(const ek_copy_plan *plan) {
    for (int d = plan->rank - 1; d >= 0 && plan->x_column != 1; d--) {
        if (plan->x_stride[d] == 1) {
            return d;
        }
    }
    return plan->rank - 1;
}

int ek_copy_make_plan(int rank, const int64_t *shape, const int64_t *strides, ek_copy_plan *plan) {
    if (rank < 0 || rank > EK_COPY_MOST_DIMENSIONS) {
        return EK_BAD_ARGUMENT;
    }
    plan->elements = 1;
    for (int d = 0; d < rank; d++) {
        if (shape[d] < 0) {
            return EK_BAD_ARGUMENT;
        }
        plan->elements = ek_checked_mul(plan->elements, shape[d]);
    }
    if (ek_checked_mul(plan->elements, (int64_t)sizeof(double)) < 0) {
        return EK_TOO_LARGE;
    }
    plan->rows = plan->columns = plan->x_row = plan->x_column = plan->y_row = 1;
    plan->rank = 0;
    if (plan->elements == 0) {
        return EK_OK;
    }
    join_dimensions(rank, shape, strides, plan);
    if (plan->rank > 0) {
        plan->columns = plan->size[plan->rank - 1];
        plan->x_column = plan->x_stride[plan->rank - 1];
        plan->rank--;
    }
    if (plan->rank > 0) {
        int d = row_dimension(plan);
        plan->rows = plan->size[d];
        plan->x_row = plan->x_stride[d];
        plan->y_row = plan->y_stride[d];
        remove_dimension(plan, d);
    }
    return EK_OK;
}
