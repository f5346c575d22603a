"""From arrays, or their shapes, to the kernels of convolution and what the planner takes.

The transposed convolution is the input gradient of the convolution that maps its result's shape to
its input's, and shares the kernels. Images have rank 4 and signals rank 3.
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
    """What `algorithms` answers for the functions of images and signals."""
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
