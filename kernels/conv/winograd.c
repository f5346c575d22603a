/* From a problem to the tiles of Winograd's convolution. */
#include "conv/winograd.h"

#include "common/checked.h"

#include <math.h>

enum {
    MOST_STEP = 16,
    LINE = 16,                /* elements */
    UNIT_PIXELS = 72,         /* of the source in a unit's row: six of them stay in L1 */
    WHOLE_DEPTH = 8,          /* summands from which units are whole rows where they can be */
    BLOCK_ELEMENTS = 3 << 16, /* of a block's transforms, which stay in L2 */
    LEAST_TILES = 24,         /* in a block, to read the filters that seldom */
    FILTER_TILES = 144,       /* in a block, to transform the filters that seldom */
    CHUNK = 48,               /* summands of a block of filters that stay in L2 */
    WAVE_ELEMENTS = 3 << 20,  /* of the transforms of tiles that stay in L3 */
    KEPT_ELEMENTS = 3 << 20,  /* of the transforms of filters that do */
    FEW_ELEMENTS = 3 << 17,   /* where one block holds all tiles */
    MOST_TILES = 96,
    WANTED_BLOCKS = 8, /* shares of work that keep several threads busy */
    MOST_FILTER_ELEMENTS = 1 << 30
};

/* Pixels of the passes count from `first`, so that all of them read the same tiles. */
static void align_passes(ek_winograd_axis *axis) {
    axis->first = axis->pass[0].tap_first;
    for (int64_t i = 1; i < axis->passes; i++) {
        axis->first = ek_min(axis->first, axis->pass[i].tap_first);
    }
}

/* Outputs of a residue that tiles must cover. */
static int64_t positions(const ek_winograd_axis *axis) {
    int64_t most = 0;
    for (int64_t i = 0; i < axis->passes; i++) {
        most = ek_max(most, axis->pass[i].count + axis->shift[i]);
    }
    return ek_ceil_div(most, axis->residues);
}

/* Whether passes with the same taps read windows that are no more than a pixel apart, and tiles
 * that spare a point have two outputs at least. */
static int may_spare(const ek_winograd_axis *axis) {
    int may = axis->passes > 1 && axis->phases == 1 && axis->residues == 1 && axis->taps <= 4;
    for (int64_t i = 0; i < axis->passes; i++) {
        may = may && axis->pass[i].taps == axis->taps && axis->pass[i].tap_first - axis->first <= 1;
    }
    return may;
}

/* As few tiles of six or eight points as cover the outputs; as many of them as may be are short,
 * unless a point is spared. */
static void set_points(ek_winograd_axis *axis, int points, int spare) {
    axis->spare = spare;
    for (int64_t i = 0; i < axis->passes; i++) {
        int64_t apart = axis->pass[i].tap_first - axis->first;
        axis->shift[i] = spare ? 0 : apart;
        axis->begin[i] = spare ? (int)apart : 0;
    }
    int64_t wanted = positions(axis);
    axis->points = points;
    axis->outputs = points + 1 - axis->taps - spare;
    axis->tiles = ek_ceil_div(wanted, axis->outputs);
    axis->full = spare ? axis->tiles : ek_winograd_full(axis->tiles, axis->outputs, wanted);
    if (axis->full == 0) {
        axis->points--;
        axis->outputs--;
        axis->full = axis->tiles;
    }
}

/* Of an axis, on average over the points. */
static double tiles_of_points(const ek_winograd_axis *axis) {
    return (double)axis->tiles - (double)(axis->tiles - axis->full) / axis->points;
}

/* Of the products of an axis, the share that is not known to be zero at infinity. */
static double needed_products(const ek_winograd_axis *axis) {
    int64_t full = 0;
    for (int64_t i = 0; i < axis->passes; i++) {
        full += ek_winograd_full_phases(axis, i);
    }
    double zero = 1 - (double)full / (double)(axis->passes * axis->phase_count);
    return axis->points % 2 == 0 ? 1 - zero / axis->points : 1;
}

