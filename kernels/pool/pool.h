/* What the variants of pooling share: problem checks, and where windows lie. */
#ifndef EK_POOL_H
#define EK_POOL_H

#include "common/checked.h"
#include "einkorn/pool.h"

typedef struct ek_pool_axis {
    int64_t input, output;
    int64_t kernel, stride, padding, dilation;
    int counts_padding;
    int is_adaptive; /* windows of two lengths, which have neither kernel nor stride */
} ek_pool_axis;

/*
 * The part of a window that lies in the input, and the factor it gives to an average's divisor.
 * Pass it by pointer: a copy is read in wide registers while its narrow stores are still under way,
 * and that wait took longer than a small window.
 */
typedef struct ek_pool_span {
    int64_t begin, end, count;
} ek_pool_span;

/* Whether windows are pairs, side by side, that lie in the input. */
static inline int ek_pool_is_tiled(const ek_pool_axis *a) {
    return a->kernel == 2 && a->stride == 2 && a->padding == 0 && a->dilation == 1 &&
           2 * a->output <= a->input;
}

static inline ek_pool_span ek_pool_window(const ek_pool_axis *a, int64_t output) {
    ek_pool_span s;
    if (a->is_adaptive) {
        s.begin = output * a->input / a->output;
        s.end = ek_ceil_div((output + 1) * a->input, a->output);
        s.count = s.end - s.begin;
        return s;
    }
    int64_t begin = output * a->stride - a->padding;
    int64_t end = ek_min(begin + a->kernel, a->input + a->padding);
    s.begin = ek_max(begin, 0);
    s.end = ek_min(end, a->input);
    s.count = a->counts_padding ? end - begin : s.end - s.begin;
    return s;
}

/* The taps of a dilated window that lie in the input: those from `begin` up to `end`. */
static inline ek_pool_span ek_pool_taps(const ek_pool_axis *a, int64_t output) {
    int64_t first = output * a->stride - a->padding;
    ek_pool_span s = {0, a->kernel, a->kernel};
    if (first >= 0 && first + a->dilation * (a->kernel - 1) < a->input) {
        return s;
    }
    s.begin = first < 0 ? ek_ceil_div(-first, a->dilation) : 0;
    s.end = ek_min(a->kernel, ek_ceil_div(a->input - first, a->dilation));
    s.count = s.end - s.begin;
    return s;
}

/* The outputs whose windows lie in the input with all their taps. */
static inline ek_pool_span ek_pool_interior(const ek_pool_axis *a) {
    ek_pool_span s = {0, 0, 0};
    int64_t last = a->input - 1 - a->dilation * (a->kernel - 1) + a->padding;
    s.begin = ek_min(ek_ceil_div(a->padding, a->stride), a->output);
    s.end = last < 0 ? 0 : ek_min(last / a->stride + 1, a->output);
    s.end = ek_max(s.end, s.begin);
    s.count = s.end - s.begin;
    return s;
}

/* Rows, or planes, that a task takes when each touches `elements`. */
static inline int64_t ek_pool_units_per_task(int64_t elements) {
    const int64_t task_elements = 1 << 15;
    return ek_max(task_elements / ek_max(elements, 1), 1);
}

/* Each also says where the windows lie, first by height, then by width. */
int ek_max_pool_check(const ek_max_pool_problem *problem, ek_pool_axis axes[2]);
/* The same for windows whose elements a byte can number. */
int ek_max_pool_codes_check(const ek_max_pool_problem *problem, ek_pool_axis axes[2]);
int ek_avg_pool_check(const ek_avg_pool_problem *problem, ek_pool_axis axes[2]);
int ek_adaptive_pool_check(const ek_adaptive_pool_problem *problem, ek_pool_axis axes[2]);
int ek_unpool_check(const ek_unpool_problem *problem);

#endif
