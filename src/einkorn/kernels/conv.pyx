"""Convolution and transposed convolution with their gradients.

The transposed convolution is the input gradient of the convolution that maps its result's shape to
its input's, and shares the kernels. One-dimensional forms are images of height 1.
"""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    forbid_overlap,
    input_of_rank,
    new_call,
    output,
)
from einkorn.kernels._conv_calls cimport (
    conv,
    conv_input_grad,
    conv_transpose,
    conv_transpose_input_grad,
    conv_transpose_weight_grad,
    conv_weight_grad,
)
from einkorn.kernels._conv_problem cimport shape_of
from einkorn.kernels._core cimport api

cnp.import_array()


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
        reads them where they overlap, in a copy that is padded or has the channels last, whichever
        takes less time, ``"direct"`` serves groups of few channels,
        ``"linear"`` kernels that cover the input once. ``"winograd"`` multiplies transformed tiles
        and filters, in float32, for kernels of at most 5 entries along an axis (5 for each pixel
        of the stride). ``"depthwise"`` works along rows or across channels on groups of
        one input channel.
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
