"""Convolution and transposed convolution of volumes with their gradients.

A slice of the result reads KD slices of the input. Set side by side as channels these are one
image, and the convolution of volumes is the convolution of images of C * KD channels, in a batch of
N * OD: the weights need not even be moved. So whatever is fast for images is fast for volumes::

    x (N, C, D, H, W)  --depth_stack-->  (N OD, C KD, H, W)  --conv2d-->  (N OD, K, OH, OW)
                                                             --depth_unstack-->  (N, K, OD, OH, OW)

and the input gradient is the same backwards. The stack is made some images at a time, few enough to
stay in the cache; how many, the shapes alone decide. A kernel of one pixel in height and width
needs no stack: it is an image kernel over planes of D rows and H * W columns.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    activation_code,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    integer,
    new_call,
    optional_input,
    output,
)
from einkorn.kernels._core cimport api, ek_depth_problem

from functools import partial

import numpy as np

from einkorn.kernels.activations import relu, sigmoid, tanh
from einkorn.kernels.conv import (
    conv2d,
    conv_algorithms,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
)
from einkorn.kernels.epilogues import bias_activation

cnp.import_array()

cdef int64_t LARGEST = 2**63 - 1
# Bytes of a stack of images.
cdef int64_t STACK = 4 << 20

_ACTIVATIONS = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}

cdef struct Volumes:
    int64_t batch, in_channels, out_channels, groups
    int64_t in_size[3]
    int64_t out_size[3]
    int64_t kernel[3]
    int64_t stride[3]
    int64_t padding[3]
    int64_t dilation[3]


# --------------------------------------------------------------------------- arguments and checks


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


# ----------------------------------------------------------------------------------------- slices


cdef bint is_flat(const Volumes *p) noexcept:
    """Whether the kernel sees one pixel of a slice, so that a slice can lie in one row."""
    cdef int i
    for i in range(1, 3):
        if p.kernel[i] != 1 or p.stride[i] != 1 or p.padding[i] != 0:
            return False
        if p.in_size[i] != p.out_size[i]:
            return False
    return True


cdef dict image_options(const Volumes *p, object algorithm, object precision):
    """The options of the convolution of images that stands for that of volumes."""
    stride, padding, dilation = three(p.stride), three(p.padding), three(p.dilation)
    if is_flat(p):
        moves = {"stride": (stride[0], 1), "padding": (padding[0], 0), "dilation": (dilation[0], 1)}
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
    return (rest[0], 0) if is_flat(p) else rest[1:]


cdef tuple image_filters(const Volumes *p):
    """The shape in which the weights are those of images."""
    if is_flat(p):
        return (p.out_channels, p.in_channels / p.groups, p.kernel[0], 1)
    return (p.out_channels, p.in_channels / p.groups * p.kernel[0], p.kernel[1], p.kernel[2])


cdef object flattened(object volume):
    return volume.reshape(*volume.shape[:3], volume.shape[3] * volume.shape[4])


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
    images = images_of(p)
    count = max(STACK // max(channels * height * width * itemsize, 1), 1)
    return [(first, min(first + count, images)) for first in range(0, max(images, 1), count)]


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


cdef object correlate(Call *call, const Volumes *p, cnp.ndarray x, cnp.ndarray weight, object bias,
                      object activation, dict options, cnp.ndarray result):
    """The convolution of `x`."""
    filters = (<object>weight).reshape(image_filters(p))
    rest = surplus(p)
    if rest[0] < options["stride"][0] and rest[1] < options["stride"][1]:
        convolve = partial(conv2d, weight=filters, bias=bias, activation=activation, **options)
    else:
        # An output padding beyond the stride: only a transposed convolution's gradient has it.
        convolve = partial(conv_transpose2d_input_grad, weight=filters, output_padding=rest,
                           **options)
    if is_flat(p):
        return convolve(flattened(x), out=flattened(result))
    for span in spans(p, cnp.PyArray_ITEMSIZE(x)):
        slices = convolve(stacked(call, p, x, span, False))
        unstack(call, p, slices, span, True, result)


cdef object spread(Call *call, const Volumes *p, cnp.ndarray grad, cnp.ndarray weight,
                   dict options, cnp.ndarray result):
    """The input gradient of the convolution."""
    filters = (<object>weight).reshape(image_filters(p))
    spread_image = partial(conv_transpose2d, weight=filters, output_padding=surplus(p), **options)
    if is_flat(p):
        return spread_image(flattened(grad), out=flattened(result))
    (<object>result).fill(0)
    for span in spans(p, cnp.PyArray_ITEMSIZE(grad)):
        images = spread_image(stacked(call, p, grad, span, True))
        unstack(call, p, images, span, False, result)


cdef object sum_products(Call *call, const Volumes *p, cnp.ndarray grad, cnp.ndarray x,
                         dict options, cnp.ndarray result):
    """The weight gradient, from what lies on the two sides of the convolution."""
    shape = image_filters(p)
    total = (<object>result).reshape(shape)
    sum_image = partial(conv_transpose2d_weight_grad, weight_shape=shape,
                        output_padding=surplus(p), **options)
    if is_flat(p):
        return sum_image(flattened(x), flattened(grad), out=total)
    for span in spans(p, cnp.PyArray_ITEMSIZE(grad)):
        slices, images = stacked(call, p, grad, span, True), stacked(call, p, x, span, False)
        if span[0] == 0:
            sum_image(images, slices, out=total)
        else:
            np.add(total, sum_image(images, slices), out=total)


cdef int finish(cnp.ndarray result, object bias, object activation) except -1:
    """Add the bias and apply the activation where no kernel has done it."""
    if bias is not None:
        bias_activation(result, bias, activation, out=result)
    elif activation is not None:
        _ACTIVATIONS[activation](result, out=result)
    return 0


# ------------------------------------------------------------------------------ public functions


def conv3d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, activation=None,
           algorithm="auto", precision=None, out=None):
    r"""Convolution (cross-correlation, the kernel is not flipped) of volumes.

    .. math::
        y_{n,k,o,p,q} = f\Bigl(b_k + \sum_{c,l,i,j} w_{k,c,l,i,j}\,
            x_{n,\,c,\,o S_d - P_d + l D_d,\,p S_h - P_h + i D_h,\,q S_w - P_w + j D_w}\Bigr)

    with zeros outside the volume, :math:`c` running over the channels of :math:`k`'s group, and
    :math:`O = \lfloor (I + 2 P - D (K - 1) - 1) / S \rfloor + 1` voxels along each axis.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
        float32 or float64, any strides; C-contiguous arrays are read in place.
    weight : array, shape (K, C / groups, KD, KH, KW)
    bias : array, shape (K,), optional
    stride, padding, dilation : int or sequence of three ints
        :math:`S \ge 1`, :math:`P \ge 0` and :math:`D \ge 1`, for depth, height and width.
    groups : int
        Divides C and K; output channels see the input channels of their own group.
    activation : {None, "relu", "sigmoid", "tanh"}
        :math:`f`, applied before the result is stored.
    algorithm, precision
        As in `conv2d`, which convolves the slices; `algorithms` tells which run.
    out : array, shape (N, K, OD, OH, OW), optional
        Where to write the result; it must not overlap the inputs. Undefined after an interrupt.

    Returns
    -------
    array, shape (N, K, OD, OH, OW)

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, dtypes differ, or an option is not an integer.
    ValueError
        If shapes do not fit, there are no channels, the kernel is empty or exceeds the padded
        input, an option is out of range, or the algorithm cannot run these shapes.

    Notes
    -----
    The KD slices that a slice of the result reads are copied side by side and convolved as one
    image of C * KD channels, some megabytes at a time. S. Ji, W. Xu, M. Yang and K. Yu, "3D
    convolutional neural networks for human action recognition", ICML 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv3d(np.ones((1, 1, 2, 2, 3)), np.ones((1, 1, 2, 2, 2)), np.array([0.5]))
    array([[[[[8.5, 8.5]]]]])
    """
    cdef Call call = new_call()
    cdef Volumes p
    cdef cnp.ndarray source = input_of_rank(x, "x", &call, 5)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, 5)
    cdef cnp.ndarray vector = optional_input(bias, "bias", &call, 1)
    read_options(&p, stride, padding, dilation, groups)
    set_conv(&p, shape_of(source), "x", shape_of(filters), "weight")
    activation_code(activation)
    if vector is not None:
        expect_shape(vector, "bias", 1, &p.out_channels)
    cdef cnp.ndarray result = new_output(out, output_shape_of(&p), &call)
    forbid_overlap(out, source, "x")
    forbid_overlap(out, filters, "weight")
    forbid_overlap(out, vector, "bias")
    options = image_options(&p, algorithm, precision)
    correlate(&call, &p, source, filters, vector, activation, options, result)
    return deliver(result, out)


def conv3d_input_grad(grad, weight, input_shape, *, stride=1, padding=0, dilation=1, groups=1,
                      algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv3d` (without its activation) with respect to `x`.

    Parameters
    ----------
    grad : array, shape (N, K, OD, OH, OW)
    weight : array, shape (K, C / groups, KD, KH, KW)
    input_shape : (N, C, D, H, W)
        Shape of `x`, which the shape of `grad` alone does not tell.
    stride, padding, dilation, groups, algorithm, precision
        As in `conv3d`.
    out : array, shape `input_shape`, optional

    Returns
    -------
    array, shape `input_shape`

    Raises
    ------
    TypeError, ValueError
        As `conv3d`; also if `grad` is not of the shape that `conv3d` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad, weight = np.ones((1, 1, 2, 1, 1)), np.ones((1, 1, 2, 1, 1))
    >>> kernels.conv3d_input_grad(grad, weight, (1, 1, 3, 1, 1)).ravel()
    array([1., 2., 1.])
    """
    cdef Call call = new_call()
    cdef Volumes p
    cdef cnp.ndarray source = input_of_rank(grad, "grad", &call, 5)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, 5)
    read_options(&p, stride, padding, dilation, groups)
    set_conv(&p, read_shape(input_shape, "input_shape"), "input_shape", shape_of(filters), "weight")
    expect_volume(source, "grad", output_shape_of(&p))
    cdef cnp.ndarray result = new_output(out, input_shape_of(&p), &call)
    forbid_overlap(out, source, "grad")
    forbid_overlap(out, filters, "weight")
    spread(&call, &p, source, filters, image_options(&p, algorithm, precision), result)
    return deliver(result, out)


