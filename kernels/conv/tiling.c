/* How a pass is cut into blocks and tasks: by its shape, never by the number of threads. */
#include "common/checked.h"
#include "conv/conv.h"

enum {
    DEPTH = 384,            /* rows of the matrix a block holds, where channels are that fine */
    MOST_COLUMNS = 512,     /* wider images are cut along their rows too */
    LINE = 16,              /* images without rows are cut between cache lines */
    MOST_LANES = 1024,      /* of a block of several rows */
    MOST_ELEMENTS = 65536,  /* of a block's planes, which stay in L2 */
    LEAST_LANES = 256,      /* several small images are put together to get as many */
    WANTED_UNITS = 8,       /* shares of work that keep several threads busy */
    FINEST_UNIT = 1 << 20,  /* multiply-adds below which a share is not split */
    COARSEST_UNIT = 1 << 26 /* multiply-adds above which an interrupt would wait too long */
};

/* The smallest even share of `total` that needs no more shares than shares of `part` do. */
static int64_t even_share(int64_t total, int64_t part) {
    return ek_ceil_div(total, ek_ceil_div(total, ek_max(part, 1)));
}

static void share_planes(const ek_conv_axis *axis, ek_conv_algorithm algorithm, ek_conv_tiling *t,
                         int i) {
    int64_t divisor = ek_greatest_common_divisor(axis->source_step, axis->tap_step);
    int shares = algorithm != EK_CONV_IM2COL;
    t->share[i] = shares ? axis->source_step / divisor : axis->taps;
    t->shift[i] = shares ? axis->tap_step / divisor : 0;
    t->planes[i] = ek_min(t->share[i], axis->taps);
}

/* How far the last tap of a plane lies behind the first. */
static int64_t halo(const ek_conv_axis *axis, const ek_conv_tiling *t, int i) {
    return ek_checked_mul((axis->taps - 1) / t->share[i], t->shift[i]);
}

static double products(const ek_conv_pass *pass, int64_t pixels) {
    return (double)pixels * (double)pass->source_channels * (double)ek_conv_taps(pass) *
           (double)pass->target_channels;
}

/* Into how many shares it pays to cut the pixels of one image and group. */
static int64_t wanted_shares(const ek_conv_pass *pass, int64_t pixels) {
    double work = products(pass, pixels);
    int64_t affordable = work < FINEST_UNIT ? 1 : (int64_t)ek_min(work / FINEST_UNIT, WANTED_UNITS);
    int64_t images = ek_checked_mul(pass->batch, pass->groups);
    return ek_min(affordable, ek_ceil_div(WANTED_UNITS, ek_max(images, 1)));
}

static void choose_rectangle(const ek_conv_pass *pass, ek_conv_tiling *t) {
    const ek_conv_axis *y = &pass->axis[0], *x = &pass->axis[1];
    int64_t above = halo(y, t, 0), planes = t->planes[0] * t->planes[1];
    t->columns = even_share(x->count, MOST_COLUMNS);
    if (pass->in_place) {
        t->columns = ek_min(ek_round_up(t->columns, LINE), x->count);
    }
    t->pitch = ek_checked_add(t->columns, halo(x, t, 1));
    t->channels = even_share(pass->source_channels, DEPTH / ek_conv_taps(pass));
    int64_t few_rows = ek_checked_add(ek_min(y->count, 8), above);
    int64_t channel = ek_checked_mul(ek_checked_mul(few_rows, t->pitch), planes);
    if (channel > 0 && t->channels > MOST_ELEMENTS / channel) {
        t->channels = even_share(pass->source_channels, MOST_ELEMENTS / channel);
    }
    t->depth_blocks = ek_ceil_div(pass->source_channels, t->channels);
    int64_t row = ek_max(ek_checked_mul(ek_checked_mul(t->pitch, planes), t->channels), 1);
    t->rows = ek_min(ek_max(MOST_ELEMENTS / row - above, 1), y->count);
    t->rows = ek_min(t->rows, ek_max(MOST_LANES / ek_max(t->pitch, 1), 1));
    int64_t shares = wanted_shares(pass, y->count * x->count);
    int64_t shared_rows = ek_ceil_div(y->count, shares);
    if (shared_rows * t->columns >= LEAST_LANES) {
        t->rows = ek_min(t->rows, shared_rows);
    }
    t->rows = even_share(y->count, t->rows);
    t->plane_rows = ek_checked_add(t->rows, above);
    t->image_pitch = ek_checked_mul(t->plane_rows, t->pitch);
}

