/* How a depthwise convolution is cut into units: by its shape, never by the number of threads. */
#include "conv/depthwise.h"

#include "common/checked.h"

enum {
    LEAST_ROWS = 4,       /* of a rectangle: fewer would copy the rows between them too often */
    WANTED_UNITS = 8,     /* keep several threads busy ... */
    FINEST_UNIT = 1 << 12 /* ... where none of them copies fewer elements */
};

static int64_t even_share(int64_t total, int64_t part) {
    return ek_ceil_div(total, ek_ceil_div(total, ek_max(part, 1)));
}

static void set_phases(ek_depthwise_view *v, int i) {
    const ek_conv_axis *axis = &v->pass.axis[i];
    int64_t divisor = ek_greatest_common_divisor(axis->source_step, axis->tap_step);
    v->phases[i] = axis->source_step / divisor;
    v->used[i] = ek_min(v->phases[i], axis->taps);
    v->shift[i] = axis->tap_step / divisor;
    v->halo[i] = ek_checked_mul((axis->taps - 1) / v->phases[i], v->shift[i]);
}

/* The copies of one source channel hold `rows` x `columns` pixels of the target. */
static void set_layout(ek_depthwise_view *v, int64_t rows, int64_t columns, int64_t slack) {
    v->rows = ek_checked_add(rows, v->halo[0]);
    v->pitch = ek_checked_add(columns, v->halo[1]);
    v->phase = ek_checked_add(ek_checked_mul(v->rows, v->pitch), slack);
    v->channel = ek_checked_mul(ek_checked_mul(v->used[0], v->used[1]), v->phase);
}

/* Elements of scratch that one group needs for `rows` of the largest part; -1 for too many. */
static int64_t group_elements(ek_depthwise_plan *plan, ek_conv_direction direction, int64_t lanes,
                              int64_t rows) {
    const ek_conv_pass *pass = &plan->view[0].pass;
    int64_t planes = 0;
    for (int i = 0; i < plan->passes && plan->copies; i++) {
        ek_depthwise_view *v = &plan->view[i];
        set_layout(v, rows, plan->block[1], 2 * lanes);
        int64_t elements = ek_checked_mul(v->channel, pass->source_channels);
        if (elements < 0) {
            return -1;
        }
        planes = ek_max(planes, elements);
    }
    plan->planes = planes;
    plan->sums = direction == EK_CONV_WEIGHT_GRAD ? ek_checked_mul(ek_conv_taps(pass), lanes)
                                                  : ek_checked_mul(rows, plan->block[1]);
    plan->sums = ek_checked_mul(plan->sums, pass->target_channels);
    return ek_checked_add(planes, ek_checked_mul(plan->steps[0] * plan->steps[1], plan->sums));
}

/* Whether a block of so many rows is too much for the cache, or for sums without rounding errors
 * that show. */
static int is_too_much(ek_depthwise_plan *plan, ek_conv_direction direction, int64_t lanes,
                       int64_t elements, int64_t rows) {
    int64_t needed = group_elements(plan, direction, lanes, rows);
    int sums = direction == EK_CONV_WEIGHT_GRAD;
    return needed < 0 || needed > elements ||
           (sums && rows * plan->block[1] > ek_depthwise_longest_sum(lanes));
}

static int choose_block(ek_depthwise_plan *plan, ek_conv_direction direction, int64_t lanes,
                        int64_t elements) {
    plan->block[1] = even_share(plan->size[1], EK_DEPTHWISE_COLUMNS);
    int64_t rows = plan->size[0];
    while (rows > LEAST_ROWS && is_too_much(plan, direction, lanes, elements, rows)) {
        rows = ek_max(ek_ceil_div(rows, 2), LEAST_ROWS);
    }
    plan->block[0] = even_share(plan->size[0], rows);
    int64_t whole = group_elements(plan, direction, lanes, plan->block[0]);
    if (whole < 0) {
        return EK_TOO_LARGE;
    }
    for (int i = 0; i < 2; i++) {
        plan->blocks[i] = ek_ceil_div(plan->size[i], plan->block[i]);
    }
    int alone = plan->blocks[0] > 1 || plan->blocks[1] > 1;
    int64_t most = ek_min(elements / ek_max(whole, 1), plan->view[0].pass.groups);
    plan->groups = alone ? 1 : even_share(plan->view[0].pass.groups, most);
    plan->group_blocks = ek_ceil_div(plan->view[0].pass.groups, plan->groups);
    plan->planes = ek_checked_mul(plan->planes, plan->groups);
    plan->sums = ek_checked_add(ek_checked_mul(plan->sums, plan->groups), 2 * lanes);
    int64_t total =
        ek_checked_add(plan->planes, ek_checked_mul(plan->steps[0] * plan->steps[1], plan->sums));
    return ek_checked_mul(total, 2 * (int64_t)sizeof(double)) < 0 ? EK_TOO_LARGE : EK_OK;
}

/* A sum of the weight gradient runs through several images, but not through so many that threads go
 * idle. */
