/*
 * How Winograd's convolution cuts up a problem; shared by the variants.
 *
 * The passes of a problem (see conv.h) read tiles of the source, `points` pixels wide along an axis
 * and `outputs` apart. A strided pass becomes one of stride 1 by taking the source apart into
 * phases, the pixels that the same taps see: they are further channels. A dilated pass becomes
 * `dilation` plain ones, each with the tiles of one residue. The passes of a strided input gradient
 * share their tiles, and with them the transform of the source; their results interleave.
 */
#ifndef EK_WINOGRAD_H
#define EK_WINOGRAD_H

#include "conv/conv.h"

enum { EK_WINOGRAD_PASSES = 4, EK_WINOGRAD_ENTRIES = 256 };

/*
 * Element q of tile (t, residue) in phase f is source pixel
 * first + residue + f * phase_step + (place(t) + q) * step. Its output o is pixel
 * residue + (place(t) + o) * residues - shift of a pass, where that exists. Only the last output
 * of a tile of six or eight points needs the last point, infinity: short tiles lack both. Only the
 * first output needs the first point, zero. Where passes read windows a pixel apart, tiles may
 * therefore be so near each other that one pass does without the last output, and with it infinity,
 * and the other without the first, and with it zero; there is no shift then.
 */
typedef struct ek_winograd_axis {
    int points, outputs, taps;     /* points = outputs + taps - 1 + spare */
    int spare;                     /* points that a pass leaves out, 0 or 1 */
    int64_t residues, tiles, full; /* for each residue; tiles from `full` on are short */
    int64_t first, step;
    int64_t phases, phase_step, phase_count; /* tap a lies in phase a % phases; phases used */
    int64_t passes;
    ek_conv_axis pass[EK_WINOGRAD_PASSES];
    int64_t shift[EK_WINOGRAD_PASSES];
    int begin[EK_WINOGRAD_PASSES]; /* the first point that a pass uses */
} ek_winograd_axis;

/*
 * A row of tiles is cut into units, whose pixels are transposed together, and units are put
 * together to blocks. Where filters are few, they are transformed first, all of them, and each task
 * takes a block of tiles through all steps while it is in cache. Where filters would fill a cache,
 * tiles are transformed first, `wave` blocks of them, and each task transforms one block of filters
 * for one block of tiles, `chunk` summands at a time, while these are in cache.
 */
typedef struct ek_winograd_plan {
    ek_winograd_axis axis[2];
    ek_conv_pass pass;       /* the first one: what they have in common */
    int64_t points;          /* of a tile, both axes */
    int64_t row_lanes;       /* rows of the source that are transposed together */
    int64_t lane_phases;     /* neighbouring lanes of one channel: all its phases, or 1 */
    int64_t depth, pitch;    /* summands of a product, and elements from tile to tile in V */
    int64_t unit_columns;    /* tiles of each residue in a unit, along the row */
    int64_t row_units, rows; /* units in a row of tiles, rows of tiles in an image */
    int64_t units, blocks;   /* of one group */
    int64_t block_units, block_tiles;
    int64_t weight_channels; /* of a filter whose weights are transposed together */
    int tiles_first;
    int64_t chunk, wave;
    int64_t filters, filter_block, filter_blocks; /* in a pass, in a block; blocks in a pass */
} ek_winograd_plan;

/* Tile sizes of the variant that asks. */
typedef struct ek_winograd_tile {
    int64_t lanes, filters;
} ek_winograd_tile;

/* EK_BAD_ARGUMENT where the problem has no such form. */
int ek_winograd_plan_of(const ek_conv2d_problem *problem, ek_conv_direction direction,
                        ek_winograd_tile tile, ek_winograd_plan *plan);

/* An estimate of the time it takes, in the unit of ek_conv_cost. */
double ek_winograd_cost(const ek_winograd_plan *plan, ek_winograd_tile tile);

/* Outputs before tile t, where tiles from `full` on have one less. */
static inline int64_t ek_winograd_outputs(int64_t outputs, int64_t full, int64_t t) {
    return t * outputs - (t > full ? t - full : 0);
}

static inline int64_t ek_winograd_place(const ek_winograd_axis *axis, int64_t t) {
    return ek_winograd_outputs(axis->outputs, axis->full, t);
}

/* Phases, in which a pass has all the taps. In the others the kernel lacks the last. */
static inline int64_t ek_winograd_full_phases(const ek_winograd_axis *axis, int64_t pass) {
    int64_t full = axis->pass[pass].taps - (axis->taps - 1) * axis->phases;
    return full < 0 ? 0 : full < axis->phase_count ? full : axis->phase_count;
}