static void choose_images(const ek_conv_pass *pass, ek_conv_tiling *t) {
    t->images = 1;
    if (t->rows == pass->axis[0].count && t->columns == pass->axis[1].count) {
        int64_t elements = t->image_pitch * t->planes[0] * t->planes[1] * t->channels;
        int64_t most = ek_min(LEAST_LANES / t->image_pitch, MOST_ELEMENTS / elements);
        t->images = even_share(ek_max(pass->batch, 1), ek_min(most, ek_max(pass->batch, 1)));
    }
    int gaps = t->image_pitch > t->rows * t->columns;
    t->runs = gaps ? t->images : 1;
    t->run_lanes =
        (gaps ? 0 : t->images - 1) * t->image_pitch + (t->rows - 1) * t->pitch + t->columns;
}

/* An odd number of cache lines, so that the planes do not meet in the same sets of the cache. */
static int64_t plane_size(const ek_conv_tiling *t, ek_conv_tile tile) {
    int64_t used = ek_checked_add(ek_checked_mul(t->images, t->image_pitch), tile.lanes + 32);
    return used < 0 ? -1 : (used / 16 | 1) * 16;
}

static void choose_targets(const ek_conv_pass *pass, ek_conv_tiling *t, ek_conv_tile tile) {
    int64_t m = pass->target_channels;
    double work = products(pass, t->images * t->rows * t->columns);
    int64_t units = ek_checked_mul(t->blocks, pass->groups);
    int64_t shares = work > COARSEST_UNIT ? (int64_t)ek_min(work / COARSEST_UNIT, m) : 1;
    if (units < WANTED_UNITS && work > FINEST_UNIT) {
        int64_t affordable = (int64_t)ek_min(work / FINEST_UNIT, WANTED_UNITS);
        shares = ek_max(shares, ek_min(affordable, ek_ceil_div(WANTED_UNITS, ek_max(units, 1))));
    }
    t->targets = ek_min(ek_round_up(ek_ceil_div(m, shares), tile.rows), m);
    t->target_blocks = ek_ceil_div(m, t->targets);
}

int ek_conv_tiling_of(const ek_conv_pass *pass, ek_conv_algorithm algorithm, ek_conv_tile tile,
                      ek_conv_tiling *t) {
    t->in_place = 0;
    share_planes(&pass->axis[0], algorithm, t, 0);
    share_planes(&pass->axis[1], algorithm, t, 1);
    choose_rectangle(pass, t);
    if (t->pitch < 0 || t->image_pitch < 0) {
        return EK_TOO_LARGE;
    }
    choose_images(pass, t);
    t->image_blocks = ek_ceil_div(pass->batch, t->images);
    t->row_blocks = ek_ceil_div(pass->axis[0].count, t->rows);
    t->column_blocks = ek_ceil_div(pass->axis[1].count, t->columns);
    t->blocks = t->image_blocks * t->row_blocks * t->column_blocks;
    choose_targets(pass, t, tile);
    t->plane = plane_size(t, tile);
    int64_t planes = ek_checked_mul(t->planes[0] * t->planes[1], t->channels);
    t->sums = algorithm == EK_CONV_DIRECT ? ek_checked_add(t->image_pitch, tile.columns + 16) : 0;
    t->scratch = ek_checked_add(ek_checked_mul(planes, t->plane), tile.columns + tile.lanes);
    t->scratch = ek_checked_add(t->scratch, t->sums);
    return ek_checked_mul(t->scratch, (int64_t)sizeof(double)) < 0 ? EK_TOO_LARGE : EK_OK;
}