double ek_winograd_cost(const ek_winograd_plan *plan, ek_winograd_tile tile) {
    /* In cycles for each point and register of channels, as measured: of a tile, of a summand's
     * filters, which wait for memory, and each time that these are read for a few tiles, until the
     * caches hold them. */
    const double per_sample = 4, per_result = 3, per_filter = 8, per_reading = 2, per_call = 8000;
    const double tiles_read = 6, most_readings = 16;
    const ek_winograd_axis *y = &plan->axis[0], *x = &plan->axis[1];
    double tiles = (double)plan->pass.batch * (double)(y->residues * x->residues) *
                   tiles_of_points(y) * tiles_of_points(x);
    double sources = (double)(ek_ceil_div(plan->row_lanes, tile.lanes) * x->phase_count);
    double targets = (double)(ek_ceil_div(plan->filters, tile.lanes) * y->passes * x->passes);
    double used = (1 - (double)y->spare / y->points) * (1 - (double)x->spare / x->points);
    double needed = needed_products(y) * needed_products(x) * used * (double)plan->depth * targets;
    double products =
        needed * (tiles / 2 + per_reading * fmin(fmax(tiles / tiles_read, 1), most_readings));
    double transforms = tiles * (per_sample * sources + per_result * used * targets) +
                        per_filter * (double)plan->depth * targets;
    return per_call + (double)(plan->pass.groups * plan->points) * (products + transforms);
}

/* Whichever take least time. Eight points along both axes would leave the promised bound of the
 * error; along columns they spare rows that neighbouring units read as well. Of several passes,
 * whose products are all kept until they interleave, they do not fit the cache. */
static void choose_points(ek_winograd_plan *plan, ek_winograd_tile tile) {
    const double least_gain = 1 - 1e-9; /* the same in another order of rounding is none */
    double least = INFINITY;
    ek_winograd_axis *y = &plan->axis[0], *x = &plan->axis[1], best[2] = {*y, *x};
    int several = y->passes * x->passes > 1;
    for (int i = 0; i < (several ? 4 : 3); i++) {
        int rows_spare = several && i % 2, columns_spare = several && i / 2;
        if ((rows_spare && !may_spare(y)) || (columns_spare && !may_spare(x))) {
            continue;
        }
        set_points(y, !several && i == 1 ? 8 : 6, rows_spare);
        set_points(x, !several && i == 2 ? 8 : 6, columns_spare);
        plan->points = y->points * x->points;
        double cost = ek_winograd_cost(plan, tile);
        if (cost < least * least_gain) {
            least = cost;
            best[0] = *y;
            best[1] = *x;
        }
    }
    *y = best[0];
    *x = best[1];
    plan->points = y->points * x->points;
}

static int plan_axis(ek_winograd_axis *axis) {
    const ek_conv_axis *pass = &axis->pass[0];
    int64_t taps = 0;
    for (int64_t i = 0; i < axis->passes; i++) {
        taps = ek_max(taps, axis->pass[i].taps);
    }
    if (pass->source_step % pass->tap_step == 0 && pass->source_step <= MOST_STEP) {
        axis->residues = 1;
        axis->step = pass->source_step;
    } else if (pass->source_step == 1 && pass->tap_step <= MOST_STEP) {
        axis->residues = axis->step = pass->tap_step;
    } else {
        return EK_BAD_ARGUMENT;
    }
    axis->phases = axis->residues == 1 ? pass->source_step / pass->tap_step : 1;
    axis->phase_step = pass->tap_step;
    axis->phase_count = ek_min(axis->phases, taps);
    int64_t phase_taps = ek_ceil_div(taps, axis->phases);
    if (phase_taps > 5) {
        return EK_BAD_ARGUMENT;
    }
    axis->taps = (int)ek_max(phase_taps, 2);
    align_passes(axis);
    return positions(axis) > 0 ? EK_OK : EK_BAD_ARGUMENT;
}

static void collect_passes(const ek_conv2d_problem *p, ek_conv_direction direction,
                           ek_winograd_plan *plan) {
    int64_t columns = plan->axis[1].passes;
    for (int64_t i = 0; i < plan->axis[0].passes; i++) {
        plan->axis[0].pass[i] = ek_conv_pass_at(p, direction, i * columns).axis[0];
    }
    for (int64_t i = 0; i < columns; i++) {
        plan->axis[1].pass[i] = ek_conv_pass_at(p, direction, i).axis[1];
    }
}

int64_t ek_winograd_span(const ek_winograd_plan *plan, int64_t begin, int64_t end) {
    const ek_winograd_axis *x = &plan->axis[1];
    int64_t outputs = ek_winograd_place(x, end) - ek_winograd_place(x, begin);
    return (outputs + x->points - x->outputs - 1) * x->step + x->residues +
           (x->phase_count - 1) * x->phase_step;
}

/* The smallest even share of `total` that needs no more shares than shares of `part` do. */
static int64_t even_share(int64_t total, int64_t part) {
    return ek_ceil_div(total, ek_ceil_div(total, ek_max(part, 1)));
}