def conv3d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, dilation=1, groups=1,
                       algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv3d` (without its activation) with respect to `weight`.

    Parameters
    ----------
    grad : array, shape (N, K, OD, OH, OW)
    x : array, shape (N, C, D, H, W)
    weight_shape : (K, C / groups, KD, KH, KW)
    stride, padding, dilation, groups, algorithm, precision
        As in `conv3d`.
    out : array, shape `weight_shape`, optional

    Returns
    -------
    array, shape `weight_shape`

    Raises
    ------
    TypeError, ValueError
        As `conv3d`; also if `grad` is not of the shape that `conv3d` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x = np.arange(8.0).reshape(1, 1, 2, 2, 2)
    >>> kernels.conv3d_weight_grad(np.full((1, 1, 1, 1, 1), 2.0), x, (1, 1, 2, 2, 2)).ravel()
    array([ 0.,  2.,  4.,  6.,  8., 10., 12., 14.])
    """
    cdef Call call = new_call()
    cdef Volumes p
    cdef cnp.ndarray output_side = input_of_rank(grad, "grad", &call, 5)
    cdef cnp.ndarray input_side = input_of_rank(x, "x", &call, 5)
    cdef tuple weight = read_shape(weight_shape, "weight_shape")
    read_options(&p, stride, padding, dilation, groups)
    set_conv(&p, shape_of(input_side), "x", weight, "weight_shape")
    expect_volume(output_side, "grad", output_shape_of(&p))
    cdef cnp.ndarray result = new_output(out, weight, &call)
    forbid_overlap(out, output_side, "grad and x")
    forbid_overlap(out, input_side, "grad and x")
    options = image_options(&p, algorithm, precision)
    sum_products(&call, &p, output_side, input_side, options, result)
    return deliver(result, out)


def conv_transpose3d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1,
                     groups=1, activation=None, algorithm="auto", precision=None, out=None):
    r"""Transposed convolution of volumes: every voxel of `x` adds a scaled kernel to the result.

    With :math:`O = (I - 1) S - 2 P + D (K - 1) + P_\text{out} + 1` voxels along each axis.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W)
    weight : array, shape (C, K / groups, KD, KH, KW)
    bias : array, shape (K,), optional
    stride, padding, dilation, groups, activation, algorithm, precision
        As in `conv3d`.
    output_padding : int or sequence of three ints
        Voxels added at the end of the result; fewer than the stride or the dilation.
    out : array, shape (N, K, OD, OH, OW), optional

    Returns
    -------
    array, shape (N, K, OD, OH, OW)

    Raises
    ------
    TypeError, ValueError
        As `conv3d`; also if the result would have no voxels.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x = np.array([1.0, 2.0]).reshape(1, 1, 2, 1, 1)
    >>> kernels.conv_transpose3d(x, np.ones((1, 1, 2, 1, 1)), stride=(2, 1, 1)).ravel()
    array([1., 1., 2., 2.])
    """
    cdef Call call = new_call()
    cdef Volumes p
    cdef cnp.ndarray source = input_of_rank(x, "x", &call, 5)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, 5)
    cdef cnp.ndarray vector = optional_input(bias, "bias", &call, 1)
    read_options(&p, stride, padding, dilation, groups)
    set_conv_transpose(&p, shape_of(source), shape_of(filters), "weight", output_padding)
    activation_code(activation)
    if vector is not None:
        expect_shape(vector, "bias", 1, &p.in_channels)
    cdef cnp.ndarray result = new_output(out, input_shape_of(&p), &call)
    forbid_overlap(out, source, "x")
    forbid_overlap(out, filters, "weight")
    forbid_overlap(out, vector, "bias")
    spread(&call, &p, source, filters, image_options(&p, algorithm, precision), result)
    finish(result, vector, activation)
    return deliver(result, out)


def conv_transpose3d_input_grad(grad, weight, *, stride=1, padding=0, output_padding=0, dilation=1,
                                groups=1, algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv_transpose3d` (without its activation) with respect to `x`: a convolution.

    Parameters
    ----------
    grad : array, shape (N, K, OD, OH, OW)
    weight : array, shape (C, K / groups, KD, KH, KW)
    stride, padding, output_padding, dilation, groups, algorithm, precision
        As in `conv_transpose3d`.
    out : array, shape (N, C, D, H, W), optional

    Returns
    -------
    array, shape (N, C, D, H, W)

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose3d`; also if no input gives a result of the shape of `grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 4, 1, 1)
    >>> weight = np.ones((1, 1, 2, 1, 1))
    >>> kernels.conv_transpose3d_input_grad(grad, weight, stride=(2, 1, 1)).ravel()
    array([3., 7.])
    """
    cdef Call call = new_call()
    cdef Volumes p
    cdef cnp.ndarray source = input_of_rank(grad, "grad", &call, 5)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, 5)
    read_options(&p, stride, padding, dilation, groups)
    set_conv_transpose_of_grad(&p, shape_of(source), shape_of(filters), output_padding)
    expect_volume(source, "grad", input_shape_of(&p))
    cdef cnp.ndarray result = new_output(out, output_shape_of(&p), &call)
    forbid_overlap(out, source, "grad")
    forbid_overlap(out, filters, "weight")
    options = image_options(&p, algorithm, precision)
    correlate(&call, &p, source, filters, None, None, options, result)
    return deliver(result, out)


def conv_transpose3d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, output_padding=0,
                                 dilation=1, groups=1, algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv_transpose3d` (without its activation) with respect to `weight`.

    Parameters
    ----------
    grad : array, shape (N, K, OD, OH, OW)
    x : array, shape (N, C, D, H, W)
    weight_shape : (C, K / groups, KD, KH, KW)
    stride, padding, output_padding, dilation, groups, algorithm, precision
        As in `conv_transpose3d`.
    out : array, shape `weight_shape`, optional

    Returns
    -------
    array, shape `weight_shape`

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose3d`; also if `grad` is not of the shape that it gives.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 4, 1, 1)
    >>> x, shape = np.array([1.0, 10.0]).reshape(1, 1, 2, 1, 1), (1, 1, 2, 1, 1)
    >>> kernels.conv_transpose3d_weight_grad(grad, x, shape, stride=(2, 1, 1)).ravel()
    array([31., 42.])
    """
    cdef Call call = new_call()
    cdef Volumes p
    cdef cnp.ndarray input_side = input_of_rank(grad, "grad", &call, 5)
    cdef cnp.ndarray output_side = input_of_rank(x, "x", &call, 5)
    cdef tuple weight = read_shape(weight_shape, "weight_shape")
    read_options(&p, stride, padding, dilation, groups)
    set_conv_transpose(&p, shape_of(output_side), weight, "weight_shape", output_padding)
    expect_volume(input_side, "grad", input_shape_of(&p))
    cdef cnp.ndarray result = new_output(out, weight, &call)
    forbid_overlap(out, input_side, "grad and x")
    forbid_overlap(out, output_side, "grad and x")
    options = image_options(&p, algorithm, precision)
    sum_products(&call, &p, output_side, input_side, options, result)
    return deliver(result, out)


