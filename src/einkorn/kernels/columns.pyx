"""Windows of images as the columns of a matrix, and back."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    new_call,
    output,
)
from einkorn.kernels._conv_problem cimport (
    columns_shape,
    expect_some,
    image_shape,
    multiply,
    set_sizes,
    set_windows,
    shape_of,
    spatial,
)
from einkorn.kernels._core cimport (
    api,
    ek_conv2d_problem,
)

import numpy as np

cnp.import_array()


def im2col(x, kernel_size, *, stride=1, padding=0, dilation=1, out=None):
    r"""Copy every window of the images into a column.

    .. math::
        \text{cols}_{n,\,(c K_h + i) K_w + j,\,p O_w + q} =
            x_{n,\,c,\,p S_h - P_h + i D_h,\,q S_w - P_w + j D_w}

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    kernel_size, stride, padding, dilation : int or pair of ints
        As in `conv2d`.
    out : array, shape (N, C * KH * KW, OH * OW), optional

    Returns
    -------
    array, shape (N, C * KH * KW, OH * OW)

    Raises
    ------
    TypeError, ValueError
        As `conv2d`.

    Notes
    -----
    For inspection and for algorithms of one's own; `conv2d` never builds this matrix whole.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.im2col(np.arange(4.0).reshape(1, 1, 2, 2), (1, 2))
    array([[[0., 2.],
            [1., 3.]]])
    """
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef int64_t shape[3]
    cdef cnp.ndarray source = input_of_rank(x, "x", &call, 4)
    cdef int status
    expect_some(shape_of(source), 1, 2, "x")
    p.batch, p.in_channels = shape_of(source)[0], shape_of(source)[1]
    set_sizes(4, shape_of(source), p.in_size)
    set_windows(&p, kernel_size, stride, padding, dilation)
    columns_shape(&p, shape)
    cdef cnp.ndarray result = output(out, 3, shape, call.type_number)
    forbid_overlap(out, source, "x")
    with nogil:
        status = api.im2col(call.dtype, &p, cnp.PyArray_DATA(source), cnp.PyArray_DATA(result))
    check(status, "im2col")
    return deliver(result, out)


def col2im(cols, output_size, kernel_size, *, stride=1, padding=0, dilation=1, out=None):
    r"""Add every column to the pixels of its window: the adjoint of `im2col`.

    Parameters
    ----------
    cols : array, shape (N, C * KH * KW, OH * OW)
        OH and OW are the windows along the axes of an image of `output_size`.
    output_size : int or pair of ints
        Height and width of the images.
    kernel_size, stride, padding, dilation : int or pair of ints
        As in `conv2d`.
    out : array, shape (N, C, H, W), optional

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    TypeError, ValueError
        As `conv2d`; also if `cols` does not have the shape that `im2col` gives.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.col2im(np.ones((1, 2, 2)), (1, 3), (1, 2))
    array([[[[1., 2., 1.]]]])
    """
    cdef Call call = new_call()
    cdef ek_conv2d_problem p
    cdef int64_t shape[4]
    cdef int64_t entries
    cdef cnp.ndarray source = input_of_rank(cols, "cols", &call, 3)
    cdef int status
    expect_some(shape_of(source), 1, 3, "cols")
    spatial(output_size, "output_size", 4, 1, 1, p.in_size)
    p.batch, p.in_channels = shape_of(source)[0], 1
    set_windows(&p, kernel_size, stride, padding, dilation)
    entries = multiply(p.kernel[0], p.kernel[1], "kernel_size")
    if shape_of(source)[1] % entries:
        raise ValueError(
            f"cols: expected a multiple of {entries} rows for kernel_size {kernel_size!r}, "
            f"got shape {np.shape(cols)}"
        )
    p.in_channels = shape_of(source)[1] / entries
    columns_shape(&p, shape)
    expect_shape(source, "cols", 3, shape)
    image_shape(4, p.batch, p.in_channels, p.in_size, shape)
    cdef cnp.ndarray result = output(out, 4, shape, call.type_number)
    forbid_overlap(out, source, "cols")
    with nogil:
        status = api.col2im(call.dtype, &p, cnp.PyArray_DATA(source), cnp.PyArray_DATA(result))
    check(status, "col2im")
    return deliver(result, out)
