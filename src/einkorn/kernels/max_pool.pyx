"""The largest element of every window of images (N, C, H, W), and where it lies."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t, uint8_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    input_of_rank,
    new_call,
    output,
    pair,
)
from einkorn.kernels._core cimport EK_BAD_ARGUMENT, EK_OK, api, ek_max_pool_problem
from einkorn.kernels._pool_windows cimport pooled_shape, shape4, shape_of, window

cnp.import_array()


cdef int max_windows(object kernel_size, object stride, object padding, object dilation,
                     object ceil_mode, const int64_t *full, str name,
                     ek_max_pool_problem *problem, int64_t *pooled) except -1:
    """Reads the options of max pooling over an array of shape `full`, the argument `name`."""
    window(kernel_size, stride, padding, problem.kernel, problem.stride, problem.padding)
    pair(dilation, "dilation", 1, &problem.dilation[0], &problem.dilation[1])
    problem.ceil_mode = bool(ceil_mode)
    pooled_shape(problem.kernel, problem.stride, problem.padding, problem.dilation,
                 problem.ceil_mode, full, name, pooled)
    problem.planes = pooled[0] * pooled[1]
    problem.height, problem.width = full[2], full[3]
    return 0


cdef int expect_few_elements(const ek_max_pool_problem *problem, object kernel_size) except -1:
    if problem.kernel[0] > 256 or problem.kernel[0] * problem.kernel[1] > 256:
        raise ValueError(
            f"kernel_size: expected windows of at most 256 elements, got {kernel_size!r}"
        )
    return 0


cdef int check_windows(int status, object dilation, object padding, object shape,
                       str where) except -1:
    if status == EK_BAD_ARGUMENT:
        # What only the kernel looks for, after the checks of the options.
        raise ValueError(
            f"dilation: expected at least one element of the image in every window, got "
            f"{dilation!r} with padding {padding!r} for shape {shape}"
        )
    return check(status, where)


cdef cnp.ndarray codes_input(object codes):
    if not cnp.PyArray_Check(codes):
        raise TypeError(f"codes: expected an array of uint8, got {type(codes).__name__}")
    cdef cnp.ndarray array = codes
    if cnp.PyArray_TYPE(array) != cnp.NPY_UINT8:
        raise TypeError(f"codes: expected an array of uint8, got {array.dtype}")
    return array if cnp.PyArray_ISCARRAY_RO(array) else np.ascontiguousarray(array)


def max_pool2d(x, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False, out=None):
    r"""Largest element of every window, and where it lies.

    With kernel :math:`K`, stride :math:`S`, padding :math:`P` and dilation :math:`D` an axis of
    length :math:`I` has :math:`O = \lfloor (I + 2P - D(K - 1) - 1) / S \rfloor + 1` windows. In
    `ceil_mode` the quotient is rounded up, but no window begins beyond the input and its left
    padding. Padding never wins.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64; for one image use ``x[np.newaxis]``.
    kernel_size : int or pair of ints
        Height and width of the window.
    stride : int or pair of ints, optional
        Steps between windows; `kernel_size` by default.
    padding : int or pair of ints
        Rows and columns added on either side; at most half of `kernel_size`.
    dilation : int or pair of ints
        Steps between the elements of a window.
    ceil_mode : bool
        Keep the last window where it reaches beyond the padded input.
    out : array, shape (N, C, OH, OW), optional
        Where to write the values; it must not overlap `x`.

    Returns
    -------
    values : array, shape (N, C, OH, OW)
    indices : array of int64, shape (N, C, OH, OW)
        Offsets of the values in their input planes, ``h * W + w``. The first of equals wins, and a
        NaN is larger than every number; of several the first counts (in PyTorch the last).

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or an option is not an int.
    ValueError
        If `x` has not 4 dimensions, an option is out of range, the window is larger than the
        padded input, or a dilated window has all its elements in the padding.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> values, indices = kernels.max_pool2d(np.array([[[[1.0, 3.0], [3.0, 2.0]]]]), 2)
    >>> values.item(), indices.item()
    (3.0, 1)
    """
    cdef Call call = new_call()
    cdef ek_max_pool_problem problem
    cdef cnp.ndarray image = input_of_rank(x, "x", &call, 4)
    cdef cnp.ndarray values, indices
    cdef int64_t shape[4]
    cdef int status
    max_windows(kernel_size, stride, padding, dilation, ceil_mode, shape_of(image), "x", &problem,
                shape)
    values = output(out, 4, shape, call.type_number)
    forbid_overlap(out, image, "x")
    indices = empty(4, shape, cnp.NPY_INT64)
    with nogil:
        status = api.max_pool2d(call.dtype, &problem, cnp.PyArray_DATA(image),
                                cnp.PyArray_DATA(values), <int64_t *>cnp.PyArray_DATA(indices))
    if status != EK_OK:
        check_windows(status, dilation, padding, np.shape(x), "max_pool2d")
    return deliver(values, out), indices


def max_pool2d_codes(x, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False,
                     out=None):
    r"""Largest element of every window, and its number in the window: a byte in place of an index.

    `max_pool2d_codes_grad` turns an eighth of the memory that indices take into the gradient, and
    does it faster, since it knows the windows.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64.
    kernel_size : int or pair of ints
        Height and width of the window, of at most 256 elements.
    stride, padding, dilation, ceil_mode, out
        As in `max_pool2d`.

    Returns
    -------
    values : array, shape (N, C, OH, OW)
    codes : array of uint8, shape (N, C, OH, OW)
        Of element (i, j) of a window of K columns, ``i * K + j``, padding counted in. The first of
        equals wins, and a NaN is larger than every number.

    Raises
    ------
    TypeError
        If `x` is neither float32 nor float64, or an option is not an int.
    ValueError
        As in `max_pool2d`, and if a window has more than 256 elements.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> values, codes = kernels.max_pool2d_codes(np.array([[[[1.0, 3.0], [3.0, 2.0]]]]), 2)
    >>> values.item(), codes.item()
    (3.0, 1)
    """
    cdef Call call = new_call()
    cdef ek_max_pool_problem problem
    cdef cnp.ndarray image = input_of_rank(x, "x", &call, 4)
    cdef cnp.ndarray values, codes
    cdef int64_t shape[4]
    cdef int status
    max_windows(kernel_size, stride, padding, dilation, ceil_mode, shape_of(image), "x", &problem,
                shape)
    expect_few_elements(&problem, kernel_size)
    values = output(out, 4, shape, call.type_number)
    forbid_overlap(out, image, "x")
    codes = empty(4, shape, cnp.NPY_UINT8)
    with nogil:
        status = api.max_pool2d_codes(call.dtype, &problem, cnp.PyArray_DATA(image),
                                      cnp.PyArray_DATA(values),
                                      <uint8_t *>cnp.PyArray_DATA(codes))
    if status != EK_OK:
        check_windows(status, dilation, padding, np.shape(x), "max_pool2d_codes")
    return deliver(values, out), codes


def max_pool2d_codes_grad(grad, codes, input_shape, kernel_size, *, stride=None, padding=0,
                          dilation=1, ceil_mode=False, out=None):
    r"""Gradient of `max_pool2d_codes`; equal to that of `max_pool2d` to the last bit.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the values.
    codes : array of uint8, shape (N, C, OH, OW)
        What `max_pool2d_codes` returned. One that names no element of its window in the input
        counts for nothing.
    input_shape : tuple (N, C, H, W)
        Shape of the input.
    kernel_size, stride, padding, dilation, ceil_mode
        Those of the forward pass.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad` or `codes`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    TypeError
        If `grad` is neither float32 nor float64, or `codes` are not uint8.
    ValueError
        If shapes do not fit, or an option is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> codes = np.array([[[[1]]]], np.uint8)
    >>> kernels.max_pool2d_codes_grad(np.ones((1, 1, 1, 1)), codes, (1, 1, 2, 2), 2)
    array([[[[0., 1.],
             [0., 0.]]]])
    """
    cdef Call call = new_call()
    cdef ek_max_pool_problem problem
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef cnp.ndarray numbers = codes_input(codes)
    cdef cnp.ndarray result
    cdef int64_t shape[4]
    cdef int64_t pooled[4]
    cdef int status
    shape4(input_shape, "input_shape", shape)
    max_windows(kernel_size, stride, padding, dilation, ceil_mode, shape, "input_shape", &problem,
                pooled)
    expect_few_elements(&problem, kernel_size)
    expect_shape(gradient, "grad", 4, pooled)
    expect_shape(numbers, "codes", 4, pooled)
    result = output(out, 4, shape, call.type_number)
    forbid_overlap(out, gradient, "grad")
    forbid_overlap(out, numbers, "codes")
    with nogil:
        status = api.max_pool2d_codes_grad(call.dtype, &problem, cnp.PyArray_DATA(gradient),
                                           <const uint8_t *>cnp.PyArray_DATA(numbers),
                                           cnp.PyArray_DATA(result))
    if status != EK_OK:
        check_windows(status, dilation, padding, input_shape, "max_pool2d_codes_grad")
    return deliver(result, out)
