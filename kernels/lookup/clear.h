/* The rows of a table's gradient that nothing used. Include after an isa_*.h. */
#ifndef EK_CLEAR_H
#define EK_CLEAR_H

#include "common/stream.h"

/*
 * Fills the rows from `row` on with zeros up to the first that has uses and is not `padding`, and
 * returns its number, at most `end`. Together: a few lines at a time would not repay the call.
 */
static inline int64_t ek_clear_unused(const int64_t *starts, int64_t padding, int64_t row,
                                      int64_t end, char *table, int64_t row_bytes, int streams) {
    int64_t used = row;
    while (used < end && (starts[used] == starts[used + 1] || used == padding)) {
        used++;
    }
    if (streams) {
        ek_stream_zeros(table + row * row_bytes, (used - row) * row_bytes);
    } else {
        memset(table + row * row_bytes, 0, (size_t)((used - row) * row_bytes));
    }
    return used;
}

#endif
