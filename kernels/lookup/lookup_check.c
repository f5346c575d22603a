#include "lookup/lookup.h"

#include "common/checked.h"

#include <string.h>

int ek_embedding_check(const ek_embedding_problem *p) {
    if (p->count < 0 || p->rows < 0 || p->width < 0) {
        return EK_BAD_ARGUMENT;
    }
    int64_t values = ek_checked_mul(ek_max(p->count, p->rows), p->width);
    int64_t places = ek_checked_add(p->count, p->rows);
    int too_large = ek_checked_mul(values, (int64_t)sizeof(double)) < 0 ||
                    ek_checked_mul(places, 2 * (int64_t)sizeof(int64_t)) < 0;
    return too_large ? EK_TOO_LARGE : EK_OK;
}

int64_t ek_embedding_order_bytes(const ek_embedding_problem *p) {
    return (p->rows + 1 + p->count) * (int64_t)sizeof(int64_t);
}

int ek_embedding_order(const ek_embedding_problem *p, const int64_t *index, int64_t *starts,
                       int64_t *order) {
    memset(starts, 0, (size_t)(p->rows + 1) * sizeof *starts);
    for (int64_t i = 0; i < p->count; i++) {
        if (index[i] < 0 || index[i] >= p->rows) {
            return EK_BAD_INDEX;
        }
        starts[index[i] + 1]++;
    }
    for (int64_t row = 0; row < p->rows; row++) {
        starts[row + 1] += starts[row];
    }
    for (int64_t i = 0; i < p->count; i++) {
        order[starts[index[i]]++] = i;
    }
    /* Each start has moved on to the next one's. */
    memmove(starts + 1, starts, (size_t)p->rows * sizeof *starts);
    starts[0] = 0;
    return EK_OK;
}

ek_embedding_problem ek_embedding_of_bags(const ek_embedding_bag_problem *p) {
    return (ek_embedding_problem){.count = p->count,
                                  .rows = p->rows,
                                  .width = p->width,
                                  .padding = p->padding,
                                  .by_frequency = p->by_frequency};
}

int ek_embedding_bag_check(const ek_embedding_bag_problem *p) {
    ek_embedding_problem rows = ek_embedding_of_bags(p);
    int status = ek_embedding_check(&rows);
    if (status != EK_OK) {
        return status;
    }
    if (p->bags < 0 || (p->bags == 0 && p->count > 0) || p->mode < EK_BAG_SUM ||
        p->mode > EK_BAG_MAX) {
        return EK_BAD_ARGUMENT;
    }
    int64_t values = ek_checked_mul(p->bags, ek_max(p->width, 1));
    int64_t places = ek_checked_add(ek_checked_add(p->rows, p->bags), 2 * p->count);
    int too_large = ek_checked_mul(values, (int64_t)sizeof(int64_t)) < 0 ||
                    ek_checked_mul(places, 2 * (int64_t)sizeof(int64_t)) < 0;
    return too_large ? EK_TOO_LARGE : EK_OK;
}

int ek_bag_check_offsets(const ek_embedding_bag_problem *p, const int64_t *offsets) {
    if (p->bags == 0) {
        return EK_OK;
    }
    if (offsets[0] != 0) {
        return EK_BAD_ARGUMENT;
    }
    for (int64_t bag = 0; bag < p->bags; bag++) {
        if (offsets[bag] > ek_bag_end(p, offsets, bag)) {
            return EK_BAD_ARGUMENT;
        }
    }
    return EK_OK;
}