# --------------------------------------------------------------------------------- introspection


def conv3d_algorithms(str function, tuple shapes, *, stride=1, padding=0, output_padding=0,
                      dilation=1, groups=1, precision=None, dtype="float32"):
    """What `algorithms` answers for the functions of this module: of the images of one stack."""
    cdef Volumes p
    transposed = function.startswith("conv_transpose")
    ending = function.partition("3d")[2]
    expected = 3 if ending == "_weight_grad" or (ending and not transposed) else 2
    if len(shapes) != expected:
        raise ValueError(f"shapes: expected {expected} for {function}, got {len(shapes)}")
    shapes = tuple([read_shape(shape, f"shapes[{i}]") for i, shape in enumerate(shapes)])
    read_options(&p, stride, padding, dilation, groups)
    if not transposed:
        x, weight = {"": (0, 1), "_input_grad": (2, 1), "_weight_grad": (1, 2)}[ending]
        set_conv(&p, shapes[x], "x", shapes[weight], "weight")
    elif ending == "_input_grad":
        set_conv_transpose_of_grad(&p, shapes[0], shapes[1], output_padding)
    else:
        x, weight = (1, 2) if ending else (0, 1)
        set_conv_transpose(&p, shapes[x], shapes[weight], "weight", output_padding)
    first, last = spans(&p, np.dtype(dtype).itemsize)[0]
    if is_flat(&p):
        inputs = (p.batch, p.in_channels, p.in_size[0], p.in_size[1] * p.in_size[2])
        outputs = (p.batch, p.out_channels, p.out_size[0], p.out_size[1] * p.out_size[2])
    else:
        inputs = (last - first, *image_shape(&p))
        outputs = (last - first, p.out_channels, p.out_size[1], p.out_size[2])
    filters = image_filters(&p)
    options = image_options(&p, "auto", precision)
    del options["algorithm"]
    options["output_padding"] = surplus(&p)
    if ending == "_weight_grad":
        name, images = "conv_transpose2d_weight_grad", (inputs, outputs, filters)
    elif transposed == (ending == "_input_grad"):
        name, images = "conv_transpose2d_input_grad", (inputs, filters)
    else:
        name, images = "conv_transpose2d", (outputs, filters)
    return conv_algorithms(name, images, dtype=dtype, **options)


CONVS_OF_VOLUMES = frozenset(
    f"{name}3d{ending}"
    for name in ("conv", "conv_transpose")
    for ending in ("", "_input_grad", "_weight_grad")
)
