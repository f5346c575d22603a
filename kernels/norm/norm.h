/* What the variants of the normalisations share: checks that do not depend on the ISA. */
#ifndef EK_NORM_H
#define EK_NORM_H

#include "einkorn/norm.h"

/* A run of values that lie side by side in memory. */
typedef struct ek_stretch {
    int64_t offset, values;
} ek_stretch;

/* What a pass over x, and the gradient g, sums. */
typedef enum ek_norm_term {
    EK_PLAIN,     /* x */
    EK_SQUARES,   /* x - shift, (x - shift)^2 */
    EK_GRADS,     /* g, g (x - shift) */
    EK_RELU_GRADS /* the same, g being 0 where the result was not above 0 */
} ek_norm_term;

int ek_batch_norm_check(const ek_batch_norm_problem *problem);

#endif
