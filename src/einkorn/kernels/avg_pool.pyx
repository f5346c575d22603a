"""Averages of windows of images (N, C, H, W), of a given size or of a given number."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport INT64_MIN, int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    integer,
    new_call,
    output,
    pair,
)
from einkorn.kernels._core cimport EK_OK, api, ek_adaptive_pool_problem, ek_avg_pool_problem
from einkorn.kernels._pool_windows cimport pooled_shape, shape4, shape_of, window

cnp.import_array()


cdef int set_average(ek_avg_pool_problem *problem, object kernel_size, object stride,
                     object padding, object ceil_mode, object count_include_pad,
                     object divisor_override, const int64_t *full, str name,
                     int64_t *pooled) except -1:
    """Fills the problem for images of shape `full`, and the shape they are pooled to."""
    cdef int64_t dilation[2]
    dilation[0] = dilation[1] = 1
    window(kernel_size, stride, padding, problem.kernel, problem.stride, problem.padding)
    problem.ceil_mode = bool(ceil_mode)
    problem.count_include_pad = bool(count_include_pad)
    problem.divisor_override = 0
    if divisor_override is not None:
        problem.divisor_override = integer(divisor_override, "divisor_override", INT64_MIN)
        if problem.divisor_override == 0:
            raise ValueError("divisor_override: expected an int other than 0, got 0")
    problem.planes = full[0] * full[1]
    problem.height, problem.width = full[2], full[3]
    return pooled_shape(problem.kernel, problem.stride, problem.padding, dilation,
                        problem.ceil_mode, full, name, pooled)


def avg_pool2d(x, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
               divisor_override=None, out=None):
    r"""Average of every window.

    The windows are those of `max_pool2d` without dilation.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64; for one image use ``x[np.newaxis]``.
    kernel_size : int or pair of ints
        Height and width of the window.
    stride : int or pair of ints, optional
        Steps between windows; `kernel_size` by default.
    padding : int or pair of ints
        Rows and columns of zeros on either side; at most half of `kernel_size`.
    ceil_mode : bool
        Keep the last window where it reaches beyond the padded input. What lies beyond never
        counts.
    count_include_pad : bool
        Whether padding counts in the divisor.
    divisor_override : int, optional
        Divide every sum by this instead.
    out : array, shape (N, C, OH, OW), optional
        Where to write the result; it must not overlap `x`.

    Returns
    -------
    array, shape (N, C, OH, OW)

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or an option is not an int.
    ValueError
        If `x` has not 4 dimensions, an option is out of range, or the window is larger than the
        padded input.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.avg_pool2d(np.arange(4.0).reshape(1, 1, 2, 2), 2)
    array([[[[1.5]]]])
    """
    cdef Call call = new_call()
    cdef ek_avg_pool_problem problem
    cdef cnp.ndarray image = input_of_rank(x, "x", &call, 4)
    cdef cnp.ndarray result
    cdef int64_t shape[4]
    cdef int status
    set_average(&problem, kernel_size, stride, padding, ceil_mode, count_include_pad,
                divisor_override, shape_of(image), "x", shape)
    result = output(out, 4, shape, call.type_number)
    forbid_overlap(out, image, "x")
    with nogil:
        status = api.avg_pool2d(call.dtype, &problem, cnp.PyArray_DATA(image),
                                cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "avg_pool2d")
    return deliver(result, out)


def avg_pool2d_grad(grad, input_shape, kernel_size, *, stride=None, padding=0, ceil_mode=False,
                    count_include_pad=True, divisor_override=None, out=None):
    r"""Gradient of `avg_pool2d`: each element is shared out equally over its window.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the output.
    input_shape : tuple (N, C, H, W)
        Shape of the input of `avg_pool2d`.
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        As given to `avg_pool2d`.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    TypeError
        If `grad` is neither float32 nor float64, or an option is not an int.
    ValueError
        If shapes do not fit, or an option is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.avg_pool2d_grad(np.ones((1, 1, 1, 1)), (1, 1, 1, 2), (1, 2))
    array([[[[0.5, 0.5]]]])
    """
    cdef Call call = new_call()
    cdef ek_avg_pool_problem problem
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef cnp.ndarray result
    cdef int64_t full[4]
    cdef int64_t pooled[4]
    cdef int status
    shape4(input_shape, "input_shape", full)
    set_average(&problem, kernel_size, stride, padding, ceil_mode, count_include_pad,
                divisor_override, full, "input_shape", pooled)
    expect_shape(gradient, "grad", 4, pooled)
    result = output(out, 4, full, call.type_number)
    forbid_overlap(out, gradient, "grad")
    with nogil:
        status = api.avg_pool2d_grad(call.dtype, &problem, cnp.PyArray_DATA(gradient),
                                     cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "avg_pool2d_grad")
    return deliver(result, out)


cdef int set_adaptive(ek_adaptive_pool_problem *problem, const int64_t *full, str name,
                      const int64_t *pooled) except -1:
    if full[2] < 1 or full[3] < 1:
        shape = tuple([full[i] for i in range(4)])
        raise ValueError(f"{name}: expected an image of at least one pixel, got shape {shape}")
    problem.planes = full[0] * full[1]
    problem.height, problem.width = full[2], full[3]
    problem.out_height, problem.out_width = pooled[2], pooled[3]
    return 0


def adaptive_avg_pool2d(x, output_size, *, out=None):
    r"""Averages of windows that divide the image into a given number of parts.

    Window :math:`i` of :math:`O` over an axis of length :math:`I` reaches from
    :math:`\lfloor i I / O \rfloor` to :math:`\lceil (i + 1) I / O \rceil`.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64; for one image use ``x[np.newaxis]``.
    output_size : int or pair of ints
        Height and width of the result.
    out : array, shape (N, C, OH, OW), optional
        Where to write the result; it must not overlap `x`.

    Returns
    -------
    array, shape (N, C, OH, OW)

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or `output_size` is not made of ints.
    ValueError
        If `x` has not 4 dimensions or no pixels, or `output_size` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_avg_pool2d(np.arange(3.0).reshape(1, 1, 1, 3), (1, 2))
    array([[[[0.5, 1.5]]]])
    """
    cdef Call call = new_call()
    cdef ek_adaptive_pool_problem problem
    cdef cnp.ndarray image = input_of_rank(x, "x", &call, 4)
    cdef cnp.ndarray result
    cdef int64_t shape[4]
    cdef int status
    shape[0], shape[1] = shape_of(image)[0], shape_of(image)[1]
    pair(output_size, "output_size", 1, &shape[2], &shape[3])
    set_adaptive(&problem, shape_of(image), "x", shape)
    result = output(out, 4, shape, call.type_number)
    forbid_overlap(out, image, "x")
    with nogil:
        status = api.adaptive_avg_pool2d(call.dtype, &problem, cnp.PyArray_DATA(image),
                                         cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "adaptive_avg_pool2d")
    return deliver(result, out)


def adaptive_avg_pool2d_grad(grad, input_shape, *, out=None):
    r"""Gradient of `adaptive_avg_pool2d`: each element is shared out equally over its window.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the output.
    input_shape : tuple (N, C, H, W)
        Shape of the input of `adaptive_avg_pool2d`.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    TypeError
        If `grad` is neither float32 nor float64.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.adaptive_avg_pool2d_grad(np.ones((1, 1, 1, 1)), (1, 1, 1, 4))
    array([[[[0.25, 0.25, 0.25, 0.25]]]])
    """
    cdef Call call = new_call()
    cdef ek_adaptive_pool_problem problem
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef const int64_t *pooled = shape_of(gradient)
    cdef cnp.ndarray result
    cdef int64_t full[4]
    cdef int status
    shape4(input_shape, "input_shape", full)
    if full[0] != pooled[0] or full[1] != pooled[1] or pooled[2] < 1 or pooled[3] < 1:
        raise ValueError(
            f"grad: expected shape ({full[0]}, {full[1]}, OH, OW) for input_shape "
            f"{input_shape!r}, got {np.shape(grad)}"
        )
    set_adaptive(&problem, full, "input_shape", pooled)
    result = output(out, 4, full, call.type_number)
    forbid_overlap(out, gradient, "grad")
    with nogil:
        status = api.adaptive_avg_pool2d_grad(call.dtype, &problem, cnp.PyArray_DATA(gradient),
                                              cnp.PyArray_DATA(result))
    if status != EK_OK:
        check(status, "adaptive_avg_pool2d_grad")
    return deliver(result, out)