static void choose_images(ek_depthwise_plan *plan, ek_conv_direction direction) {
    const ek_conv_pass *pass = &plan->view[0].pass;
    int64_t pixels = plan->size[0] * plan->size[1], batch = ek_max(pass->batch, 1);
    plan->images = 1;
    if (direction == EK_CONV_WEIGHT_GRAD) {
        int64_t parts = ek_ceil_div(WANTED_UNITS, plan->group_blocks);
        int64_t fewest = ek_ceil_div(FINEST_UNIT, ek_max(pixels * plan->groups, 1));
        int64_t share = ek_max(ek_ceil_div(batch, parts), fewest);
        plan->images = even_share(batch, ek_min(share, batch));
    }
    plan->image_blocks = ek_ceil_div(pass->batch, plan->images);
}

static int set_passes(const ek_conv2d_problem *p, ek_conv_direction direction,
                      ek_depthwise_plan *plan) {
    plan->passes = ek_conv_pass_count(p, direction);
    for (int i = 0; i < 2; i++) {
        plan->steps[i] = direction == EK_CONV_INPUT_GRAD ? p->stride[i] : 1;
        plan->size[i] = 0;
    }
    if (plan->passes > EK_DEPTHWISE_PASSES || plan->steps[0] > EK_DEPTHWISE_PASSES ||
        plan->steps[1] > EK_DEPTHWISE_PASSES) {
        return EK_BAD_ARGUMENT;
    }
    plan->depth = 0;
    for (int k = 0; k < plan->passes; k++) {
        ek_depthwise_view *v = &plan->view[k];
        v->pass = ek_conv_pass_at(p, direction, k);
        const ek_conv_axis *axis = v->pass.axis;
        v->residue = axis[0].target_first * plan->steps[1] + axis[1].target_first;
        for (int i = 0; i < 2; i++) {
            set_phases(v, i);
            int64_t target = v->pass.axis[i].target_size;
            plan->size[i] = ek_ceil_div(target, plan->steps[i]);
        }
        plan->depth = ek_max(plan->depth, ek_depthwise_products(v));
    }
    return EK_OK;
}

int ek_depthwise_plan_of(const ek_conv2d_problem *p, ek_conv_direction direction, int64_t lanes,
                         int64_t elements, int copies, ek_depthwise_plan *plan) {
    const double task_elements = 1 << 16;
    if (p->in_channels != p->groups || p->in_size[0] == 0 || p->in_size[1] == 0) {
        return EK_BAD_ARGUMENT;
    }
    plan->copies = copies;
    int status = set_passes(p, direction, plan);
    if (status == EK_OK) {
        status = choose_block(plan, direction, lanes, elements);
    }
    if (status != EK_OK) {
        return status;
    }
    choose_images(plan, direction);
    int64_t pixels = direction == EK_CONV_WEIGHT_GRAD ? 1 : plan->blocks[0] * plan->blocks[1];
    plan->units = plan->image_blocks * plan->group_blocks * pixels;
    double unit = (double)plan->block[0] * (double)plan->block[1] * (double)plan->groups *
                  (double)plan->images * (double)ek_max(plan->view[0].pass.target_channels, 1);
    plan->units_per_task = ek_max((int64_t)(task_elements / unit), 1);
    return EK_OK;
}

ek_depthwise_unit ek_depthwise_unit_at(const ek_depthwise_plan *plan, int64_t index) {
    ek_depthwise_unit unit;
    for (int i = 1; i >= 0; i--) {
        unit.first[i] = index % plan->blocks[i] * plan->block[i];
        unit.size[i] = ek_min(plan->block[i], plan->size[i] - unit.first[i]);
        index /= plan->blocks[i];
    }
    const ek_conv_pass *pass = &plan->view[0].pass;
    unit.group = index % plan->group_blocks * plan->groups;
    unit.groups = ek_min(plan->groups, pass->groups - unit.group);
    unit.image = index / plan->group_blocks * plan->images;
    unit.images = ek_min(plan->images, pass->batch - unit.image);
    return unit;
}

int64_t ek_depthwise_extent(const ek_depthwise_view *v, const ek_depthwise_unit *unit, int i) {
    return ek_max(ek_min(unit->size[i], v->pass.axis[i].count - unit->first[i]), 0);
}

void ek_depthwise_offsets(const ek_depthwise_view *v, int64_t *offsets, int64_t *entries) {
    const ek_conv_pass *pass = &v->pass;
    const ek_conv_axis *y = &pass->axis[0], *x = &pass->axis[1];
    for (int64_t c = 0; c < pass->source_channels; c++) {
        for (int64_t a = 0; a < y->taps; a++) {
            int64_t row = (y->kernel_first + a * y->kernel_step) * pass->kernel_width;
            for (int64_t b = 0; b < x->taps; b++) {
                int64_t phase = a % v->phases[0] * v->used[1] + b % v->phases[1];
                *offsets++ = c * v->channel + phase * v->phase +
                             a / v->phases[0] * v->shift[0] * v->pitch +
                             b / v->phases[1] * v->shift[1];
                *entries++ = c * pass->weight_source + row + x->kernel_first + b * x->kernel_step;
            }
        }
    }
}
