"""Convolution and transposed convolution of volumes with their gradients."""

cimport numpy as cnp

from einkorn.kernels._arrays cimport (
    Call,
    activation_code,
    deliver,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    new_call,
    optional_input,
)
from einkorn.kernels._conv_volumes cimport (
    adds_slices,
    correlate,
    finish,
    image_filters,
    image_options,
    image_shape,
    is_flat,
    is_point,
    spans,
    spread,
    sum_products,
    surplus,
)
from einkorn.kernels._volume_problem cimport (
    Volumes,
    expect_volume,
    input_shape_of,
    new_output,
    output_shape_of,
    read_options,
    read_shape,
    set_conv,
    set_conv_transpose,
    set_conv_transpose_of_grad,
    shape_of,
)

import numpy as np

from einkorn.kernels._conv_calls import conv_algorithms

cnp.import_array()


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
    image of C * KD channels, some megabytes at a time; Winograd's algorithm reads all of them where
    they lie. S. Ji, W. Xu, M. Yang and K. Yu, "3D convolutional neural networks for human action
    recognition", ICML 2010.

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
    options = image_options(&p, "auto", precision)
    del options["algorithm"]
    if transposed == (ending == "_input_grad") and ending != "_weight_grad" and adds_slices(&p):
        planes = p.in_channels * p.in_size[0]
        images = (p.batch, planes, p.in_size[1], p.in_size[2])
        filters = (planes * p.kernel[0], 1, p.kernel[1], p.kernel[2])
        return conv_algorithms("conv2d", (images, filters), dtype=dtype,
                               **{**options, "groups": planes})
    first, last = spans(&p, np.dtype(dtype).itemsize)[0]
    if is_flat(&p):
        depth = p.out_size[0] if is_point(&p) else p.in_size[0]
        inputs = (p.batch, p.in_channels, depth, p.out_size[1] * p.out_size[2])
        outputs = (p.batch, p.out_channels, p.out_size[0], p.out_size[1] * p.out_size[2])
    else:
        inputs = (last - first, *image_shape(&p))
        outputs = (last - first, p.out_channels, p.out_size[1], p.out_size[2])
    filters = image_filters(&p)
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
