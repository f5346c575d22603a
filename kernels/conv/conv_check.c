#include "conv/conv.h"

#include "common/checked.h"
#include "volume/volume.h"

/* Bytes of an array of five factors in the wider dtype, -1 if they do not fit. */
static int64_t array_bytes(int64_t a, int64_t b, int64_t c, int64_t d) {
    int64_t elements = ek_checked_mul(ek_checked_mul(a, b), ek_checked_mul(c, d));
    return ek_checked_mul(elements, (int64_t)sizeof(double));
}

static int check_axis(const ek_conv2d_problem *p, int i) {
    if (p->in_size[i] < 0 || p->out_size[i] < 1 || p->kernel[i] < 1 || p->stride[i] < 1 ||
        p->padding[i] < 0 || p->dilation[i] < 1) {
        return EK_BAD_ARGUMENT;
    }
    int64_t padded = ek_checked_add(p->in_size[i], ek_checked_mul(2, p->padding[i]));
    int64_t window = ek_checked_mul(p->dilation[i], p->kernel[i] - 1);
    int64_t last = ek_checked_add(ek_checked_mul(p->out_size[i] - 1, p->stride[i]), window);
    if (padded < 0 || last < 0) {
        return EK_TOO_LARGE;
    }
    return last < padded ? EK_OK : EK_BAD_ARGUMENT;
}

int ek_conv2d_check(const ek_conv2d_problem *p) {
    if (p->batch < 0 || p->groups < 1 || p->in_channels < 1 || p->out_channels < 1 ||
        p->in_channels % p->groups != 0 || p->out_channels % p->groups != 0 ||
        (unsigned)p->algorithm >= EK_CONV_ALGORITHM_COUNT ||
        (unsigned)p->activation >= EK_ACTIVATION_COUNT) {
        return EK_BAD_ARGUMENT;
    }
    for (int i = 0; i < 2; i++) {
        int status = check_axis(p, i);
        if (status != EK_OK) {
            return status;
        }
    }
    int64_t in = array_bytes(p->batch, p->in_channels, p->in_size[0], p->in_size[1]);
    int64_t out = array_bytes(p->batch, p->out_channels, p->out_size[0], p->out_size[1]);
    int64_t weight = array_bytes(p->out_channels, p->in_channels, p->kernel[0], p->kernel[1]);
    return in < 0 || out < 0 || weight < 0 ? EK_TOO_LARGE : EK_OK;
}

int ek_conv_slices_check(const ek_conv2d_problem *p, const ek_depth_problem *slices) {
    int status = ek_depth_check(slices);
    if (status != EK_OK) {
        return status;
    }
    int fits = p->algorithm == EK_CONV_WINOGRAD && slices->begin == 0 && slices->end == p->batch &&
               ek_checked_mul(slices->batch, slices->out_depth) == p->batch &&
               ek_checked_mul(slices->channels, slices->kernel) == p->in_channels &&
               ek_checked_mul(p->in_size[0], p->in_size[1]) == slices->plane;
    return fits ? EK_OK : EK_BAD_ARGUMENT;
}

int ek_im2col_check(const ek_conv2d_problem *problem) {
    ek_conv2d_problem p = *problem;
    p.groups = p.out_channels = 1;
    p.algorithm = EK_CONV_AUTO;
    p.activation = EK_IDENTITY;
    int status = ek_conv2d_check(&p);
    if (status != EK_OK) {
        return status;
    }
    int64_t windows = array_bytes(p.batch, p.out_size[0], p.out_size[1], p.in_channels);
    int64_t bytes = ek_checked_mul(windows, ek_checked_mul(p.kernel[0], p.kernel[1]));
    return bytes < 0 ? EK_TOO_LARGE : EK_OK;
}
