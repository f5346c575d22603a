#include "pool/pool.h"

/* A dilated window can step over the whole input from one padding to the other. */
static int misses_input(const ek_pool_axis *a) {
    for (int64_t o = 0; o < a->output && o * a->stride < a->padding; o++) {
        if (ek_pool_taps(a, o).count <= 0) {
            return 1;
        }
    }
    return 0;
}

static int check_sizes(int64_t planes, const ek_pool_axis axes[2]) {
    int64_t inputs = ek_checked_mul(planes, 8), outputs = inputs;
    if (planes < 0) {
        return EK_BAD_ARGUMENT;
    }
    for (int i = 0; i < 2; i++) {
        if (axes[i].output < 1) {
            return EK_BAD_ARGUMENT;
        }
        /* Positions of adaptive windows are quotients of this product. */
        if (ek_checked_mul(axes[i].input, ek_checked_add(axes[i].output, 1)) < 0) {
            return EK_TOO_LARGE;
        }
        inputs = ek_checked_mul(inputs, axes[i].input);
        outputs = ek_checked_mul(outputs, axes[i].output);
    }
    return inputs < 0 || outputs < 0 ? EK_TOO_LARGE : EK_OK;
}

int ek_max_pool_check(const ek_max_pool_problem *p, ek_pool_axis axes[2]) {
    for (int i = 0; i < 2; i++) {
        ek_pool_axis a = {.input = i == 0 ? p->height : p->width,
                          .kernel = p->kernel[i],
                          .stride = p->stride[i],
                          .padding = p->padding[i],
                          .dilation = p->dilation[i]};
        a.output =
            ek_pool_output_size(a.input, a.kernel, a.stride, a.padding, a.dilation, p->ceil_mode);
        if (a.output < 1 || misses_input(&a)) {
            return EK_BAD_ARGUMENT;
        }
        axes[i] = a;
    }
    return check_sizes(p->planes, axes);
}

int ek_max_pool_codes_check(const ek_max_pool_problem *p, ek_pool_axis axes[2]) {
    int status = ek_max_pool_check(p, axes);
    int64_t elements = status == EK_OK ? ek_checked_mul(p->kernel[0], p->kernel[1]) : 0;
    return elements < 0 || elements > 256 ? EK_BAD_ARGUMENT : status;
}

int ek_avg_pool_check(const ek_avg_pool_problem *p, ek_pool_axis axes[2]) {
    for (int i = 0; i < 2; i++) {
        ek_pool_axis a = {.input = i == 0 ? p->height : p->width,
                          .kernel = p->kernel[i],
                          .stride = p->stride[i],
                          .padding = p->padding[i],
                          .dilation = 1,
                          .counts_padding = p->count_include_pad};
        a.output = ek_pool_output_size(a.input, a.kernel, a.stride, a.padding, 1, p->ceil_mode);
        axes[i] = a;
    }
    return check_sizes(p->planes, axes);
}

int ek_adaptive_pool_check(const ek_adaptive_pool_problem *p, ek_pool_axis axes[2]) {
    for (int i = 0; i < 2; i++) {
        ek_pool_axis a = {.input = i == 0 ? p->height : p->width,
                          .output = i == 0 ? p->out_height : p->out_width,
                          .dilation = 1};
        if (a.input < 1 || a.output < 1) {
            return EK_BAD_ARGUMENT;
        }
        a.is_adaptive = a.input % a.output != 0;
        a.kernel = a.stride = a.input / a.output;
        axes[i] = a;
    }
    return check_sizes(p->planes, axes);
}

int ek_unpool_check(const ek_unpool_problem *p) {
    if (p->planes < 0 || p->pooled < 0 || p->size < 0 || p->pooled_width < 0 || p->width < 0 ||
        p->pooled % ek_max(p->pooled_width, 1) || p->size % ek_max(p->width, 1)) {
        return EK_BAD_ARGUMENT;
    }
    int64_t plane = ek_checked_mul(ek_max(p->pooled, p->size), 8);
    return ek_checked_mul(p->planes, plane) < 0 ? EK_TOO_LARGE : EK_OK;
}
