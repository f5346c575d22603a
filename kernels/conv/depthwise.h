/*
 * How depthwise convolution, where every group has one channel of x, cuts up a problem; shared by
 * the variants.
 *
 * A unit of work is a rectangle of pixels of some neighbouring groups in one image. What its
 * windows see is copied to scratch, with zeros for what lies outside the image; the sums follow
 * from there, and all of it stays in the first-level cache.
 */
#ifndef EK_DEPTHWISE_H
#define EK_DEPTHWISE_H

#include "conv/conv.h"

/* Images of more columns may be cut along their rows, too. */
enum { EK_DEPTHWISE_PASSES = 4, EK_DEPTHWISE_COLUMNS = 2048 };

/* A pass and the copy of its source. The pixels that the same taps see form a phase. */
typedef struct ek_depthwise_view {
    ek_conv_pass pass;
    int64_t phases[2]; /* tap a reads phase a % phases ... */
    int64_t used[2];   /* ... of so many that are copied ... */
    int64_t shift[2];  /* ... a / phases * shift rows or columns further on */
    int64_t halo[2];   /* from the first to the last tap of a phase */
    int64_t rows;      /* of a phase */
    int64_t pitch, phase,
        channel;     /* elements from row to row, phase to phase, channel to channel */
    int64_t residue; /* which of the target's interleaved parts it writes */
} ek_depthwise_view;

typedef struct ek_depthwise_plan {
    int copies; /* the source; otherwise views have no layout */
    int64_t passes;
    ek_depthwise_view view[EK_DEPTHWISE_PASSES];
    int64_t steps[2];  /* the parts of the target that interleave along each axis */
    int64_t size[2];   /* pixels of the largest part */
    int64_t block[2];  /* of which a unit takes so many ... */
    int64_t blocks[2]; /* ... in so many units */
    int64_t groups, group_blocks;
    int64_t depth;        /* the most products that make up a pixel */
    int64_t planes, sums; /* elements of a unit's copies, and of one part of its results */
    int64_t images, image_blocks;
    int64_t units, units_per_task;
} ek_depthwise_plan;

/* `elements` fit in the first-level cache; `copies` says whether the source is copied at all.
 * EK_BAD_ARGUMENT where the problem is not of this kind. */
int ek_depthwise_plan_of(const ek_conv2d_problem *problem, ek_conv_direction direction,
                         int64_t lanes, int64_t elements, int copies, ek_depthwise_plan *plan);

/* Where a unit lies: first pixel and number of pixels of the largest part. */
typedef struct ek_depthwise_unit {
    int64_t image, images, group, groups, first[2], size[2];
} ek_depthwise_unit;

ek_depthwise_unit ek_depthwise_unit_at(const ek_depthwise_plan *plan, int64_t index);

/* Pixels along axis i of a pass that belong to the unit. */
int64_t ek_depthwise_extent(const ek_depthwise_view *view, const ek_depthwise_unit *unit, int i);

/* For each product: where its factor lies in the copy, and where in the weights of a group's first
 * target channel. */
void ek_depthwise_offsets(const ek_depthwise_view *view, int64_t *offsets, int64_t *entries);

/* Pixels that the weight gradient adds up, lane by lane, before it goes on with a new sum. */
static inline int64_t ek_depthwise_longest_sum(int64_t lanes) { return 512 * lanes; }

static inline int64_t ek_depthwise_products(const ek_depthwise_view *view) {
    return view->pass.source_channels * ek_conv_taps(&view->pass);
}

#endif
