"""Convolution and transposed convolution with their gradients.

The transposed convolution is the input gradient of the convolution that maps its result's shape to
its input's, and shares the kernels. One-dimensional forms are images of height 1.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    activation_code,
    check,
    deliver,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    new_call,
    optional_input,
    output,
)
from einkorn.kernels._conv_problem cimport (
    expect_image,
    image_shape,
    read_shape,
    set_conv,
    set_conv_transpose,
    set_conv_transpose_of_grad,
    set_options,
    shape_of,
)
from einkorn.kernels._core cimport (
    EK_BAD_ARGUMENT,
    EK_CONV_FORWARD,
    EK_CONV_INPUT_GRAD,
    EK_CONV_WEIGHT_GRAD,
    EK_F32,
    EK_F64,
    EK_OK,
    api,
    ek_conv2d_problem,
    ek_conv_algorithm,
    ek_conv_direction,
    ek_dtype,
    ek_workspace_size,
)

import numpy as np

from einkorn.kernels._conv_problem import ALGORITHM_CODES, ALGORITHMS

cnp.import_array()

cdef Scratch NO_SCRATCH = Scratch()


# ------------------------------------------------------------------------------------------ calls


cdef Scratch reserve(Call *call, const ek_conv2d_problem *p, ek_conv_direction direction,
                     str where):
    cdef ek_workspace_size size
    cdef int status = api.conv2d_workspace(call.dtype, p, direction, &size)
    if status == EK_BAD_ARGUMENT:
        raise ValueError(
            f"algorithm: {ALGORITHMS[p.algorithm]!r} cannot run {where} on these arrays"
        )
    check(status, where)
    if size.best == 0:
        return NO_SCRATCH
    cdef Scratch scratch = Scratch()
    scratch.reserve(size.best)
    return scratch


cdef object correlate(Call *call, ek_conv2d_problem *p, ek_conv_direction direction, int rank,
                      cnp.ndarray source, str source_name, cnp.ndarray weight, object bias,
                      object out, str where):
    """The convolution, or its input gradient, of `source`."""
    cdef bint forward = direction == EK_CONV_FORWARD
    cdef int64_t channels = p.out_channels if forward else p.in_channels
    cdef int64_t shape[4]
    cdef cnp.ndarray vector = optional_input(bias, "bias", call, 1)
    cdef int status
    if vector is not None:
        expect_shape(vector, "bias", 1, &channels)
    cdef int64_t *size = &p.out_size[0] if forward else &p.in_size[0]
    image_shape(rank, p.batch, channels, size, shape)
    cdef cnp.ndarray result = output(out, rank, shape, call.type_number)
    if out is not None:
        forbid_overlap(out, source, source_name)
        forbid_overlap(out, weight, "weight")
        forbid_overlap(out, vector, "bias")
    cdef Scratch scratch = reserve(call, p, direction, where)
    cdef const void *vector_data = NULL if vector is None else cnp.PyArray_DATA(vector)
    with nogil:
        if forward:
            status = api.conv2d(call.dtype, p, cnp.PyArray_DATA(source), cnp.PyArray_DATA(weight),
                                vector_data, cnp.PyArray_DATA(result), scratch.workspace)
        else:
            status = api.conv2d_input_grad(
                call.dtype, p, cnp.PyArray_DATA(source), cnp.PyArray_DATA(weight),
                vector_data, cnp.PyArray_DATA(result), scratch.workspace)
    check(status, where)
    return deliver(result, out)


cdef object sum_products(Call *call, ek_conv2d_problem *p, int rank, cnp.ndarray output_side,
                         cnp.ndarray input_side, object out, str where):
    """The weight gradient, from the images on the two sides of the convolution."""
    cdef int64_t shape[4]
    cdef int status
    image_shape(rank, p.out_channels, p.in_channels / p.groups, p.kernel, shape)
    cdef cnp.ndarray result = output(out, rank, shape, call.type_number)
    if out is not None:
        forbid_overlap(out, output_side, "grad and x")
        forbid_overlap(out, input_side, "grad and x")
    cdef Scratch scratch = reserve(call, p, EK_CONV_WEIGHT_GRAD, where)
    with nogil:
        status = api.conv2d_weight_grad(
            call.dtype, p, cnp.PyArray_DATA(output_side), cnp.PyArray_DATA(input_side),
            cnp.PyArray_DATA(result), scratch.workspace)
    check(status, where)
    return deliver(result, out)


cdef object conv(int rank, object x, object weight, object bias, object stride, object padding,
                 object dilation, object groups, object activation, object algorithm,
                 object precision, object out):
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef cnp.ndarray source = input_of_rank(x, "x", &call, rank)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, rank)
    set_options(&p, rank, stride, padding, dilation, groups, algorithm, precision)
    set_conv(&p, rank, shape_of(source), "x", shape_of(filters), "weight")
    p.activation = activation_code(activation)
    return correlate(&call, &p, EK_CONV_FORWARD, rank, source, "x", filters, bias, out, "conv")


cdef object conv_input_grad(int rank, object grad, object weight, object input_shape,
                            object stride, object padding, object dilation, object groups,
                            object algorithm, object precision, object out):
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef int64_t x[4]
    cdef cnp.ndarray source = input_of_rank(grad, "grad", &call, rank)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, rank)
    read_shape(input_shape, "input_shape", rank, x)
    set_options(&p, rank, stride, padding, dilation, groups, algorithm, precision)
    set_conv(&p, rank, x, "input_shape", shape_of(filters), "weight")
    expect_image(source, "grad", rank, p.batch, p.out_channels, p.out_size)
    return correlate(&call, &p, EK_CONV_INPUT_GRAD, rank, source, "grad", filters, None, out,
                     "conv_input_grad")


cdef object conv_weight_grad(int rank, object grad, object x, object weight_shape, object stride,
                             object padding, object dilation, object groups, object algorithm,
                             object precision, object out):
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef int64_t weight[4]
    cdef cnp.ndarray output_side = input_of_rank(grad, "grad", &call, rank)
    cdef cnp.ndarray input_side = input_of_rank(x, "x", &call, rank)
    read_shape(weight_shape, "weight_shape", rank, weight)
    set_options(&p, rank, stride, padding, dilation, groups, algorithm, precision)
    set_conv(&p, rank, shape_of(input_side), "x", weight, "weight_shape")
    expect_image(output_side, "grad", rank, p.batch, p.out_channels, p.out_size)
    return sum_products(&call, &p, rank, output_side, input_side, out, "conv_weight_grad")


cdef object conv_transpose(int rank, object x, object weight, object bias, object stride,
                           object padding, object output_padding, object dilation, object groups,
                           object activation, object algorithm, object precision, object out):
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef cnp.ndarray source = input_of_rank(x, "x", &call, rank)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, rank)
    set_options(&p, rank, stride, padding, dilation, groups, algorithm, precision)
    set_conv_transpose(&p, rank, shape_of(source), shape_of(filters), "weight", output_padding)
    p.activation = activation_code(activation)
    return correlate(&call, &p, EK_CONV_INPUT_GRAD, rank, source, "x", filters, bias, out,
                     "conv_transpose")


cdef object conv_transpose_input_grad(int rank, object grad, object weight, object stride,
                                      object padding, object output_padding, object dilation,
                                      object groups, object algorithm, object precision,
                                      object out):
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef cnp.ndarray source = input_of_rank(grad, "grad", &call, rank)
    cdef cnp.ndarray filters = input_of_rank(weight, "weight", &call, rank)
    set_options(&p, rank, stride, padding, dilation, groups, algorithm, precision)
    set_conv_transpose_of_grad(&p, rank, shape_of(source), shape_of(filters), output_padding)
    expect_image(source, "grad", rank, p.batch, p.in_channels, p.in_size)
    return correlate(&call, &p, EK_CONV_FORWARD, rank, source, "grad", filters, None, out,
                     "conv_transpose_input_grad")


cdef object conv_transpose_weight_grad(int rank, object grad, object x, object weight_shape,
                                       object stride, object padding, object output_padding,
                                       object dilation, object groups, object algorithm,
                                       object precision, object out):
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef int64_t weight[4]
    cdef cnp.ndarray input_side = input_of_rank(grad, "grad", &call, rank)
    cdef cnp.ndarray output_side = input_of_rank(x, "x", &call, rank)
    read_shape(weight_shape, "weight_shape", rank, weight)
    set_options(&p, rank, stride, padding, dilation, groups, algorithm, precision)
    set_conv_transpose(&p, rank, shape_of(output_side), weight, "weight_shape", output_padding)
    expect_image(input_side, "grad", rank, p.batch, p.in_channels, p.in_size)
    return sum_products(&call, &p, rank, output_side, input_side, out, "conv_transpose_weight_grad")


# ------------------------------------------------------------------------------ public functions


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, activation=None,
           algorithm="auto", precision=None, out=None):
    r"""Convolution (cross-correlation, the kernel is not flipped) of images.

    .. math::
        y_{n,k,p,q} = f\Bigl(b_k + \sum_{c,i,j} w_{k,c,i,j}\,
            x_{n,\,c,\,p S_h - P_h + i D_h,\,q S_w - P_w + j D_w}\Bigr)

    with zeros outside the image, :math:`c` running over the channels of :math:`k`'s group, and
    :math:`O = \lfloor (I + 2 P - D (K - 1) - 1) / S \rfloor + 1` pixels along each axis.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64, any strides; C-contiguous arrays are read in place.
    weight : array, shape (K, C / groups, KH, KW)
    bias : array, shape (K,), optional
    stride, padding, dilation : int or pair of ints
        :math:`S \ge 1`, :math:`P \ge 0` and :math:`D \ge 1`, for height and width.
    groups : int
        Divides C and K; output channels see the input channels of their own group.
    activation : {None, "relu", "sigmoid", "tanh"}
        :math:`f`, applied before the result is stored.
    algorithm : str, default "auto"
        ``"im2col"`` multiplies windows copied side by side, a block at a time, ``"implicit"``
        reads them where they overlap in a padded copy, ``"direct"`` serves groups of few channels,
        ``"linear"`` kernels that cover the input once. ``"winograd"`` multiplies transformed tiles
        and filters, in float32, for kernels of at most 5 entries along an axis (5 for each pixel
        of the stride). ``"depthwise"`` works row by row on groups of one input channel.
        ``"col2im"``, for input gradients and transposed convolutions, adds what a product of
        matrices leaves for each window; ``"unfold"``, for one group, multiplies the matrix of all
        windows of several images. ``"auto"`` takes the one whose estimated time is least, by
        dtype, shapes and `precision` alone; `algorithms` tells which.
    precision : {None, "auto", "strict"}
        See `set_precision`, whose setting None stands for.
    out : array, shape (N, K, OH, OW), optional
        Where to write the result; it must not overlap the inputs. Undefined after an interrupt.

    Returns
    -------
    array, shape (N, K, OH, OW)

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64, dtypes differ, or an option is not an integer.
    ValueError
        If shapes do not fit, there are no channels, the kernel is empty or exceeds the padded
        input, an option is out of range, or the algorithm cannot run these shapes.

    Notes
    -----
    The products with unrolled windows follow K. Chellapilla, S. Puri and P. Simard, "High
    performance convolutional neural networks for document processing", IWFHR 2006; their implicit
    form S. Chetlur et al., "cuDNN: efficient primitives for deep learning", arXiv:1410.0759, 2014;
    Winograd's algorithm A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks",
    CVPR 2016, with tiles of 5 or 6 points along an axis. It needs up to a quarter of the products;
    its estimate is that of the products, the transforms of tiles and results, and of the filters.
    Scratch is a few megabytes a thread beside a copy of the weights. The result does not depend on
    the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.array([0.5]))
    array([[[[4.5, 4.5],
             [4.5, 4.5]]]])
    """
    return conv(4, x, weight, bias, stride, padding, dilation, groups, activation, algorithm,
                precision, out)


def conv2d_input_grad(grad, weight, input_shape, *, stride=1, padding=0, dilation=1, groups=1,
                      algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv2d` (without its activation) with respect to `x`.

    .. math::
        \frac{\partial L}{\partial x_{n,c,s,t}} = \sum_{k,p,q} g_{n,k,p,q}\, w_{k,c,i,j}
        \quad\text{over } p S_h - P_h + i D_h = s,\; q S_w - P_w + j D_w = t

    Parameters
    ----------
    grad : array, shape (N, K, OH, OW)
    weight : array, shape (K, C / groups, KH, KW)
    input_shape : (N, C, H, W)
        Shape of `x`, which the shape of `grad` alone does not tell.
    stride, padding, dilation, groups, algorithm, precision
        As in `conv2d`.
    out : array, shape `input_shape`, optional

    Returns
    -------
    array, shape `input_shape`

    Raises
    ------
    TypeError, ValueError
        As `conv2d`; also if `grad` is not of the shape that `conv2d` gives.

    Notes
    -----
    With stride S the pixels of each residue modulo S are a convolution of `grad` with the entries
    of the kernel that meet them; nothing is scattered and no order of summation depends on threads.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv2d_input_grad(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), (1, 1, 3, 3))
    array([[[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]]])
    """
    return conv_input_grad(4, grad, weight, input_shape, stride, padding, dilation, groups,
                           algorithm, precision, out)