/* From tile to tile: of several lines an odd number, so that tiles do not meet in the same sets of
 * a cache. */
static int64_t pitch_of(int64_t depth) {
    int64_t lines = ek_ceil_div(depth, LINE);
    return (lines > 2 ? lines | 1 : lines) * LINE;
}

/* Whose transforms stay in a core's cache. */
static int64_t cached_tiles(const ek_winograd_plan *plan) {
    int64_t sums = plan->axis[1].passes * plan->filter_block;
    int64_t tiles = BLOCK_ELEMENTS / (plan->points * (pitch_of(plan->depth) + sums));
    return ek_min(ek_max(tiles, LEAST_TILES), MOST_TILES);
}

static void cut_rows(ek_winograd_plan *plan) {
    const ek_winograd_axis *y = &plan->axis[0], *x = &plan->axis[1];
    /* Passes whose pixels interleave meet at the ends of a row alone. */
    plan->unit_columns = x->tiles;
    /* Whole rows, whose pixels none shares, up to twice as many tiles as fit the cache: of many
     * channels, beside which results are few. */
    int64_t whole_tiles = plan->depth < WHOLE_DEPTH ? 0 : cached_tiles(plan) * 2;
    int64_t most = ek_max(UNIT_PIXELS / (x->outputs * x->step), whole_tiles / x->residues);
    if (x->passes == 1 && x->tiles > most) {
        /* The results of a unit end with a cache line. */
        int64_t whole = LINE / ek_greatest_common_divisor(LINE, x->outputs);
        int64_t share = even_share(x->tiles, UNIT_PIXELS / (x->outputs * x->step));
        plan->unit_columns = ek_min(ek_round_up(share, whole), x->tiles);
    }
    plan->row_units = ek_ceil_div(x->tiles, plan->unit_columns);
    plan->rows = y->residues * y->tiles;
    plan->units = ek_max(plan->pass.batch, 1) * plan->rows * plan->row_units;
}

static void cut_blocks(ek_winograd_plan *plan) {
    int64_t unit_tiles = plan->unit_columns * plan->axis[1].residues;
    int64_t tiles = cached_tiles(plan);
    int64_t shared = ek_ceil_div(plan->units, WANTED_BLOCKS);
    plan->block_units = ek_min(tiles / unit_tiles, ek_max(shared, LEAST_TILES / unit_tiles));
    if (plan->tiles_first) {
        plan->block_units = FILTER_TILES / unit_tiles;
    }
    plan->block_units = even_share(plan->units, plan->block_units);
    plan->block_tiles = plan->block_units * unit_tiles;
    plan->blocks = ek_ceil_div(plan->units, plan->block_units);
    plan->wave = WAVE_ELEMENTS / (plan->points * plan->depth * plan->block_tiles);
    /* Two at least, of which two cores take one each. */
    plan->wave = ek_min(ek_max(plan->wave, 2), plan->blocks);
}

/* Where filters are to be transformed as they are needed. Units are alike then, and no register of
 * summands belongs to two phases. */
static int begins_with_tiles(const ek_winograd_plan *plan, ek_winograd_tile tile) {
    double passes = (double)(plan->axis[0].passes * plan->axis[1].passes * plan->pass.groups);
    double elements = passes * (double)(plan->points * plan->depth) * (double)plan->filters;
    int whole = plan->axis[1].phase_count == 1 || plan->row_lanes % tile.lanes == 0;
    int64_t tiles = plan->units * plan->unit_columns * plan->axis[1].residues;
    double most = tiles <= FILTER_TILES       ? FEW_ELEMENTS
                  : tiles <= 2 * FILTER_TILES ? KEPT_ELEMENTS / 2
                                              : KEPT_ELEMENTS;
    return plan->row_units == 1 && whole && elements > most;
}

