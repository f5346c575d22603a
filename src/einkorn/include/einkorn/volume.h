/* What three spatial dimensions need beside the kernels of images. */
#ifndef EINKORN_VOLUME_H
#define EINKORN_VOLUME_H

#include "types.h"

/*
 * A convolution over volumes (batch, channels, depth, plane) is one over images of channels *
 * kernel channels: one image for each slice of its result, batch * out_depth of them. The stack
 * holds those from `begin` up to `end`: (end - begin, channels, kernel, plane).
 */
typedef struct ek_depth_problem {
    int64_t batch, channels, depth, plane;
    int64_t out_depth, kernel, stride, padding, dilation; /* along the depth */
    int64_t begin, end;
    int adds; /* of depth_unstack: to what the volume holds, else in its place */
} ek_depth_problem;

/*
 * Planes of input[0] * input[1] * input[2] elements beside planes of output. The window of a
 * result is a box: `spans` has for each output along the depth, then the height, then the width,
 * its begin and end in the input, anew for each plane or once for all of them.
 */
typedef struct ek_span_pool_problem {
    int64_t planes;
    int64_t input[3], output[3];
    int spans_per_plane;
} ek_span_pool_problem;

/*
 * ROW(name, parameters, arguments); each function takes an ek_dtype before these parameters.
 * depth_stack copies slices of the volume, zeros where a window leaves it; depth_unstack is its
 * adjoint. In span_max_pool `indices` are flat offsets in the input plane; the first of equals is
 * the largest, a NaN larger than every number, and EK_BAD_ARGUMENT says that a span is empty or
 * leaves the input.
 */
#define EK_VOLUME_TABLE(ROW)                                                                \
    ROW(depth_stack, (const ek_depth_problem *problem, const void *volume, void *stack),    \
        (problem, volume, stack))                                                           \
    ROW(depth_unstack, (const ek_depth_problem *problem, const void *stack, void *volume),  \
        (problem, stack, volume))                                                           \
    ROW(span_max_pool,                                                                      \
        (const ek_span_pool_problem *problem, const void *x, const int64_t *spans, void *y, \
         int64_t *indices),                                                                 \
        (problem, x, spans, y, indices))

#endif