def conv2d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, dilation=1, groups=1,
                       algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv2d` (without its activation) with respect to `weight`.

    .. math::
        \frac{\partial L}{\partial w_{k,c,i,j}} = \sum_{n,p,q} g_{n,k,p,q}\,
            x_{n,\,c,\,p S_h - P_h + i D_h,\,q S_w - P_w + j D_w}

    Parameters
    ----------
    grad : array, shape (N, K, OH, OW)
    x : array, shape (N, C, H, W)
    weight_shape : (K, C / groups, KH, KW)
    stride, padding, dilation, groups, algorithm, precision
        As in `conv2d`.
    out : array, shape `weight_shape`, optional

    Returns
    -------
    array, shape `weight_shape`

    Raises
    ------
    TypeError, ValueError
        As `conv2d`; also if `grad` is not of the shape that `conv2d` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> kernels.conv2d_weight_grad(np.full((1, 1, 1, 1), 2.0), x, (1, 1, 2, 2))
    array([[[[0., 2.],
             [4., 6.]]]])
    """
    return conv_weight_grad(4, grad, x, weight_shape, stride, padding, dilation, groups, algorithm,
                            precision, out)


def conv_transpose2d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1,
                     groups=1, activation=None, algorithm="auto", precision=None, out=None):
    r"""Transposed convolution: every pixel of `x` adds a scaled kernel to the result.

    .. math::
        y_{n,k,s,t} = f\Bigl(b_k + \sum_{c,p,q} x_{n,c,p,q}\, w_{c,k,i,j}\Bigr)
        \quad\text{over } p S_h - P_h + i D_h = s,\; q S_w - P_w + j D_w = t

    with :math:`O = (I - 1) S - 2 P + D (K - 1) + P_\text{out} + 1` pixels along each axis.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    weight : array, shape (C, K / groups, KH, KW)
    bias : array, shape (K,), optional
    stride, padding, dilation, groups, activation, algorithm, precision
        As in `conv2d`.
    output_padding : int or pair of ints
        Rows and columns added at the end of the result; less than the stride or the dilation.
    out : array, shape (N, K, OH, OW), optional

    Returns
    -------
    array, shape (N, K, OH, OW)

    Raises
    ------
    TypeError, ValueError
        As `conv2d`; also if the result would have no pixels.

    Notes
    -----
    M. D. Zeiler, D. Krishnan, G. W. Taylor and R. Fergus, "Deconvolutional networks", CVPR 2010.
    The kernels are those of `conv2d_input_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x = np.array([[[[1.0, 2.0]]]])
    >>> kernels.conv_transpose2d(x, np.ones((1, 1, 1, 2)), stride=2)
    array([[[[1., 1., 2., 2.]]]])
    """
    return conv_transpose(4, x, weight, bias, stride, padding, output_padding, dilation, groups,
                          activation, algorithm, precision, out)


def conv_transpose2d_input_grad(grad, weight, *, stride=1, padding=0, output_padding=0, dilation=1,
                                groups=1, algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv_transpose2d` (without its activation) with respect to `x`: a convolution.

    Parameters
    ----------
    grad : array, shape (N, K, OH, OW)
    weight : array, shape (C, K / groups, KH, KW)
    stride, padding, output_padding, dilation, groups, algorithm, precision
        As in `conv_transpose2d`.
    out : array, shape (N, C, H, W), optional

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose2d`; also if no input gives a result of the shape of `grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.array([[[[1.0, 2.0, 3.0, 4.0]]]])
    >>> kernels.conv_transpose2d_input_grad(grad, np.ones((1, 1, 1, 2)), stride=2)
    array([[[[3., 7.]]]])
    """
    return conv_transpose_input_grad(4, grad, weight, stride, padding, output_padding, dilation,
                                     groups, algorithm, precision, out)


