"""The options and shapes of convolutions of volumes, and their checks."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport Call, integer, output

cnp.import_array()

cdef int64_t LARGEST = 2**63 - 1


cdef int triple(object value, str name, int64_t lowest, int64_t *sizes) except -1:
    cdef int i
    if not isinstance(value, (tuple, list)):
        sizes[0] = sizes[1] = sizes[2] = integer(value, name, lowest)
        return 0
    if len(value) != 3:
        raise ValueError(f"{name}: expected an int or a sequence of three ints, got {value!r}")
    for i in range(3):
        sizes[i] = integer(value[i], name, lowest)
    return 0


cdef tuple three(const int64_t *sizes):
    return (sizes[0], sizes[1], sizes[2])


cdef int read_options(Volumes *p, object stride, object padding, object dilation,
                      object groups) except -1:
    triple(stride, "stride", 1, p.stride)
    triple(padding, "padding", 0, p.padding)
    triple(dilation, "dilation", 1, p.dilation)
    p.groups = integer(groups, "groups", 1)
    return 0


cdef tuple read_shape(object value, str name):
    try:
        sizes = tuple(value)
    except TypeError:
        raise TypeError(f"{name}: expected a sequence of 5 ints, got {value!r}") from None
    if len(sizes) != 5:
        raise ValueError(f"{name}: expected 5 dimensions, got {value!r}")
    return tuple([integer(size, name, 0) for size in sizes])


cdef tuple shape_of(cnp.ndarray array):
    return tuple([cnp.PyArray_DIM(array, i) for i in range(cnp.PyArray_NDIM(array))])


cdef int expect_some(tuple shape, int begin, str name) except -1:
    cdef int i
    for i in range(begin, 5):
        if shape[i] < 1:
            raise ValueError(f"{name}: expected at least 1 along axis {i}, got {shape[i]}")
    return 0


cdef object extent(const Volumes *p, int i):
    """From the first to the last entry of the dilated kernel; of Python's integers."""
    return p.dilation[i] * <object>(p.kernel[i] - 1) + 1


cdef int set_conv(Volumes *p, tuple x, str x_name, tuple weight, str weight_name) except -1:
    """The convolution of an input of shape `x` with a weight of shape `weight`."""
    cdef int i
    if x[1] < 1:
        raise ValueError(f"{x_name}: expected at least 1 along axis 1, got {x[1]}")
    expect_some(weight, 0, weight_name)
    p.batch, p.in_channels, p.out_channels = x[0], x[1], weight[0]
    for i in range(3):
        p.in_size[i], p.kernel[i] = x[2 + i], weight[2 + i]
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
    for i in range(3):
        padded = p.in_size[i] + 2 * <object>p.padding[i]
        if extent(p, i) > padded:
            whole = tuple([x[2 + j] + 2 * <object>p.padding[j] for j in range(3)])
            raise ValueError(
                f"{weight_name}: expected a kernel within the padded input of {whole}, got "
                f"kernel_size {three(p.kernel)} with dilation {three(p.dilation)}"
            )
        if padded > LARGEST:
            raise ValueError(f"padding: {p.padding[i]} is too large")
        p.out_size[i] = (padded - extent(p, i)) // p.stride[i] + 1
    return 0


cdef int set_conv_transpose(Volumes *p, tuple x, tuple weight, str weight_name,
                            object output_padding) except -1:
    """The convolution whose input gradient is the transposed one of these shapes."""
    cdef int64_t more[3]
    cdef int i
    expect_some(x, 1, "x")
    expect_some(weight, 0, weight_name)
    triple(output_padding, "output_padding", 0, more)
    p.batch, p.out_channels = x[0], x[1]
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
    for i in range(3):
        p.out_size[i], p.kernel[i] = x[2 + i], weight[2 + i]
        if more[i] > 0 and more[i] >= p.stride[i] and more[i] >= p.dilation[i]:
            raise ValueError(
                f"output_padding: expected less than stride {p.stride[i]} or dilation "
                f"{p.dilation[i]}, got {more[i]}"
            )
        size = <object>(p.out_size[i] - 1) * p.stride[i] - 2 * <object>p.padding[i]
        size += extent(p, i) + more[i]
        if not 1 <= size <= LARGEST:
            raise ValueError(
                f"padding: expected a result of 1 to 2**63 - 1 voxels along each axis, got {size} "
                f"with padding {p.padding[i]}"
            )
        p.in_size[i] = size
    return 0


cdef int set_conv_transpose_of_grad(Volumes *p, tuple grad, tuple weight,
                                    object output_padding) except -1:
    """The same where the result's shape is known, not the input's."""
    cdef int64_t more[3]
    cdef int i
    expect_some(weight, 0, "weight")
    triple(output_padding, "output_padding", 0, more)
    sizes = []
    for i in range(3):
        p.kernel[i] = weight[2 + i]
        span = grad[2 + i] + 2 * <object>p.padding[i] - extent(p, i) - more[i]
        if span < 0 or span % p.stride[i]:
            raise ValueError(
                f"grad: {grad[2:]} voxels are no result of a transposed convolution with these "
                f"options"
            )
        if span >= LARGEST:
            raise ValueError(f"padding: {p.padding[i]} is too large")
        sizes.append(span // p.stride[i] + 1)
    return set_conv_transpose(p, (grad[0], weight[0], *sizes), weight, "weight", output_padding)


cdef tuple input_shape_of(const Volumes *p):
    return (p.batch, p.in_channels, *three(p.in_size))


cdef tuple output_shape_of(const Volumes *p):
    return (p.batch, p.out_channels, *three(p.out_size))


cdef int expect_volume(cnp.ndarray array, str name, tuple shape) except -1:
    if shape_of(array) != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {shape_of(array)}")
    return 0


cdef cnp.ndarray new_output(object out, tuple shape, Call *call):
    cdef int64_t sizes[5]
    cdef int i
    for i in range(5):
        sizes[i] = shape[i]
    return output(out, 5, sizes, call.type_number)
