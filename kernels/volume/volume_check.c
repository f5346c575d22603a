#include "volume/volume.h"

static int64_t product(int64_t count, const int64_t *factors) {
    int64_t result = 8;
    for (int64_t i = 0; i < count; i++) {
        result = ek_checked_mul(result, factors[i]);
    }
    return result;
}

int ek_depth_check(const ek_depth_problem *p) {
    const int64_t volume[] = {p->batch, p->channels, p->depth, p->plane};
    const int64_t stack[] = {p->batch, p->out_depth, p->channels, p->kernel, p->plane};
    int64_t images = ek_checked_mul(p->batch, p->out_depth);
    if (p->kernel < 1 || p->stride < 1 || p->padding < 0 || p->dilation < 1 || p->begin < 0 ||
        p->begin > p->end || p->end > images) {
        return EK_BAD_ARGUMENT;
    }
    int64_t reach = ek_checked_add(ek_checked_mul(p->out_depth, p->stride),
                                   ek_checked_mul(p->kernel, p->dilation));
    return product(4, volume) < 0 || product(5, stack) < 0 || reach < 0 ? EK_TOO_LARGE : EK_OK;
}

int ek_span_pool_check(const ek_span_pool_problem *p, const int64_t *spans) {
    const int64_t input[] = {p->planes, p->input[0], p->input[1], p->input[2]};
    const int64_t output[] = {p->planes, p->output[0], p->output[1], p->output[2]};
    if (product(4, input) < 0 || product(4, output) < 0) {
        return EK_TOO_LARGE;
    }
    int64_t rows = p->spans_per_plane ? p->planes : 1;
    for (int64_t row = 0; row < rows; row++) {
        for (int axis = 0; axis < 3; axis++) {
            for (int64_t i = 0; i < p->output[axis]; i++, spans += 2) {
                if (spans[0] < 0 || spans[0] >= spans[1] || spans[1] > p->input[axis]) {
                    return EK_BAD_ARGUMENT;
                }
            }
        }
    }
    return EK_OK;
}