/* Of `tiles` tiles that cover `wanted` outputs, how many are full: short ones have two outputs at
 * least. */
static inline int64_t ek_winograd_full(int64_t tiles, int64_t outputs, int64_t wanted) {
    int64_t full = wanted - tiles * (outputs - 1);
    return outputs <= 2 ? tiles : full > 0 ? full : 0;
}

/* Whether a pass, counted through both axes, uses a point. */
static inline int ek_winograd_uses(const ek_winograd_plan *plan, int64_t pass, int64_t point) {
    const ek_winograd_axis *y = &plan->axis[0], *x = &plan->axis[1];
    int64_t row = point / x->points - y->begin[pass / x->passes];
    int64_t column = point % x->points - x->begin[pass % x->passes];
    return row >= 0 && row < y->points - y->spare && column >= 0 && column < x->points - x->spare;
}

/* Part of a row of tiles: column c holds one tile of each residue. */
typedef struct ek_winograd_unit {
    int64_t image, row_residue, row, column, columns;
    int64_t full;     /* columns of them that are not short */
    int64_t first[2]; /* where the tiles of the full columns and of the short ones begin */
    int is_short;     /* the row */
} ek_winograd_unit;

/* Whether a unit's tiles continue those of another, downwards. */
static inline int ek_winograd_is_below(const ek_winograd_unit *unit,
                                       const ek_winograd_unit *other) {
    return unit->row == other->row + 1 && unit->row_residue == other->row_residue &&
           unit->column == other->column && unit->image == other->image;
}

/*
 * The tiles of a block are sorted so that those of every point are neighbours: full rows with short
 * columns, full with full, short with full, short with short.
 */
enum { EK_WINOGRAD_KINDS = 4 };

static inline int ek_winograd_kind(int row_is_short, int column_is_short) {
    return row_is_short ? 2 + column_is_short : 1 - column_is_short;
}

typedef struct ek_winograd_kinds {
    int64_t first[EK_WINOGRAD_KINDS + 1]; /* the tiles of each kind, and their end */
} ek_winograd_kinds;

/* Tiles [begin, end) of a block are those that need a point. */
typedef struct ek_winograd_range {
    int64_t begin, end;
} ek_winograd_range;

/* Of a tile with that many points along its axes; the last of an even number is infinity. */
ek_winograd_range ek_winograd_range_of(const ek_winograd_kinds *kinds, int64_t rows,
                                       int64_t columns, int64_t point);

typedef struct ek_winograd_block {
    int64_t index, end; /* the unit that comes next, and the last's successor */
    ek_winograd_kinds kinds;
    int64_t next[EK_WINOGRAD_KINDS]; /* where those of the next unit begin */
} ek_winograd_block;

ek_winograd_block ek_winograd_block_at(const ek_winograd_plan *plan, int64_t index);

/* The next unit of the block. */
ek_winograd_unit ek_winograd_take(const ek_winograd_plan *plan, ek_winograd_block *block);

/*
 * Rows of neighbouring phases are neighbours in memory, and so are their lanes where that can be.
 * Where a kernel lacks taps in some phases, each phase has a run of lanes instead, so that infinity
 * can do without the last ones.
 */
typedef struct ek_winograd_lane {
    int64_t channel, phase;
} ek_winograd_lane;

static inline ek_winograd_lane ek_winograd_lane_at(const ek_winograd_plan *plan, int64_t lane) {
    int64_t channels = plan->pass.source_channels, phases = plan->lane_phases;
    if (phases > 1) {
        return (ek_winograd_lane){lane / phases, lane % phases};
    }
    return (ek_winograd_lane){lane % channels, lane / channels};
}

/* The plane of a volume that is a channel of an image: the channels of a slice are the taps along
 * the depth of the volume's. Negative where they leave it. */
static inline int64_t ek_winograd_plane(const ek_depth_problem *slices, int64_t image,
                                        int64_t channel) {
    int64_t slice = image % slices->out_depth * slices->stride - slices->padding;
    slice += channel % slices->kernel * slices->dilation;
    int64_t volume = image / slices->out_depth * slices->channels + channel / slices->kernel;
    return slice >= 0 && slice < slices->depth ? volume * slices->depth + slice : -1;
}

/* Pixels of the source from the first to the last that tiles [begin, end) of a row see. */
int64_t ek_winograd_span(const ek_winograd_plan *plan, int64_t begin, int64_t end);

#endif