def conv_transpose2d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, output_padding=0,
                                 dilation=1, groups=1, algorithm="auto", precision=None, out=None):
    r"""Gradient of `conv_transpose2d` (without its activation) with respect to `weight`.

    Parameters
    ----------
    grad : array, shape (N, K, OH, OW)
    x : array, shape (N, C, H, W)
    weight_shape : (C, K / groups, KH, KW)
    stride, padding, output_padding, dilation, groups, algorithm, precision
        As in `conv_transpose2d`.
    out : array, shape `weight_shape`, optional

    Returns
    -------
    array, shape `weight_shape`

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose2d`; also if `grad` is not of the shape that it gives.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.array([[[[1.0, 2.0, 3.0, 4.0]]]])
    >>> x = np.array([[[[1.0, 10.0]]]])
    >>> kernels.conv_transpose2d_weight_grad(grad, x, (1, 1, 1, 2), stride=2)
    array([[[[31., 42.]]]])
    """
    return conv_transpose_weight_grad(4, grad, x, weight_shape, stride, padding, output_padding,
                                      dilation, groups, algorithm, precision, out)


def conv2d_bias_grad(grad, *, out=None):
    r"""Gradient of `conv2d` and `conv_transpose2d` with respect to `bias`.

    .. math:: \frac{\partial L}{\partial b_k} = \sum_{n,p,q} \frac{\partial L}{\partial y_{n,k,p,q}}

    Parameters
    ----------
    grad : array, shape (N, K, OH, OW)
        float32 or float64. Partial sums are added up in float64.
    out : array, shape (K,), optional
        Where to write the result; it must not overlap `grad`. Undefined after an interrupt.

    Returns
    -------
    array, shape (K,)

    Raises
    ------
    TypeError
        If an array is neither float32 nor float64.
    ValueError
        If `grad` has not 4 dimensions, or `out` does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv2d_bias_grad(np.ones((2, 3, 4, 5)))
    array([40., 40., 40.])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray image = input_of_rank(grad, "grad", &call, 4)
    cdef const int64_t *shape = shape_of(image)
    cdef cnp.ndarray result = output(out, 1, &shape[1], call.type_number)
    cdef int status
    if out is not None:
        forbid_overlap(out, image, "grad")
    with nogil:
        if shape[2] * shape[3] == 1:
            # A channel's pixels are a column, a whole image apart.
            status = api.sum(call.dtype, 1, shape[0], shape[1], 1, cnp.PyArray_DATA(image),
                             cnp.PyArray_DATA(result))
        else:
            status = api.channel_sum(call.dtype, shape[0], shape[1], shape[2] * shape[3],
                                     cnp.PyArray_DATA(image), cnp.PyArray_DATA(result))
    check(status, "conv2d_bias_grad")
    return deliver(result, out)


def conv1d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, activation=None,
           algorithm="auto", precision=None, out=None):
    """Convolution of signals: `conv2d` with one spatial axis.

    `x` is (N, C, L), `weight` (K, C / groups, KL), the result (N, K, OL); `stride`, `padding` and
    `dilation` are integers. Raises as `conv2d`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]))
    array([[[1., 2.]]])
    """
    return conv(3, x, weight, bias, stride, padding, dilation, groups, activation, algorithm,
                precision, out)


def conv1d_input_grad(grad, weight, input_shape, *, stride=1, padding=0, dilation=1, groups=1,
                      algorithm="auto", precision=None, out=None):
    """Gradient of `conv1d` with respect to `x`; see `conv2d_input_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv1d_input_grad(np.ones((1, 1, 2)), np.array([[[-1.0, 1.0]]]), (1, 1, 3))
    array([[[-1.,  0.,  1.]]])
    """
    return conv_input_grad(3, grad, weight, input_shape, stride, padding, dilation, groups,
                           algorithm, precision, out)


def conv1d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, dilation=1, groups=1,
                       algorithm="auto", precision=None, out=None):
    """Gradient of `conv1d` with respect to `weight`; see `conv2d_weight_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv1d_weight_grad(np.ones((1, 1, 2)), np.array([[[1.0, 2.0, 4.0]]]), (1, 1, 2))
    array([[[3., 6.]]])
    """
    return conv_weight_grad(3, grad, x, weight_shape, stride, padding, dilation, groups, algorithm,
                            precision, out)


def conv_transpose1d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1,
                     groups=1, activation=None, algorithm="auto", precision=None, out=None):
    """Transposed convolution of signals: `conv_transpose2d` with one spatial axis.

    `x` is (N, C, L), `weight` (C, K / groups, KL), the result (N, K, OL).

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.conv_transpose1d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 2)), stride=2)
    array([[[1., 1., 2., 2.]]])
    """
    return conv_transpose(3, x, weight, bias, stride, padding, output_padding, dilation, groups,
                          activation, algorithm, precision, out)


def conv_transpose1d_input_grad(grad, weight, *, stride=1, padding=0, output_padding=0, dilation=1,
                                groups=1, algorithm="auto", precision=None, out=None):
    """Gradient of `conv_transpose1d` with respect to `x`; see `conv_transpose2d_input_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    >>> kernels.conv_transpose1d_input_grad(grad, np.ones((1, 1, 2)), stride=2)
    array([[[3., 7.]]])
    """
    return conv_transpose_input_grad(3, grad, weight, stride, padding, output_padding, dilation,
                                     groups, algorithm, precision, out)


def conv_transpose1d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, output_padding=0,
                                 dilation=1, groups=1, algorithm="auto", precision=None, out=None):
    """Gradient of `conv_transpose1d` with respect to `weight`; see `conv_transpose2d_weight_grad`.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad, x = np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[[1.0, 10.0]]])
    >>> kernels.conv_transpose1d_weight_grad(grad, x, (1, 1, 2), stride=2)
    array([[[31., 42.]]])
    """
    return conv_transpose_weight_grad(3, grad, x, weight_shape, stride, padding, output_padding,
                                      dilation, groups, algorithm, precision, out)


# --------------------------------------------------------------------------------- introspection


cdef int describe(ek_conv2d_problem *p, str function, int rank, const int64_t *first,
                  const int64_t *second, const int64_t *third, object output_padding) except -1:
    """The problem that `function` poses for arguments of these shapes; returns its direction."""
    if function.startswith("conv_transpose"):
        if function.endswith("weight_grad"):
            set_conv_transpose(p, rank, second, third, "weight_shape", output_padding)
            return EK_CONV_WEIGHT_GRAD
        if function.endswith("input_grad"):
            set_conv_transpose_of_grad(p, rank, first, second, output_padding)
            return EK_CONV_FORWARD
        set_conv_transpose(p, rank, first, second, "weight", output_padding)
        return EK_CONV_INPUT_GRAD
    if function.endswith("weight_grad"):
        set_conv(p, rank, second, "x", third, "weight_shape")
        return EK_CONV_WEIGHT_GRAD
    if function.endswith("input_grad"):
        set_conv(p, rank, third, "input_shape", second, "weight")
        return EK_CONV_INPUT_GRAD
    set_conv(p, rank, first, "x", second, "weight")
    return EK_CONV_FORWARD


def conv_algorithms(str function, tuple shapes, *, stride=1, padding=0, output_padding=0,
                    dilation=1, groups=1, precision=None, dtype="float32"):
    """What `algorithms` answers for the functions of this module."""
    cdef ek_conv2d_problem p
    cdef ek_conv_algorithm chosen
    cdef int64_t sizes[3][4]
    cdef int rank = 3 if "1d" in function else 4
    cdef int direction, i
    cdef int expected = 2 if function in CONVS_OF_TWO_SHAPES else 3
    cdef ek_dtype code = EK_F64 if np.dtype(dtype) == np.float64 else EK_F32
    if len(shapes) != expected:
        raise ValueError(f"shapes: expected {expected} for {function}, got {len(shapes)}")
    for i in range(expected):
        read_shape(shapes[i], f"shapes[{i}]", rank, sizes[i])
    set_options(&p, rank, stride, padding, dilation, groups, "auto", precision)
    direction = describe(&p, function, rank, sizes[0], sizes[1], sizes[2], output_padding)
    listing = {}
    for name, number in ALGORITHM_CODES.items():
        p.algorithm = number
        if api.conv2d_algorithm(code, &p, <ek_conv_direction>direction, &chosen) == EK_OK:
            listing[name] = ALGORITHMS[chosen]
    return listing


CONVS_OF_TWO_SHAPES = frozenset(
    f"{name}{axes}d{ending}"
    for axes in (1, 2)
    for name, ending in (("conv", ""), ("conv_transpose", ""), ("conv_transpose", "_input_grad"))
)
CONVS = CONVS_OF_TWO_SHAPES | {
    f"{name}{axes}d{ending}"
    for axes in (1, 2)
    for name, ending in (
        ("conv", "_input_grad"), ("conv", "_weight_grad"), ("conv_transpose", "_weight_grad"),
    )
}