int ek_winograd_plan_of(const ek_conv2d_problem *p, ek_conv_direction direction,
                        ek_winograd_tile tile, ek_winograd_plan *plan) {
    *plan = (ek_winograd_plan){.pass = ek_conv_pass_at(p, direction, 0)};
    const ek_conv_pass *pass = &plan->pass;
    int64_t entries = p->kernel[0] * p->kernel[1];
    ek_winograd_axis *y = &plan->axis[0], *x = &plan->axis[1];
    y->passes = ek_conv_axis_passes(p, direction, 0);
    x->passes = ek_conv_axis_passes(p, direction, 1);
    if (p->strict || direction == EK_CONV_WEIGHT_GRAD || pass->in_place ||
        y->passes > EK_WINOGRAD_PASSES || x->passes > EK_WINOGRAD_PASSES ||
        entries > EK_WINOGRAD_ENTRIES) {
        return EK_BAD_ARGUMENT;
    }
    collect_passes(p, direction, plan);
    if (plan_axis(y) != EK_OK || plan_axis(x) != EK_OK) {
        return EK_BAD_ARGUMENT;
    }
    plan->row_lanes = y->phase_count * pass->source_channels;
    plan->depth = x->phase_count * plan->row_lanes;
    plan->lane_phases = ek_winograd_full_phases(y, 0) == y->phase_count ? y->phase_count : 1;
    plan->filters = pass->target_channels;
    /* 88 filters are two blocks of 48, not of 64. */
    int64_t registers = ek_ceil_div(plan->filters, tile.lanes);
    plan->filter_block = even_share(registers, tile.filters / tile.lanes) * tile.lanes;
    plan->filter_blocks = ek_ceil_div(plan->filters, plan->filter_block);
    plan->weight_channels = ek_min(pass->source_channels, EK_WINOGRAD_ENTRIES / entries);
    choose_points(plan, tile);
    cut_rows(plan);
    plan->tiles_first = begins_with_tiles(plan, tile);
    if (plan->tiles_first) {
        /* As many blocks for the one of two threads as for the other. */
        int64_t blocks = ek_min(ek_round_up(plan->filter_blocks, 2), registers);
        plan->filter_block = ek_ceil_div(registers, blocks) * tile.lanes;
        plan->filter_blocks = ek_ceil_div(plan->filters, plan->filter_block);
    }
    plan->chunk = plan->tiles_first ? ek_min(CHUNK, plan->depth) : plan->depth;
    plan->pitch = pitch_of(ek_round_up(plan->chunk, tile.lanes));
    cut_blocks(plan);
    return EK_OK;
}

static ek_winograd_unit unit_at(const ek_winograd_plan *plan, int64_t index) {
    const ek_winograd_axis *y = &plan->axis[0], *x = &plan->axis[1];
    int64_t column = index % plan->row_units * plan->unit_columns;
    int64_t row = index / plan->row_units % plan->rows;
    ek_winograd_unit unit = {
        .image = index / plan->row_units / plan->rows,
        .row = row % y->tiles,
        .row_residue = row / y->tiles,
        .column = column,
        .columns = ek_min(plan->unit_columns, x->tiles - column),
    };
    unit.full = ek_min(ek_max(x->full - column, 0), unit.columns);
    unit.is_short = unit.row >= y->full;
    return unit;
}

/* Adds a unit's tiles to those of each kind. */
static void count_tiles(const ek_winograd_plan *plan, const ek_winograd_unit *unit,
                        int64_t *counts) {
    int64_t residues = plan->axis[1].residues;
    counts[ek_winograd_kind(unit->is_short, 0)] += unit->full * residues;
    counts[ek_winograd_kind(unit->is_short, 1)] += (unit->columns - unit->full) * residues;
}

ek_winograd_block ek_winograd_block_at(const ek_winograd_plan *plan, int64_t index) {
    int64_t begin = index * plan->block_units;
    ek_winograd_block block = {.index = begin,
                               .end = ek_min(begin + plan->block_units, plan->units)};
    int64_t counts[EK_WINOGRAD_KINDS] = {0};
    for (int64_t i = block.index; i < block.end; i++) {
        ek_winograd_unit unit = unit_at(plan, i);
        count_tiles(plan, &unit, counts);
    }
    for (int i = 0; i < EK_WINOGRAD_KINDS; i++) {
        block.next[i] = block.kinds.first[i];
        block.kinds.first[i + 1] = block.kinds.first[i] + counts[i];
    }
    return block;
}

ek_winograd_unit ek_winograd_take(const ek_winograd_plan *plan, ek_winograd_block *block) {
    ek_winograd_unit unit = unit_at(plan, block->index++);
    for (int i = 0; i < 2; i++) {
        unit.first[i] = block->next[ek_winograd_kind(unit.is_short, i)];
    }
    count_tiles(plan, &unit, block->next);
    return unit;
}

ek_winograd_range ek_winograd_range_of(const ek_winograd_kinds *kinds, int64_t rows,
                                       int64_t columns, int64_t point) {
    ek_winograd_range range = {0, kinds->first[4]};
    if (columns % 2 == 0 && point % columns == columns - 1) {
        range = (ek_winograd_range){kinds->first[1], kinds->first[3]};
    }
    if (rows % 2 == 0 && point / columns == rows - 1) {
        range.end = kinds->first[2];
    }
    return range;
}
