"""From convolutions of volumes to those of images.

A slice of the result reads KD slices of the input. Set side by side as channels these are one
image, and the convolution of volumes is the convolution of images of C * KD channels, in a batch of
N * OD: the weights need not even be moved. So whatever is fast for images is fast for volumes::

    x (N, C, D, H, W)  --depth_stack-->  (N OD, C KD, H, W)  --conv2d-->  (N OD, K, OH, OW)
                                                             --depth_unstack-->  (N, K, OD, OH, OW)

and the input gradient is the same backwards. The stack is made some images at a time, few enough to
stay in the cache; how many, the shapes alone decide. Winograd's algorithm gathers what it reads in
any case, and takes slices from where they lie. A kernel of one pixel in height and width needs no
stack: it is an image kernel over planes of D rows and H * W columns, of those voxels alone that its
strides meet, which are copied side by side. Nor does a depthwise one that steps by single slices:
every slice meets each slice of its channel's kernel by itself, and `depth_unstack` adds what
belongs together.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    activation_code,
    check,
    empty,
)
from einkorn.kernels._conv_calls cimport reserve
from einkorn.kernels._conv_problem cimport set_conv as set_image_conv
from einkorn.kernels._conv_problem cimport set_options as set_image_options
from einkorn.kernels._core cimport (
    EK_CONV_FORWARD,
    EK_CONV_WEIGHT_GRAD,
    EK_CONV_WINOGRAD,
    EK_OK,
    api,
    ek_conv2d_problem,
    ek_conv_algorithm,
    ek_conv_direction,
    ek_depth_problem,
)
from einkorn.kernels._volume_problem cimport Volumes, extent, three

from functools import partial

import numpy as np

from einkorn.kernels.activations import relu, sigmoid, tanh
from einkorn.kernels.conv import (
    conv2d,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
)
from einkorn.kernels.epilogues import bias_activation
from einkorn.kernels.layout import copy

cnp.import_array()

cdef int64_t LARGEST = 2**63 - 1
# Bytes of a stack of images, at most. A convolution transforms its filters anew for each.
cdef int64_t STACK = 8 << 20
# Slices of a kernel that a depthwise convolution of images takes as so many targets of a channel.
cdef int64_t MOST_TARGETS = 3

_ACTIVATIONS = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}


cdef bint is_flat(const Volumes *p) noexcept:
    """Whether the kernel sees one pixel of a slice, so that a slice can lie in one row."""
    cdef int i
    for i in range(1, 3):
        if p.kernel[i] != 1 or p.padding[i] != 0:
            return False
    return True


cdef bint is_point(const Volumes *p) noexcept:
    """Whether the kernel sees one voxel, and no voxel of the result lacks one."""
    return is_flat(p) and p.kernel[0] == 1 and p.padding[0] == 0


cdef object met(const Volumes *p, object volume):
    """The voxels of the input that a flat kernel's strides meet, in order."""
    moves = [slice(None), slice(None)]
    for i in range(3):
        whole = i == 0 and not is_point(p)
        moves.append(slice(None) if whole else slice(0, p.out_size[i] * p.stride[i], p.stride[i]))
    return volume[tuple(moves)]


cdef dict image_options(const Volumes *p, object algorithm, object precision):
    """The options of the convolution of images that stands for that of volumes."""
    stride, padding, dilation = three(p.stride), three(p.padding), three(p.dilation)
    if is_flat(p):
        rows = 1 if is_point(p) else stride[0]
        moves = {"stride": (rows, 1), "padding": (padding[0], 0), "dilation": (dilation[0], 1)}
    else:
        moves = {"stride": stride[1:], "padding": padding[1:], "dilation": dilation[1:]}
    return {**moves, "groups": p.groups, "algorithm": algorithm, "precision": precision}


cdef tuple surplus(const Volumes *p):
    """What the input has beyond the last window: output padding, seen from the result."""
    rest = tuple([
        <object>p.in_size[i] + 2 * <object>p.padding[i] - extent(p, i)
        - (<object>p.out_size[i] - 1) * p.stride[i]
        for i in range(3)
    ])
    if is_flat(p):
        return (0 if is_point(p) else rest[0], 0)
    return rest[1:]


cdef tuple image_filters(const Volumes *p):
    """The shape in which the weights are those of images."""
    if is_flat(p):
        return (p.out_channels, p.in_channels / p.groups, p.kernel[0], 1)
    return (p.out_channels, p.in_channels / p.groups * p.kernel[0], p.kernel[1], p.kernel[2])


