"""From the arguments of a convolution to the problem that the kernels take.

Images have rank 4 and signals rank 3; a signal is an image of height 1. Every check of a size or an
option stands here, and its error names the argument.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport expect_shape, integer
from einkorn.kernels._core cimport (
    EK_CONV_AUTO,
    EK_CONV_COL2IM,
    EK_CONV_DEPTHWISE,
    EK_CONV_DIRECT,
    EK_CONV_IM2COL,
    EK_CONV_IMPLICIT,
    EK_CONV_LINEAR,
    EK_CONV_UNFOLD,
    EK_CONV_WINOGRAD,
    EK_IDENTITY,
    ek_conv2d_problem,
)

from einkorn.kernels.precision import check_precision, get_precision

cnp.import_array()

cdef int64_t LARGEST = 2**63 - 1

ALGORITHM_CODES = {
    "auto": EK_CONV_AUTO,
    "im2col": EK_CONV_IM2COL,
    "implicit": EK_CONV_IMPLICIT,
    "direct": EK_CONV_DIRECT,
    "linear": EK_CONV_LINEAR,
    "winograd": EK_CONV_WINOGRAD,
    "depthwise": EK_CONV_DEPTHWISE,
    "col2im": EK_CONV_COL2IM,
    "unfold": EK_CONV_UNFOLD,
}
ALGORITHMS = tuple(ALGORITHM_CODES)


cdef int spatial(object value, str name, int rank, int64_t lowest, int64_t missing,
                 int64_t *sizes) except -1:
    """An integer for every axis, or one for each; the missing height of a signal is `missing`."""
    sizes[0] = missing
    if not isinstance(value, (tuple, list)):
        sizes[1] = integer(value, name, lowest)
        if rank == 4:
            sizes[0] = sizes[1]
    elif len(value) != rank - 2:
        count = "two ints" if rank == 4 else "one"
        raise ValueError(f"{name}: expected an int or a sequence of {count}, got {value!r}")
    else:
        sizes[1] = integer(value[rank - 3], name, lowest)
        if rank == 4:
            sizes[0] = integer(value[0], name, lowest)
    return 0


cdef int set_options(ek_conv2d_problem *p, int rank, object stride, object padding,
                     object dilation, object groups, object algorithm, object precision) except -1:
    spatial(stride, "stride", rank, 1, 1, p.stride)
    spatial(padding, "padding", rank, 0, 0, p.padding)
    spatial(dilation, "dilation", rank, 1, 1, p.dilation)
    p.groups = integer(groups, "groups", 1)
    p.activation = EK_IDENTITY
    if not isinstance(algorithm, str) or algorithm not in ALGORITHM_CODES:
        raise ValueError(f"algorithm: expected one of {ALGORITHMS}, got {algorithm!r}")
    p.algorithm = ALGORITHM_CODES[algorithm]
    p.strict = (get_precision() if precision is None else check_precision(precision)) == "strict"
    if p.strict and p.algorithm == EK_CONV_WINOGRAD:
        raise ValueError("precision: expected 'auto' with algorithm 'winograd', got 'strict'")
    return 0


cdef tuple spatial_tuple(int rank, const int64_t *sizes):
    if rank == 4:
        return (sizes[0], sizes[1])
    return (sizes[1],)


cdef int read_shape(object value, str name, int rank, int64_t *shape) except -1:
    cdef int i
    try:
        sizes = tuple(value)
    except TypeError:
        raise TypeError(f"{name}: expected a sequence of {rank} ints, got {value!r}") from None
    if len(sizes) != rank:
        raise ValueError(f"{name}: expected {rank} dimensions, got {value!r}")
    for i in range(rank):
        shape[i] = integer(sizes[i], name, 0)
    return 0


cdef const int64_t *shape_of(cnp.ndarray array) noexcept:
    return <const int64_t *>cnp.PyArray_DIMS(array)


cdef int set_sizes(int rank, const int64_t *shape, int64_t *sizes) noexcept:
    sizes[0] = shape[2] if rank == 4 else 1
    sizes[1] = shape[rank - 1]
    return 0


cdef int image_shape(int rank, int64_t batch, int64_t channels, const int64_t *sizes,
                     int64_t *shape) noexcept:
    shape[0], shape[1] = batch, channels
    if rank == 4:
        shape[2] = sizes[0]
    shape[rank - 1] = sizes[1]
    return 0


cdef int expect_some(const int64_t *shape, int begin, int end, str name) except -1:
    cdef int i
    for i in range(begin, end):
        if shape[i] < 1:
            raise ValueError(f"{name}: expected at least 1 along axis {i}, got {shape[i]}")
    return 0


cdef int64_t extent(const ek_conv2d_problem *p, int i) except -1:
    """From the first to the last entry of the dilated kernel."""
    if p.kernel[i] - 1 > (LARGEST - 1) / p.dilation[i]:
        raise ValueError(f"dilation: {p.dilation[i]} is too large for a kernel of {p.kernel[i]}")
    return p.dilation[i] * (p.kernel[i] - 1) + 1


cdef int set_output_size(ek_conv2d_problem *p, int rank, str name) except -1:
    cdef int i
    cdef int64_t window
    for i in range(2):
        if p.padding[i] > (LARGEST - p.in_size[i]) / 2:
            raise ValueError(f"padding: {p.padding[i]} is too large")
        window = extent(p, i)
        if window > p.in_size[i] + 2 * p.padding[i]:
            padded = tuple([n + 2 * m for n, m in zip(
                spatial_tuple(rank, p.in_size), spatial_tuple(rank, p.padding), strict=True)])
            raise ValueError(
                f"{name}: expected a kernel within the padded input of {padded}, got kernel_size "
                f"{spatial_tuple(rank, p.kernel)} with dilation {spatial_tuple(rank, p.dilation)}"
            )
        p.out_size[i] = (p.in_size[i] + 2 * p.padding[i] - window) / p.stride[i] + 1
    return 0


cdef int set_conv(ek_conv2d_problem *p, int rank, const int64_t *x, str x_name,
                  const int64_t *weight, str weight_name) except -1:
    """The convolution of an input of shape `x` with a weight of shape `weight`."""
    expect_some(x, 1, 2, x_name)
    expect_some(weight, 0, rank, weight_name)
    p.batch, p.in_channels, p.out_channels = x[0], x[1], weight[0]
    set_sizes(rank, x, p.in_size)
    set_sizes(rank, weight, p.kernel)
    if p.in_channels % p.groups or p.out_channels % p.groups:
        raise ValueError(
            f"groups: expected a divisor of {p.in_channels} input and {p.out_channels} output "
            f"channels, got {p.groups}"
        )
    if weight[1] != p.in_channels / p.groups:
        raise ValueError(
            f"{weight_name}: expected {p.in_channels / p.groups} input channels ({x_name} has "
            f"{p.in_channels} in {p.groups} groups), got {weight[1]}"
        )
    return set_output_size(p, rank, weight_name)


cdef int set_conv_transpose(ek_conv2d_problem *p, int rank, const int64_t *x,
                            const int64_t *weight, str weight_name, object padding) except -1:
    """The convolution whose input gradient is the transposed one of these shapes."""
    cdef int64_t more[2]
    cdef int i
    expect_some(x, 1, rank, "x")
    expect_some(weight, 0, rank, weight_name)
    spatial(padding, "output_padding", rank, 0, 0, more)
    p.batch, p.out_channels = x[0], x[1]
    set_sizes(rank, x, p.out_size)
    set_sizes(rank, weight, p.kernel)
    if weight[0] != p.out_channels:
        raise ValueError(
            f"{weight_name}: expected {p.out_channels} input channels as x, got {weight[0]}"
        )
    if p.out_channels % p.groups:
        raise ValueError(
            f"groups: expected a divisor of {p.out_channels} input channels, got {p.groups}"
        )
    if weight[1] > LARGEST / p.groups:
        raise ValueError(f"groups: {p.groups} is too large")
    p.in_channels = weight[1] * p.groups
    for i in range(2):
        set_transposed_size(p, i, more[i])
    return 0


cdef int set_transposed_size(ek_conv2d_problem *p, int i, int64_t more) except -1:
    cdef object size
    if more > 0 and more >= p.stride[i] and more >= p.dilation[i]:
        raise ValueError(
            f"output_padding: expected less than stride {p.stride[i]} or dilation "
            f"{p.dilation[i]}, got {more}"
        )
    # Of Python's integers: no intermediate may leave 63 bits.
    size = (<object>p.out_size[i] - 1) * p.stride[i] - 2 * <object>p.padding[i]
    size += (<object>p.kernel[i] - 1) * p.dilation[i] + more + 1
    if not 1 <= size <= LARGEST:
        raise ValueError(
            f"padding: expected a result of 1 to 2**63 - 1 pixels along each axis, got {size} "
            f"with padding {p.padding[i]}"
        )
    p.in_size[i] = size
    return 0


cdef int set_conv_transpose_of_grad(ek_conv2d_problem *p, int rank, const int64_t *grad,
                                    const int64_t *weight, object padding) except -1:
    """The same where the result's shape is known, not the input's."""
    cdef int64_t x[4]
    cdef int64_t more[2]
    cdef int64_t span
    cdef int i
    expect_some(weight, 0, rank, "weight")
    spatial(padding, "output_padding", rank, 0, 0, more)
    set_sizes(rank, grad, p.in_size)
    set_sizes(rank, weight, p.kernel)
    for i in range(2):
        if p.padding[i] > (LARGEST - p.in_size[i]) / 2:
            raise ValueError(f"padding: {p.padding[i]} is too large")
        span = p.in_size[i] + 2 * p.padding[i] - extent(p, i)
        if span < more[i] or (span - more[i]) % p.stride[i]:
            raise ValueError(
                f"grad: {spatial_tuple(rank, p.in_size)} pixels are no result of a transposed "
                f"convolution with these options"
            )
        p.out_size[i] = (span - more[i]) / p.stride[i] + 1
    image_shape(rank, grad[0], weight[0], p.out_size, x)
    return set_conv_transpose(p, rank, x, weight, "weight", padding)


cdef int expect_image(cnp.ndarray array, str name, int rank, int64_t batch, int64_t channels,
                      const int64_t *sizes) except -1:
    cdef int64_t shape[4]
    image_shape(rank, batch, channels, sizes, shape)
    return expect_shape(array, name, rank, shape)


cdef int64_t multiply(int64_t a, int64_t b, str name) except -1:
    if b > 0 and a > LARGEST / b:
        raise ValueError(f"{name}: the columns would not fit in memory")
    return a * b


cdef int set_windows(ek_conv2d_problem *p, object kernel_size, object stride, object padding,
                     object dilation) except -1:
    """The options of im2col and col2im; batch, channels and sizes of the image are set before."""
    set_options(p, 4, stride, padding, dilation, 1, "auto", None)
    spatial(kernel_size, "kernel_size", 4, 1, 1, p.kernel)
    p.out_channels = 1
    return set_output_size(p, 4, "kernel_size")


cdef int columns_shape(ek_conv2d_problem *p, int64_t *shape) except -1:
    shape[0] = p.batch
    shape[1] = multiply(multiply(p.in_channels, p.kernel[0], "kernel_size"), p.kernel[1],
                        "kernel_size")
    shape[2] = multiply(p.out_size[0], p.out_size[1], "padding")
    return 0
