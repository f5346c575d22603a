/* What the variants of convolution share: everything that depends on neither ISA nor dtype. */
#ifndef EK_CONV_H
#define EK_CONV_H

#include "einkorn/conv.h"

int ek_conv2d_check(const ek_conv2d_problem *problem);
int ek_conv_slices_check(const ek_conv2d_problem *problem, const ek_depth_problem *slices);
/* For im2col and col2im: also that the matrix of columns fits in memory. */
int ek_im2col_check(const ek_conv2d_problem *problem);

/*
 * A pass writes the target pixels target_first + i * target_step of each axis, for 0 <= i < count,
 * as sums over channels and taps: tap a multiplies the source pixel
 * i * source_step + tap_first + a * tap_step with the kernel's entry kernel_first + a *
 * kernel_step.
 *
 * A convolution is one pass from x to y. Its input gradient is a pass from grad to x for each
 * residue of x's pixels modulo the stride, since only every so many taps meet such a pixel.
 */
typedef struct ek_conv_axis {
    int64_t source_size, target_size;
    int64_t count, target_first, target_step;
    int64_t source_step;
    int64_t taps, tap_first, tap_step;
    int64_t kernel_first, kernel_step;
} ek_conv_axis;

/* Channels are those of one group. */
typedef struct ek_conv_pass {
    ek_conv_axis axis[2];
    int64_t batch, groups, source_channels, target_channels;
    int64_t kernel_width;
    int64_t weight_group, weight_target, weight_source; /* elements between neighbours */
    /* One tap that hits every pixel once: the source serves as matrix without a copy. Its two axes
     * are then treated as a single one. */
    int in_place;
} ek_conv_pass;

/* Passes along one axis; those along the second follow one another in the order of all. */
int64_t ek_conv_axis_passes(const ek_conv2d_problem *problem, ek_conv_direction direction, int i);
int64_t ek_conv_pass_count(const ek_conv2d_problem *problem, ek_conv_direction direction);
ek_conv_pass ek_conv_pass_at(const ek_conv2d_problem *problem, ek_conv_direction direction,
                             int64_t index);
/* Whether some pixels of the target belong to no pass, since no tap meets them. */
int ek_conv_passes_miss(const ek_conv2d_problem *problem, ek_conv_direction direction);

int64_t ek_greatest_common_divisor(int64_t a, int64_t b);

/*
 * How a pass is cut up. A block is a rectangle of target pixels of one image (of several where
 * images are small); what its windows see of some channels is copied to scratch, as planes. With
 * im2col every tap has a plane of its own; with the implicit algorithm taps whose source pixels are
 * a whole number of source steps apart share one. Either way, a pixel of the block is a lane of the
 * matrix: lane l of row (channel, tap) lies at offset(channel, tap) + l.
 */
typedef struct ek_conv_tiling {
    int64_t share[2];  /* tap a reads plane a % share ... */
    int64_t planes[2]; /* ... of so many */
    int64_t shift[2];  /* ... a / share * shift rows or columns further on */
    int64_t channels, depth_blocks;
    int64_t images, rows, columns;                 /* of a block */
    int64_t plane_rows, pitch, image_pitch, plane; /* plane: elements from one to the next */
    int64_t runs, run_lanes; /* of a block: its images, or one run where no gaps part them */
    int64_t image_blocks, row_blocks, column_blocks;
    int64_t targets, target_blocks; /* channels of the target for one task */
    int64_t blocks;                 /* images, rows, columns */
    int64_t scratch;                /* elements of one thread's planes and sums */
    int64_t sums;                   /* the direct algorithm's, at the end of the scratch */
    int in_place;                   /* the planes are the source's own */
} ek_conv_tiling;

/* Tile sizes of the variant that asks. */
typedef struct ek_conv_tile {
    int64_t rows, columns, lanes;
    int skips_gaps; /* lanes that are no pixels cost nothing */
} ek_conv_tile;

/* EK_TOO_LARGE where the planes would not fit in 63 bits. */
int ek_conv_tiling_of(const ek_conv_pass *pass, ek_conv_algorithm algorithm, ek_conv_tile tile,
                      ek_conv_tiling *tiling);
/* The same, if possible without planes; the source's last lanes must then be read with care. */
int ek_conv_tiling_in_place(const ek_conv_pass *pass, ek_conv_algorithm algorithm,
                            ek_conv_tile tile, ek_conv_tiling *tiling);
/* An estimate of the time a pass takes, in multiply-adds. */
double ek_conv_cost(const ek_conv_pass *pass, const ek_conv_tiling *tiling, ek_conv_tile tile);

/* The rectangle of block `index` (counted within one group). */
typedef struct ek_conv_block {
    int64_t image, images, first[2], size[2];
} ek_conv_block;

ek_conv_block ek_conv_block_at(const ek_conv_pass *pass, const ek_conv_tiling *tiling,
                               int64_t index);

/* Lanes are multiplied in runs that begin `image_pitch` apart, each from its first pixel to its
 * last. */
typedef struct ek_conv_runs {
    int64_t count, lanes;
} ek_conv_runs;

ek_conv_runs ek_conv_runs_of(const ek_conv_tiling *tiling, const ek_conv_block *block);

/* Element offsets of the rows (channel, tap) of one depth block; `offsets` has room for
 * tiling->channels * taps. */
void ek_conv_offsets(const ek_conv_pass *pass, const ek_conv_tiling *tiling, int64_t *offsets);

static inline int64_t ek_conv_taps(const ek_conv_pass *pass) {
    return pass->axis[0].taps * pass->axis[1].taps;
}

#endif
