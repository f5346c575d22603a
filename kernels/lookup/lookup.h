/* What the variants of the look-ups share: checks that do not depend on the ISA. */
#ifndef EK_LOOKUP_H
#define EK_LOOKUP_H

#include "einkorn/lookup.h"

int ek_embedding_check(const ek_embedding_problem *problem);
/* Of the places where each row's uses begin, and of the uses ordered by row. */
int64_t ek_embedding_order_bytes(const ek_embedding_problem *problem);
/*
 * A stable counting sort: use order[i] for i in [starts[row], starts[row + 1]) is of `row`.
 * `starts` has rows + 1 entries. EK_BAD_INDEX where an index is not in [0, rows).
 */
int ek_embedding_order(const ek_embedding_problem *problem, const int64_t *index, int64_t *starts,
                       int64_t *order);

int ek_embedding_bag_check(const ek_embedding_bag_problem *problem);
/* The same problem without bags. */
ek_embedding_problem ek_embedding_of_bags(const ek_embedding_bag_problem *problem);
/* EK_BAD_ARGUMENT unless the offsets ascend from 0 to at most the number of indices. */
int ek_bag_check_offsets(const ek_embedding_bag_problem *problem, const int64_t *offsets);

static inline int64_t ek_bag_end(const ek_embedding_bag_problem *problem, const int64_t *offsets,
                                 int64_t bag) {
    return bag + 1 < problem->bags ? offsets[bag + 1] : problem->count;
}

#endif
