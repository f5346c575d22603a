"""Pooling over windows of images (N, C, H, W): maximum with its indices, unpooling, averages."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport INT64_MIN, int64_t, uint8_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    deliver,
    empty,
    expect_shape,
    forbid_overlap,
    index_input,
    input_of_rank,
    integer,
    new_call,
    output,
    pair,
)
from einkorn.kernels._core cimport (
    EK_BAD_ARGUMENT,
    EK_BAD_INDEX,
    EK_OK,
    api,
    ek_adaptive_pool_problem,
    ek_avg_pool_problem,
    ek_dtype,
    ek_max_pool_problem,
    ek_pool_output_size,
    ek_unpool_problem,
)

cnp.import_array()

ctypedef int (*UnpoolKernel)(
    ek_dtype, const ek_unpool_problem *, const void *, const int64_t *, void *
) noexcept nogil


cdef const int64_t *shape_of(cnp.ndarray array) noexcept:
    return <const int64_t *>cnp.PyArray_DIMS(array)


cdef int window(object kernel_size, object stride, object padding, int64_t *kernel, int64_t *step,
                int64_t *border) except -1:
    """Reads the options of a window; without a stride the windows lie side by side."""
    cdef int i
    pair(kernel_size, "kernel_size", 1, &kernel[0], &kernel[1])
    if stride is None:
        step[0], step[1] = kernel[0], kernel[1]
    else:
        pair(stride, "stride", 1, &step[0], &step[1])
    pair(padding, "padding", 0, &border[0], &border[1])
    for i in range(2):
        if border[i] > kernel[i] / 2:
            raise ValueError(
                f"padding: expected at most half of kernel_size {kernel_size!r}, got {padding!r}"
            )
    return 0


cdef int pooled_shape(const int64_t *kernel, const int64_t *step, const int64_t *border,
                      const int64_t *dilation, bint ceil_mode, const int64_t *full, str name,
                      int64_t *pooled) except -1:
    """The shape after pooling of an array of shape `full`, which the argument `name` gives."""
    cdef int i
    pooled[0], pooled[1] = full[0], full[1]
    for i in range(2):
        pooled[2 + i] = ek_pool_output_size(
            full[2 + i], kernel[i], step[i], border[i], dilation[i], ceil_mode
        )
        if pooled[2 + i] < 1:
            raise ValueError(
                f"{name}: expected an image that holds a window of kernel_size "
                f"{(kernel[0], kernel[1])} and dilation {(dilation[0], dilation[1])} within its "
                f"padding {(border[0], border[1])}, got shape {tuple([full[j] for j in range(4)])}"
            )
    return 0


cdef int shape4(object shape, str name, int64_t *sizes) except -1:
    cdef int i
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{name}: expected a tuple (N, C, H, W), got {shape!r}")
    if len(shape) != 4:
        raise ValueError(f"{name}: expected a tuple (N, C, H, W), got {shape!r}")
    for i in range(4):
        sizes[i] = integer(shape[i], name, 0)
    return 0


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


cdef object bad_index(cnp.ndarray indices, int64_t size):
    """The error for the first index outside a plane of `size` elements."""
    position = tuple([int(i[0]) for i in np.nonzero((indices < 0) | (indices >= size))])
    return IndexError(
        f"indices: expected offsets from 0 to {size - 1} in the plane, "
        f"got {indices[position]} at {position}"
    )


cdef object unpool(UnpoolKernel kernel, Call *call, cnp.ndarray array, cnp.ndarray indices,
                   int64_t size, const int64_t *shape, object out, str name, str where):
    """Runs a kernel between `array` and a result of `shape`, by offsets in planes of `size`."""
    cdef ek_unpool_problem problem
    cdef cnp.ndarray result = output(out, 4, shape, call.type_number)
    cdef int status
    forbid_overlap(out, array, name)
    forbid_overlap(out, indices, "indices")
    problem.planes = shape_of(indices)[0] * shape_of(indices)[1]
    problem.pooled = shape_of(indices)[2] * shape_of(indices)[3]
    problem.size = size
    with nogil:
        status = kernel(call.dtype, &problem, cnp.PyArray_DATA(array),
                        <const int64_t *>cnp.PyArray_DATA(indices), cnp.PyArray_DATA(result))
    if status == EK_BAD_INDEX:
        raise bad_index(indices, size)
    if status != EK_OK:
        check(status, where)
    return deliver(result, out)


cdef cnp.ndarray plane_indices(object indices):
    cdef cnp.ndarray array = index_input(indices, "indices")
    if cnp.PyArray_NDIM(array) != 4:
        raise ValueError(f"indices: expected 4 dimensions, got shape {np.shape(indices)}")
    return array


cdef int64_t plane_size(const int64_t *shape, str name) except -1:
    if shape[2] != 0 and shape[3] > LARGEST / shape[2]:
        raise ValueError(f"{name}: planes of {shape[2]} x {shape[3]} are too large")
    return shape[2] * shape[3]


cdef int64_t LARGEST = 2**63 - 1


def max_pool2d_grad(grad, indices, input_shape, *, out=None):
    r"""Gradient of `max_pool2d`: each element goes where the maximum came from.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the values.
    indices : array of integers, shape (N, C, OH, OW)
        What `max_pool2d` returned. Where windows overlap, elements with equal indices add up.
    input_shape : tuple (N, C, H, W)
        Shape of the input of `max_pool2d`.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad` or `indices`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    IndexError
        If an index is not in [0, H * W).
    TypeError
        If `grad` is neither float32 nor float64, or `indices` are not integers.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad, indices = np.ones((1, 1, 1, 2)), np.full((1, 1, 1, 2), 2)
    >>> kernels.max_pool2d_grad(grad, indices, (1, 1, 2, 2))
    array([[[[0., 0.],
             [2., 0.]]]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef cnp.ndarray offsets = plane_indices(indices)
    cdef int64_t shape[4]
    expect_shape(offsets, "indices", 4, shape_of(gradient))
    shape4(input_shape, "input_shape", shape)
    if shape[0] != shape_of(gradient)[0] or shape[1] != shape_of(gradient)[1]:
        raise ValueError(
            f"input_shape: expected N, C as in grad of shape {np.shape(grad)}, got {input_shape!r}"
        )
    return unpool(api.max_pool2d_grad, &call, gradient, offsets, plane_size(shape, "input_shape"),
                  shape, out, "grad", "max_pool2d_grad")


def max_unpool2d(x, indices, output_size, *, out=None):
    r"""Partial inverse of `max_pool2d`: each element goes where its index says, zeros elsewhere.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        float32 or float64.
    indices : array of integers, shape (N, C, H, W)
        Offsets in the planes of the result. Of elements with equal indices the last one, in
        row-major order, remains.
    output_size : int or pair of ints
        Height and width of the result.
    out : array, shape (N, C, OH, OW), optional
        Where to write the result; it must not overlap `x` or `indices`.

    Returns
    -------
    array, shape (N, C, OH, OW)

    Raises
    ------
    IndexError
        If an index is not in [0, OH * OW).
    TypeError
        If `x` is neither float32 nor float64, or `indices` are not integers.
    ValueError
        If shapes do not fit.

    References
    ----------
    M. Zeiler, G. Taylor and R. Fergus, "Adaptive deconvolutional networks for mid and high level
    feature learning", ICCV 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.max_unpool2d(np.full((1, 1, 1, 1), 5.0), np.full((1, 1, 1, 1), 3), 2)
    array([[[[0., 0.],
             [0., 5.]]]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray pooled = input_of_rank(x, "x", &call, 4)
    cdef cnp.ndarray offsets = plane_indices(indices)
    cdef int64_t shape[4]
    expect_shape(offsets, "indices", 4, shape_of(pooled))
    shape[0], shape[1] = shape_of(pooled)[0], shape_of(pooled)[1]
    pair(output_size, "output_size", 0, &shape[2], &shape[3])
    return unpool(api.max_unpool2d, &call, pooled, offsets, plane_size(shape, "output_size"), shape,
                  out, "x", "max_unpool2d")


def max_unpool2d_grad(grad, indices, *, out=None):
    r"""Gradient of `max_unpool2d`: each element is read where it was written.

    Parameters
    ----------
    grad : array, shape (N, C, OH, OW)
        Gradient of the loss by the output of `max_unpool2d`.
    indices : array of integers, shape (N, C, H, W)
        Those given to `max_unpool2d`; where some are equal, each element reads the same place.
    out : array, shape (N, C, H, W), optional
        Where to write the result; it must not overlap `grad` or `indices`.

    Returns
    -------
    array, shape (N, C, H, W)

    Raises
    ------
    IndexError
        If an index is not in [0, OH * OW).
    TypeError
        If `grad` is neither float32 nor float64, or `indices` are not integers.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> grad = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> kernels.max_unpool2d_grad(grad, np.full((1, 1, 1, 1), 3))
    array([[[[3.]]]])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray gradient = input_of_rank(grad, "grad", &call, 4)
    cdef cnp.ndarray offsets = plane_indices(indices)
    cdef const int64_t *full = shape_of(gradient)
    cdef const int64_t *shape = shape_of(offsets)
    if full[0] != shape[0] or full[1] != shape[1]:
        raise ValueError(
            f"indices: expected N, C as in grad of shape {np.shape(grad)}, "
            f"got shape {np.shape(indices)}"
        )
    return unpool(api.max_unpool2d_grad, &call, gradient, offsets, full[2] * full[3], shape, out,
                  "grad", "max_unpool2d_grad")


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
