/*
 * Two-dimensional convolution (cross-correlation), its two gradients, and im2col.
 *
 * A transposed convolution is the input gradient of the convolution that has its input as output:
 * conv2d_input_grad computes it (hence the bias and activation there), conv2d computes its input
 * gradient, and conv2d_weight_grad its weight gradient with the two images exchanged.
 */
#ifndef EINKORN_CONV_H
#define EINKORN_CONV_H

#include "types.h"
#include "volume.h"

typedef enum ek_conv_algorithm {
    EK_CONV_AUTO = 0,     /* one of those below, chosen by the shape */
    EK_CONV_IM2COL = 1,   /* GEMM on windows that were copied side by side, a block at a time */
    EK_CONV_IMPLICIT = 2, /* GEMM that reads the windows where they overlap in a padded copy */
    EK_CONV_DIRECT = 3,   /* one output channel at a time, for few channels in a group */
    EK_CONV_LINEAR = 4,   /* GEMM on whole images: the kernel covers the input once */
    /* Fewer products of transformed tiles and filters, with a larger error; float only. */
    EK_CONV_WINOGRAD = 5,
    EK_CONV_DEPTHWISE = 6, /* row by row, where every group has one channel of x */
    EK_CONV_COL2IM = 7,    /* GEMM whose results are added where windows overlap: input gradients */
    EK_CONV_UNFOLD = 8,    /* GEMM on the matrix of the windows of several images; one group */
    EK_CONV_ALGORITHM_COUNT = 9
} ek_conv_algorithm;

typedef enum ek_conv_direction {
    EK_CONV_FORWARD = 0,
    EK_CONV_INPUT_GRAD = 1,
    EK_CONV_WEIGHT_GRAD = 2,
    EK_CONV_DIRECTION_COUNT = 3
} ek_conv_direction;

/*
 * Pairs hold height, then width. x is (batch, in_channels, in_size), y (batch, out_channels,
 * out_size), weight (out_channels, in_channels / groups, kernel), all contiguous. All sizes but
 * `batch` and `in_size` are at least 1. Every window lies within the padded input:
 * (out_size - 1) stride + dilation (kernel - 1) < in_size + 2 padding.
 */
typedef struct ek_conv2d_problem {
    int64_t batch, groups;
    int64_t in_channels, in_size[2];
    int64_t out_channels, out_size[2];
    int64_t kernel[2], stride[2], padding[2], dilation[2];
    ek_conv_algorithm algorithm;
    ek_activation activation; /* of conv2d and conv2d_input_grad */
    int strict;               /* only algorithms that sum the products of the definition */
} ek_conv2d_problem;

/*
 * ROW(name, parameters, arguments); each function takes an ek_dtype before these parameters.
 * `bias` is NULL or has an element a channel of the result. conv2d_algorithm writes what `auto`
 * takes, or EK_BAD_ARGUMENT where the problem asks for an algorithm that cannot run it. im2col and
 * col2im look at neither groups, out_channels nor the last three members; cols is
 * (batch, in_channels * kernel, out_size), the sizes multiplied out. conv2d_slices reads the images
 * where they lie in a volume, as depth_stack would gather them, and puts each result into its slice
 * of y, (batch, out_channels, out_depth, out_size), which conv2d_slices_weight_grad reads likewise;
 * the slices are all of those from 0 on, and the problem asks for Winograd's algorithm, which alone
 * can do so.
 */
#define EK_CONV_TABLE(ROW)                                                                         \
    ROW(conv2d,                                                                                    \
        (const ek_conv2d_problem *problem, const void *x, const void *weight, const void *bias,    \
         void *y, ek_workspace workspace),                                                         \
        (problem, x, weight, bias, y, workspace))                                                  \
    ROW(conv2d_slices,                                                                             \
        (const ek_conv2d_problem *problem, const ek_depth_problem *slices, const void *x,          \
         const void *weight, const void *bias, void *y, ek_workspace workspace),                   \
        (problem, slices, x, weight, bias, y, workspace))                                          \
    ROW(conv2d_slices_weight_grad,                                                                 \
        (const ek_conv2d_problem *problem, const ek_depth_problem *slices, const void *grad,       \
         const void *x, void *weight_grad, ek_workspace workspace),                                \
        (problem, slices, grad, x, weight_grad, workspace))                                        \
    ROW(conv2d_input_grad,                                                                         \
        (const ek_conv2d_problem *problem, const void *grad, const void *weight, const void *bias, \
         void *x_grad, ek_workspace workspace),                                                    \
        (problem, grad, weight, bias, x_grad, workspace))                                          \
    ROW(conv2d_weight_grad,                                                                        \
        (const ek_conv2d_problem *problem, const void *grad, const void *x, void *weight_grad,     \
         ek_workspace workspace),                                                                  \
        (problem, grad, x, weight_grad, workspace))                                                \
    ROW(conv2d_workspace,                                                                          \
        (const ek_conv2d_problem *problem, ek_conv_direction direction, ek_workspace_size *size),  \
        (problem, direction, size))                                                                \
    ROW(conv2d_algorithm,                                                                          \
        (const ek_conv2d_problem *problem, ek_conv_direction direction,                            \
         ek_conv_algorithm *algorithm),                                                            \
        (problem, direction, algorithm))                                                           \
    ROW(im2col, (const ek_conv2d_problem *problem, const void *x, void *cols), (problem, x, cols)) \
    ROW(col2im, (const ek_conv2d_problem *problem, const void *cols, void *x), (problem, cols, x))

#endif