cdef object flattened(object volume):
    return volume.reshape(*volume.shape[:3], volume.shape[3] * volume.shape[4])


cdef object flat_input(const Volumes *p, object volume):
    """What a flat kernel meets of the input, a slice in a row; the memory of `volume` if all."""
    found = met(p, volume)
    return flattened(volume if found.shape == volume.shape else copy(found))


cdef int64_t images_of(const Volumes *p) except -1:
    if p.batch > 0 and p.out_size[0] > LARGEST / p.batch:
        raise ValueError("padding: the result would not fit in memory")
    return p.batch * p.out_size[0]


cdef tuple image_shape(const Volumes *p):
    """The shape of one image of the stack."""
    if p.kernel[0] > LARGEST / p.in_channels:
        raise ValueError("kernel_size: the images would not fit in memory")
    return (p.in_channels * p.kernel[0], p.in_size[1], p.in_size[2])


cdef object spans(const Volumes *p, int64_t itemsize):
    """From where to where the images of a stack go, one stack after another; at least one."""
    channels, height, width = image_shape(p)
    return shares(images_of(p), channels * height * width * itemsize)


cdef object shares(object items, object item_bytes):
    """Even spans of items that fit in a stack; one, even of no items."""
    most = max(STACK // max(item_bytes, 1), 1)
    count = -(-items // max(-(-items // most), 1)) or 1
    return [(first, min(first + count, items)) for first in range(0, max(items, 1), count)]


cdef ek_depth_problem depth_of(const Volumes *p, tuple span, bint of_result) noexcept:
    """How the slices of the input, or of the result, lie in a stack."""
    cdef ek_depth_problem problem
    problem.batch, problem.out_depth = p.batch, p.out_size[0]
    problem.begin, problem.end = span
    if of_result:
        problem.channels, problem.depth = p.out_channels, p.out_size[0]
        problem.plane = p.out_size[1] * p.out_size[2]
        problem.kernel = problem.stride = problem.dilation = 1
        problem.padding = 0
    else:
        problem.channels, problem.depth = p.in_channels, p.in_size[0]
        problem.plane = p.in_size[1] * p.in_size[2]
        problem.kernel, problem.stride = p.kernel[0], p.stride[0]
        problem.padding, problem.dilation = p.padding[0], p.dilation[0]
    problem.adds = not of_result
    return problem


cdef cnp.ndarray stacked(Call *call, const Volumes *p, cnp.ndarray volume, tuple span,
                         bint of_result):
    """The images that hold the slices of the input, or of the result."""
    cdef ek_depth_problem problem = depth_of(p, span, of_result)
    cdef int64_t shape[4]
    cdef int status
    shape[0] = problem.end - problem.begin
    shape[1] = problem.channels * problem.kernel
    shape[2] = p.out_size[1] if of_result else p.in_size[1]
    shape[3] = p.out_size[2] if of_result else p.in_size[2]
    if problem.out_depth == 1 and problem.kernel == problem.depth and problem.padding == 0:
        # Every image is a whole sample.
        return (<object>volume).reshape(p.batch, shape[1], shape[2], shape[3])[span[0]:span[1]]
    cdef cnp.ndarray stack = empty(4, shape, call.type_number)
    with nogil:
        status = api.depth_stack(call.dtype, &problem, cnp.PyArray_DATA(volume),
                                 cnp.PyArray_DATA(stack))
    check(status, "depth_stack")
    return stack


cdef int unstack(Call *call, const Volumes *p, cnp.ndarray stack, tuple span, bint of_result,
                 cnp.ndarray volume) except -1:
    """Put images into the slices of the result, or add them to those of the input."""
    cdef ek_depth_problem problem = depth_of(p, span, of_result)
    cdef int status
    with nogil:
        status = api.depth_unstack(call.dtype, &problem, cnp.PyArray_DATA(stack),
                                   cnp.PyArray_DATA(volume))
    return check(status, "depth_unstack")


cdef bint adds_slices(const Volumes *p) except -1:
    """Whether it is depthwise and each slice of the input may meet the kernel's by itself."""
    return (
        p.groups > 1 and p.groups == p.in_channels == p.out_channels and not is_flat(p)
        and p.stride[0] == 1 and 1 < p.kernel[0] <= MOST_TARGETS
        and p.padding[0] <= p.dilation[0] * (p.kernel[0] - 1)
        and p.out_size[0] == p.in_size[0] + 2 * p.padding[0] - p.dilation[0] * (p.kernel[0] - 1)
        and all([r < s for r, s in zip(surplus(p), three(p.stride)[1:])])
    )


cdef object slice_filters(const Volumes *p, object weight):
    """The kernel's slices, last to first, for each slice of the input."""
    repeated = np.repeat(weight[:, :, ::-1], p.in_size[0], axis=0)
    return repeated.reshape(-1, 1, p.kernel[1], p.kernel[2])


cdef int correlate_slices(Call *call, const Volumes *p, cnp.ndarray x, cnp.ndarray weight,
                          dict options, cnp.ndarray result) except -1:
    """The depthwise convolution of `x`, added up in `result`."""
    cdef ek_depth_problem problem
    cdef cnp.ndarray slices, part
    cdef int status
    problem.channels = problem.stride = problem.adds = 1
    problem.depth, problem.plane = p.out_size[0], p.out_size[1] * p.out_size[2]
    problem.out_depth, problem.kernel, problem.dilation = p.in_size[0], p.kernel[0], p.dilation[0]
    problem.padding = p.dilation[0] * (p.kernel[0] - 1) - p.padding[0]
    problem.begin = 0
    filters, depth, volume = slice_filters(p, weight), p.in_size[0], <object>x
    (<object>result).fill(0)
    channel = depth * p.kernel[0] * problem.plane * cnp.PyArray_ITEMSIZE(x)
    # Of several samples all channels, or some of one.
    for n, m in shares(p.batch, p.in_channels * channel):
        for c, d in shares(p.in_channels, channel) if m - n == 1 else ((0, p.in_channels),):
            planes = volume[n:m, c:d].reshape(m - n, (d - c) * depth, *volume.shape[3:])
            kernels = filters[c * depth * p.kernel[0]:d * depth * p.kernel[0]]
            slices = conv2d(planes, kernels, **{**options, "groups": (d - c) * depth})
            part = (<object>result)[n:m, c:d]
            problem.batch = (m - n) * (d - c)
            problem.end = problem.batch * depth
            with nogil:
                status = api.depth_unstack(call.dtype, &problem, cnp.PyArray_DATA(slices),
                                           cnp.PyArray_DATA(part))
            check(status, "depth_unstack")
    return 0


cdef bint reads_slices(Call *call, const Volumes *p, ek_conv_direction direction, dict options,
                       ek_conv2d_problem *images, int64_t itemsize) except -1:
    """Whether a stack of images would take Winograd's algorithm; `images` are then all of them."""
    cdef int64_t shape[4]
    cdef int64_t filters[4]
    cdef ek_conv_algorithm chosen
    cdef int i
    rest = surplus(p)
    if rest[0] >= options["stride"][0] or rest[1] >= options["stride"][1]:
        return False
    first, last = spans(p, itemsize)[0]
    sizes, filter_sizes = (last - first, *image_shape(p)), image_filters(p)
    for i in range(4):
        shape[i], filters[i] = sizes[i], filter_sizes[i]
    set_image_options(images, 4, options["stride"], options["padding"], options["dilation"],
                      options["groups"], options["algorithm"], options["precision"])
    set_image_conv(images, 4, shape, "x", filters, "weight")
    if api.conv2d_algorithm(call.dtype, images, direction, &chosen) != EK_OK:
        return False
    images.batch, images.algorithm = images_of(p), chosen
    return chosen == EK_CONV_WINOGRAD


cdef int correlate_in_place(Call *call, const Volumes *p, const ek_conv2d_problem *images,
                            cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias,
                            cnp.ndarray result) except -1:
    """The convolution of `x`, whose slices are read where they lie."""
    cdef ek_depth_problem slices = depth_of(p, (0, images.batch), False)
    cdef Scratch scratch = reserve(call, images, EK_CONV_FORWARD, "conv")
    cdef const void *vector = NULL if bias is None else cnp.PyArray_DATA(bias)
    cdef int status
    with nogil:
        status = api.conv2d_slices(call.dtype, images, &slices, cnp.PyArray_DATA(x),
                                   cnp.PyArray_DATA(weight), vector, cnp.PyArray_DATA(result),
                                   scratch.workspace)
    return check(status, "conv")


cdef int sum_in_place(Call *call, const Volumes *p, const ek_conv2d_problem *images,
                      cnp.ndarray grad, cnp.ndarray x, cnp.ndarray result) except -1:
    """The weight gradient from slices where they lie."""
    cdef ek_depth_problem slices = depth_of(p, (0, images.batch), False)
    cdef Scratch scratch = reserve(call, images, EK_CONV_WEIGHT_GRAD, "conv_weight_grad")
    cdef int status
    with nogil:
        status = api.conv2d_slices_weight_grad(
            call.dtype, images, &slices, cnp.PyArray_DATA(grad), cnp.PyArray_DATA(x),
            cnp.PyArray_DATA(result), scratch.workspace)
    return check(status, "conv_weight_grad")


cdef object correlate(Call *call, const Volumes *p, cnp.ndarray x, cnp.ndarray weight, object bias,
                      object activation, dict options, cnp.ndarray result):
    """The convolution of `x`."""
    cdef ek_conv2d_problem images
    if adds_slices(p):
        correlate_slices(call, p, x, weight, options, result)
        return finish(result, bias, activation)
    filters = (<object>weight).reshape(image_filters(p))
    rest = surplus(p)
    if rest[0] < options["stride"][0] and rest[1] < options["stride"][1]:
        convolve = partial(conv2d, weight=filters, bias=bias, activation=activation, **options)
    else:
        # An output padding beyond the stride: only a transposed convolution's gradient has it.
        convolve = partial(conv_transpose2d_input_grad, weight=filters, output_padding=rest,
                           **options)
    if is_flat(p):
        return convolve(flat_input(p, x), out=flattened(result))
    if reads_slices(call, p, EK_CONV_FORWARD, options, &images, cnp.PyArray_ITEMSIZE(x)):
        images.activation = activation_code(activation)
        return correlate_in_place(call, p, &images, x, weight, bias, result)
    for span in spans(p, cnp.PyArray_ITEMSIZE(x)):
        slices = convolve(stacked(call, p, x, span, False))
        unstack(call, p, slices, span, True, result)


cdef object spread(Call *call, const Volumes *p, cnp.ndarray grad, cnp.ndarray weight,
                   dict options, cnp.ndarray result):
    """The input gradient of the convolution."""
    filters = (<object>weight).reshape(image_filters(p))
    spread_image = partial(conv_transpose2d, weight=filters, output_padding=surplus(p), **options)
    found = met(p, result) if is_flat(p) else result
    if is_flat(p) and found.shape == (<object>result).shape:
        return spread_image(flattened(grad), out=flattened(result))
    (<object>result).fill(0)
    if is_flat(p):
        found[...] = spread_image(flattened(grad)).reshape(found.shape)
        return
    for span in spans(p, cnp.PyArray_ITEMSIZE(grad)):
        images = spread_image(stacked(call, p, grad, span, True))
        unstack(call, p, images, span, False, result)


cdef object sum_products(Call *call, const Volumes *p, cnp.ndarray grad, cnp.ndarray x,
                         dict options, cnp.ndarray result):
    """The weight gradient, from what lies on the two sides of the convolution."""
    cdef ek_conv2d_problem images
    shape = image_filters(p)
    total = (<object>result).reshape(shape)
    sum_image = partial(conv_transpose2d_weight_grad, weight_shape=shape,
                        output_padding=surplus(p), **options)
    if is_flat(p):
        return sum_image(flat_input(p, x), flattened(grad), out=total)
    if reads_slices(call, p, EK_CONV_WEIGHT_GRAD, options, &images, cnp.PyArray_ITEMSIZE(x)):
        return sum_in_place(call, p, &images, grad, x, result)
    for span in spans(p, cnp.PyArray_ITEMSIZE(grad)):
        slices, stack = stacked(call, p, grad, span, True), stacked(call, p, x, span, False)
        if span[0] == 0:
            sum_image(stack, slices, out=total)
        else:
            np.add(total, sum_image(stack, slices), out=total)


cdef int finish(cnp.ndarray result, object bias, object activation) except -1:
    """Add the bias and apply the activation where no kernel has done it."""
    if bias is not None:
        bias_activation(result, bias, activation, out=result)
    elif activation is not None:
        _ACTIVATIONS[activation](result, out=result)
    return 0
