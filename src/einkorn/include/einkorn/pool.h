/*
 * Pooling over the planes of images: arrays (planes, height, width), C-contiguous, where `planes`
 * is batch times channels. In pairs the first number is that of the height.
 */
#ifndef EINKORN_POOL_H
#define EINKORN_POOL_H

#include "types.h"

typedef struct ek_max_pool_problem {
    int64_t planes, height, width;
    int64_t kernel[2], stride[2], padding[2], dilation[2];
    int ceil_mode;
} ek_max_pool_problem;

/* A window's sum is divided by divisor_override; where that is 0, by the number of its elements,
 * those in the padding included if count_include_pad is set. */
typedef struct ek_avg_pool_problem {
    int64_t planes, height, width;
    int64_t kernel[2], stride[2], padding[2];
    int ceil_mode, count_include_pad;
    int64_t divisor_override;
} ek_avg_pool_problem;

/* Window i of O over an axis of length I reaches from floor(i I / O) to ceil((i + 1) I / O). */
typedef struct ek_adaptive_pool_problem {
    int64_t planes, height, width;
    int64_t out_height, out_width;
} ek_adaptive_pool_problem;

/* Planes of `pooled` elements beside planes of `size`; indices are offsets in the latter, and
 * EK_BAD_INDEX where they are not. The lengths of rows in both make windows side by side faster; 0
 * where there are none. */
typedef struct ek_unpool_problem {
    int64_t planes, pooled, size;
    int64_t pooled_width, width;
} ek_unpool_problem;

/*
 * floor((I + 2 P - D (K - 1) - 1) / S) + 1, or rounded up in ceil_mode, where however no window
 * may begin beyond the input and its left padding. -1 where an option is out of range, the padding
 * is more than half a kernel, or the window larger than the padded input.
 */
static inline int64_t ek_pool_output_size(int64_t input, int64_t kernel, int64_t stride,
                                          int64_t padding, int64_t dilation, int ceil_mode) {
    const int64_t largest = INT64_MAX / 8;
    if (input < 1 || kernel < 1 || stride < 1 || padding < 0 || dilation < 1 ||
        padding > kernel / 2) {
        return -1;
    }
    if (input > largest || stride > largest || padding > largest ||
        kernel - 1 > largest / dilation) {
        return -1;
    }
    int64_t span = input + 2 * padding - dilation * (kernel - 1) - 1;
    if (span < 0) {
        return -1;
    }
    int64_t output = (span + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    return output - ((output - 1) * stride >= input + padding);
}

/* ROW(name, parameters, arguments); each function takes an ek_dtype before these parameters. */
#define EK_POOL_TABLE(ROW)                                                                         \
    /* `indices`, where wanted, are flat offsets in the input plane; of equal elements the first   \
     * is the largest, and a NaN is larger than every number. */                                   \
    ROW(max_pool2d,                                                                                \
        (const ek_max_pool_problem *problem, const void *x, void *y, int64_t *indices),            \
        (problem, x, y, indices))                                                                  \
    ROW(max_pool2d_grad,                                                                           \
        (const ek_unpool_problem *problem, const void *grad, const int64_t *indices, void *gx),    \
        (problem, grad, indices, gx))                                                              \
    ROW(max_unpool2d,                                                                              \
        (const ek_unpool_problem *problem, const void *x, const int64_t *indices, void *y),        \
        (problem, x, indices, y))                                                                  \
    ROW(max_unpool2d_grad,                                                                         \
        (const ek_unpool_problem *problem, const void *grad, const int64_t *indices, void *gx),    \
        (problem, grad, indices, gx))                                                              \
    ROW(avg_pool2d, (const ek_avg_pool_problem *problem, const void *x, void *y), (problem, x, y)) \
    ROW(avg_pool2d_grad, (const ek_avg_pool_problem *problem, const void *grad, void *gx),         \
        (problem, grad, gx))                                                                       \
    ROW(adaptive_avg_pool2d, (const ek_adaptive_pool_problem *problem, const void *x, void *y),    \
        (problem, x, y))                                                                           \
    ROW(adaptive_avg_pool2d_grad,                                                                  \
        (const ek_adaptive_pool_problem *problem, const void *grad, void *gx),                     \
        (problem, grad, gx))                                                                       \
    /* With windows of at most 256 elements, the number of the largest in its window, row by row,  \
     * in place of its index. In the gradient a code without such an element counts for nothing.   \
     */                                                                                            \
    ROW(max_pool2d_codes,                                                                          \
        (const ek_max_pool_problem *problem, const void *x, void *y, uint8_t *codes),              \
        (problem, x, y, codes))                                                                    \
    ROW(max_pool2d_codes_grad,                                                                     \
        (const ek_max_pool_problem *problem, const void *grad, const uint8_t *codes, void *gx),    \
        (problem, grad, codes, gx))

#endif