int ek_conv_tiling_in_place(const ek_conv_pass *pass, ek_conv_algorithm algorithm,
                            ek_conv_tile tile, ek_conv_tiling *t) {
    int status = ek_conv_tiling_of(pass, algorithm, tile, t);
    int with_care = algorithm != EK_CONV_DIRECT;
    if (status == EK_OK && with_care && pass->in_place && t->images == 1) {
        t->in_place = 1;
        t->plane = pass->axis[1].source_size;
        t->scratch = 0;
    }
    return status;
}

double ek_conv_cost(const ek_conv_pass *pass, const ek_conv_tiling *t, ek_conv_tile tile) {
    /* In cycles: two multiply-adds of whole registers in one, and what copying took when measured.
     */
    const double per_row = 10, per_vector = 3, per_strided_element = 1.5, per_strided_store = 4,
                 per_even_store = 0.5, per_narrow_row = 8;
    double depth = (double)pass->source_channels * (double)ek_conv_taps(pass);
    double lanes = tile.skips_gaps ? (double)(t->images * t->rows * t->columns)
                                   : (double)(t->runs * ek_round_up(t->run_lanes, tile.lanes));
    double products = lanes * depth * (double)pass->target_channels / (2.0 * (double)tile.lanes);
    int64_t source_step = pass->axis[1].source_step, step = pass->axis[1].target_step;
    double per_element = source_step <= 2 ? per_vector * (double)source_step / (double)tile.lanes
                                          : per_strided_element;
    double rows = (double)t->target_blocks * (double)pass->source_channels *
                  (double)(t->planes[0] * t->planes[1]) * (double)(t->images * t->plane_rows);
    double copies = t->in_place ? 0 : rows * (per_row + per_element * (double)t->pitch);
    double stores = step == 1 ? 0
                              : (step == 2 ? per_even_store : per_strided_store) *
                                    (double)(t->images * t->rows * t->columns) *
                                    (double)(pass->target_channels * t->depth_blocks);
    if (!t->in_place && t->columns < tile.lanes && !tile.skips_gaps) {
        stores += per_narrow_row * (double)(t->images * t->rows) *
                  (double)(pass->target_channels * t->depth_blocks);
    }
    return (double)t->blocks * (products + copies + stores);
}

ek_conv_block ek_conv_block_at(const ek_conv_pass *pass, const ek_conv_tiling *t, int64_t index) {
    int64_t column = index % t->column_blocks * t->columns;
    int64_t row = index / t->column_blocks % t->row_blocks * t->rows;
    int64_t image = index / t->column_blocks / t->row_blocks * t->images;
    return (ek_conv_block){
        .image = image,
        .images = ek_min(t->images, pass->batch - image),
        .first = {row, column},
        .size = {ek_min(t->rows, pass->axis[0].count - row),
                 ek_min(t->columns, pass->axis[1].count - column)},
    };
}

ek_conv_runs ek_conv_runs_of(const ek_conv_tiling *t, const ek_conv_block *block) {
    int64_t image = (block->size[0] - 1) * t->pitch + block->size[1];
    if (t->runs == 1) {
        return (ek_conv_runs){1, (block->images - 1) * t->image_pitch + image};
    }
    return (ek_conv_runs){block->images, image};
}

void ek_conv_offsets(const ek_conv_pass *pass, const ek_conv_tiling *t, int64_t *offsets) {
    for (int64_t c = 0; c < t->channels; c++) {
        for (int64_t a = 0; a < pass->axis[0].taps; a++) {
            for (int64_t b = 0; b < pass->axis[1].taps; b++) {
                int64_t plane = c * t->planes[0] + a % t->share[0];
                plane = plane * t->planes[1] + b % t->share[1];
                *offsets++ = plane * t->plane + a / t->share[0] * t->shift[0] * t->pitch +
                             b / t->share[1] * t->shift[1];
            }
        }
    }
}
