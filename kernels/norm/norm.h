/* What the variants of the normalisations share: checks that do not depend on the ISA. */
#ifndef EK_NORM_H
#define EK_NORM_H

#include "einkorn/norm.h"

/* A run of values that lie side by side in memory. */
typedef struct ek_stretch {
    int64_t offset, values;
} ek_stretch;

/* A place in one channel of all images: pixels left in this image, and from its end to the next. */
typedef struct ek_walk {
    int64_t offset, left, spatial, to_next;
} ek_walk;

/* The run from here to the end of the image, of at most `values`, and the walk past it: a division
 * for each run took as long as the run where maps are small. */
static inline ek_stretch ek_walk_on(ek_walk *w, int64_t values) {
    ek_stretch run = {w->offset, w->left < values ? w->left : values};
    w->offset += run.values;
    w->left -= run.values;
    if (w->left == 0) {
        w->offset += w->to_next;
        w->left = w->spatial;
    }
    return run;
}

/* What a pass over x, and the gradient g, sums. */
typedef enum ek_norm_term {
    EK_PLAIN,     /* x */
    EK_SQUARES,   /* x - shift, (x - shift)^2 */
    EK_GRADS,     /* g, g (x - shift) */
    EK_RELU_GRADS /* the same, g being 0 where the result was not above 0 */
} ek_norm_term;

int ek_batch_norm_check(const ek_batch_norm_problem *problem);

#endif
