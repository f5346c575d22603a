/* From a problem to its passes. */
#include "common/checked.h"
#include "conv/conv.h"

int64_t ek_greatest_common_divisor(int64_t a, int64_t b) {
    return b == 0 ? a : ek_greatest_common_divisor(b, a % b);
}

static ek_conv_axis forward_axis(const ek_conv2d_problem *p, int i) {
    return (ek_conv_axis){
        .source_size = p->in_size[i],
        .target_size = p->out_size[i],
        .count = p->out_size[i],
        .target_first = 0,
        .target_step = 1,
        .source_step = p->stride[i],
        .taps = p->kernel[i],
        .tap_first = -p->padding[i],
        .tap_step = p->dilation[i],
        .kernel_first = 0,
        .kernel_step = 1,
    };
}

/*
 * Pixel t of x meets the kernel's entry k in output pixel (t + padding - k * dilation) / stride, if
 * that is whole: for the pixels of one residue modulo the stride, with every `period`-th entry from
 * `first` on. Those are taken from the last to the first so that source pixels ascend.
 */
static ek_conv_axis input_grad_axis(const ek_conv2d_problem *p, int i, int64_t first) {
    int64_t stride = p->stride[i], dilation = p->dilation[i], size = p->in_size[i];
    int64_t divisor = ek_greatest_common_divisor(stride, dilation), period = stride / divisor;
    int64_t taps = (p->kernel[i] - 1 - first) / period + 1, last = first + (taps - 1) * period;
    int64_t residue = (first * dilation - p->padding[i]) % stride;
    residue += residue < 0 ? stride : 0;
    return (ek_conv_axis){
        .source_size = p->out_size[i],
        .target_size = size,
        .count = residue < size ? ek_ceil_div(size - residue, stride) : 0,
        .target_first = residue,
        .target_step = stride,
        .source_step = 1,
        .taps = taps,
        .tap_first = (residue + p->padding[i] - last * dilation) / stride,
        .tap_step = dilation / divisor,
        .kernel_first = last,
        .kernel_step = -period,
    };
}

/* Residues that some entry of the kernel meets: one for each of the first so many entries. */
static int64_t met_residues(const ek_conv2d_problem *p, int i) {
    int64_t period = p->stride[i] / ek_greatest_common_divisor(p->stride[i], p->dilation[i]);
    return ek_min(period, p->kernel[i]);
}

static int copies_axis(const ek_conv_axis *axis) {
    return axis->taps == 1 && axis->tap_first == 0 && axis->source_step == 1 &&
           axis->target_step == 1 && axis->source_size == axis->target_size;
}

static void join_axes(ek_conv_pass *pass) {
    if (copies_axis(&pass->axis[0]) && copies_axis(&pass->axis[1])) {
        int64_t pixels = pass->axis[0].count * pass->axis[1].count;
        for (int i = 0; i < 2; i++) {
            ek_conv_axis *axis = &pass->axis[i];
            axis->source_size = axis->target_size = axis->count = i == 0 ? 1 : pixels;
        }
        pass->in_place = 1;
    }
}

int64_t ek_conv_axis_passes(const ek_conv2d_problem *p, ek_conv_direction direction, int i) {
    return direction == EK_CONV_INPUT_GRAD ? met_residues(p, i) : 1;
}

int64_t ek_conv_pass_count(const ek_conv2d_problem *p, ek_conv_direction direction) {
    return ek_conv_axis_passes(p, direction, 0) * ek_conv_axis_passes(p, direction, 1);
}

int ek_conv_passes_miss(const ek_conv2d_problem *p, ek_conv_direction direction) {
    return direction == EK_CONV_INPUT_GRAD &&
           (met_residues(p, 0) < p->stride[0] || met_residues(p, 1) < p->stride[1]);
}

ek_conv_pass ek_conv_pass_at(const ek_conv2d_problem *p, ek_conv_direction direction,
                             int64_t index) {
    int64_t in = p->in_channels / p->groups, out = p->out_channels / p->groups;
    int64_t entries = p->kernel[0] * p->kernel[1];
    ek_conv_pass pass = {
        .batch = p->batch,
        .groups = p->groups,
        .kernel_width = p->kernel[1],
        .weight_group = out * in * entries,
    };
    if (direction == EK_CONV_INPUT_GRAD) {
        int64_t columns = met_residues(p, 1);
        pass.axis[0] = input_grad_axis(p, 0, index / columns);
        pass.axis[1] = input_grad_axis(p, 1, index % columns);
        pass.source_channels = out;
        pass.target_channels = in;
        pass.weight_source = in * entries;
        pass.weight_target = entries;
    } else {
        pass.axis[0] = forward_axis(p, 0);
        pass.axis[1] = forward_axis(p, 1);
        pass.source_channels = in;
        pass.target_channels = out;
        pass.weight_source = entries;
        pass.weight_target = in * entries;
    }
    join_axes(&pass);
    return pass;
}
