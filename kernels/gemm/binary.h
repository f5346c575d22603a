/* What the variants of binary products share: what does not depend on the ISA. */
#ifndef EK_BINARY_H
#define EK_BINARY_H

#include "einkorn/binary.h"

enum {
    EK_BINARY_BITS = 4,                      /* columns of A that one code stands for */
    EK_BINARY_ENTRIES = 1 << EK_BINARY_BITS, /* and the sums of rows of B it may name */
    EK_BINARY_GROUPS = 8,                    /* tables at a time, which stay in L1 */
    EK_BINARY_DEPTH = EK_BINARY_BITS * EK_BINARY_GROUPS,
    EK_BINARY_ROWS = 112, /* of C, whose sums stay there, too */
};

int ek_binary_check(const ek_binary_problem *problem);

#endif
