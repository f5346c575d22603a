"""Other extension modules call the kernels without the GIL, built outside this tree."""

import os
import subprocess
import sys
import sysconfig

import numpy as np
import pytest

import einkorn
from einkorn import kernels
from einkorn.testing.references.convolution import conv2d as reference_conv2d
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.skipif(
    "EINKORN_SANITIZE" in os.environ, reason="embedders are compiled without the sanitizers"
)

CYTHON = """
cimport einkorn.kernels as ek
from einkorn.kernels cimport EK_F32, EK_F64, EK_NO_BIAS, EK_OK, api


def product(float[:, ::1] a, float[:, ::1] b, float[:, ::1] c):
    cdef ek.ek_gemm_problem problem
    cdef ek.ek_workspace_size size
    cdef ek.ek_workspace workspace
    cdef int status
    problem.m, problem.n, problem.k, problem.batch = a.shape[0], b.shape[1], a.shape[1], 1
    problem.a_row_stride, problem.a_column_stride, problem.a_batch_stride = a.shape[1], 1, 0
    problem.b_row_stride, problem.b_column_stride, problem.b_batch_stride = b.shape[1], 1, 0
    problem.c_row_stride, problem.c_batch_stride = b.shape[1], 0
    problem.alpha, problem.beta = 1, 0
    problem.bias, problem.activation = EK_NO_BIAS, ek.EK_IDENTITY
    with nogil:
        status = api.gemm_workspace(EK_F32, &problem, &size)
        workspace.bytes = size.minimum
        workspace.data = ek.memory_take(size.minimum)
        if status == EK_OK:
            status = api.gemm(EK_F32, &problem, &a[0, 0], &b[0, 0], NULL, &c[0, 0], workspace)
        ek.memory_give(workspace.data)
    return status


def convolve(double[:, :, :, ::1] x, double[:, :, :, ::1] w, double[::1] bias,
             double[:, :, :, ::1] y, int stride, int padding):
    cdef ek.ek_conv2d_problem problem
    cdef ek.ek_workspace_size size
    cdef ek.ek_workspace workspace
    cdef int status, axis
    problem.batch, problem.groups = x.shape[0], 1
    problem.in_channels, problem.out_channels = x.shape[1], w.shape[0]
    for axis in range(2):
        problem.in_size[axis] = x.shape[2 + axis]
        problem.out_size[axis] = y.shape[2 + axis]
        problem.kernel[axis] = w.shape[2 + axis]
        problem.stride[axis], problem.padding[axis], problem.dilation[axis] = stride, padding, 1
    problem.algorithm, problem.activation = ek.EK_CONV_AUTO, ek.EK_RELU
    problem.strict = 0
    with nogil:
        status = api.conv2d_workspace(EK_F64, &problem, ek.EK_CONV_FORWARD, &size)
        workspace.bytes = size.best
        workspace.data = ek.memory_take(size.best)
        if status == EK_OK:
            status = api.conv2d(EK_F64, &problem, &x[0, 0, 0, 0], &w[0, 0, 0, 0], &bias[0],
                                &y[0, 0, 0, 0], workspace)
        ek.memory_give(workspace.data)
    return status


def winograd(int direction, float[:, :, :, ::1] x, float[:, :, :, ::1] w,
             float[:, :, :, ::1] y, int stride, int padding, int short):
    # In the least memory that it asks for, less `short` bytes. Whether those behind stay the same.
    cdef ek.ek_conv2d_problem problem
    cdef ek.ek_workspace_size size
    cdef ek.ek_workspace workspace
    cdef int status, axis, i, kept = 1
    cdef unsigned char *end
    problem.batch, problem.groups = x.shape[0], 1
    problem.in_channels, problem.out_channels = x.shape[1], w.shape[0]
    for axis in range(2):
        problem.in_size[axis] = x.shape[2 + axis]
        problem.out_size[axis] = y.shape[2 + axis]
        problem.kernel[axis] = w.shape[2 + axis]
        problem.stride[axis], problem.padding[axis], problem.dilation[axis] = stride, padding, 1
    problem.algorithm, problem.activation = ek.EK_CONV_WINOGRAD, ek.EK_IDENTITY
    problem.strict = 0
    with nogil:
        status = api.conv2d_workspace(EK_F32, &problem, <ek.ek_conv_direction>direction, &size)
        workspace.bytes = size.minimum - short
        workspace.data = ek.memory_take(size.minimum + 64)
        end = <unsigned char *>workspace.data + workspace.bytes
        for i in range(64):
            end[i] = 77
        if status == EK_OK and direction == ek.EK_CONV_FORWARD:
            status = api.conv2d(EK_F32, &problem, &x[0, 0, 0, 0], &w[0, 0, 0, 0], NULL,
                                &y[0, 0, 0, 0], workspace)
        elif status == EK_OK and direction == ek.EK_CONV_INPUT_GRAD:
            status = api.conv2d_input_grad(EK_F32, &problem, &y[0, 0, 0, 0], &w[0, 0, 0, 0], NULL,
                                           &x[0, 0, 0, 0], workspace)
        elif status == EK_OK:
            status = api.conv2d_weight_grad(EK_F32, &problem, &y[0, 0, 0, 0], &x[0, 0, 0, 0],
                                            &w[0, 0, 0, 0], workspace)
        for i in range(64):
            kept &= end[i] == 77
        ek.memory_give(workspace.data)
    return status, kept


def convolve_slices(int direction, float[:, :, :, :, ::1] x, float[:, :, :, ::1] w,
                    float[:, :, :, :, ::1] y, int kernel, int begin, int algorithm):
    # Without strides, padding or dilation; `kernel` slices each.
    cdef ek.ek_conv2d_problem problem
    cdef ek.ek_depth_problem slices
    cdef ek.ek_workspace_size size
    cdef ek.ek_workspace workspace
    cdef int status, axis
    problem.batch, problem.groups = x.shape[0] * y.shape[2], 1
    problem.in_channels, problem.out_channels = w.shape[1], w.shape[0]
    for axis in range(2):
        problem.in_size[axis] = x.shape[3 + axis]
        problem.out_size[axis] = y.shape[3 + axis]
        problem.kernel[axis] = w.shape[2 + axis]
        problem.stride[axis], problem.padding[axis], problem.dilation[axis] = 1, 0, 1
    problem.algorithm = <ek.ek_conv_algorithm>algorithm
    problem.activation, problem.strict = ek.EK_IDENTITY, 0
    slices.batch, slices.channels, slices.depth = x.shape[0], x.shape[1], x.shape[2]
    slices.plane, slices.out_depth, slices.kernel = x.shape[3] * x.shape[4], y.shape[2], kernel
    slices.stride, slices.padding, slices.dilation = 1, 0, 1
    slices.begin, slices.end, slices.adds = begin, problem.batch, 0
    with nogil:
        status = api.conv2d_workspace(EK_F32, &problem, <ek.ek_conv_direction>direction, &size)
        workspace.bytes = size.best
        workspace.data = ek.memory_take(size.best)
        if status == EK_OK and direction == ek.EK_CONV_FORWARD:
            status = api.conv2d_slices(EK_F32, &problem, &slices, &x[0, 0, 0, 0, 0],
                                       &w[0, 0, 0, 0], NULL, &y[0, 0, 0, 0, 0], workspace)
        elif status == EK_OK:
            status = api.conv2d_slices_weight_grad(
                EK_F32, &problem, &slices, &y[0, 0, 0, 0, 0], &x[0, 0, 0, 0, 0], &w[0, 0, 0, 0],
                workspace)
        ek.memory_give(workspace.data)
    return status
"""

C = """
#include <Python.h>
#include <einkorn/api.h>

static PyObject *multiply_one(PyObject *self, PyObject *args) {
    float a, b, c = 0;
    if (!PyArg_ParseTuple(args, "ff", &a, &b)) {
        return NULL;
    }
    const ek_api *api = PyCapsule_Import(EK_API_CAPSULE, 0);
    if (!api) {
        return NULL;
    }
    if (api->abi_version != EK_ABI_VERSION) {
        PyErr_SetString(PyExc_ImportError, "compiled for another version of einkorn's interface");
        return NULL;
    }
    ek_gemm_problem problem = {
        .m = 1, .n = 1, .k = 1, .batch = 1, .a_row_stride = 1, .a_column_stride = 1,
        .b_row_stride = 1, .b_column_stride = 1, .c_row_stride = 1, .alpha = 1};
    ek_workspace none = {NULL, 0};
    int status = api->gemm(EK_F32, &problem, &a, &b, NULL, &c, none);
    return Py_BuildValue("if", status, c);
}

static PyMethodDef methods[] = {
    {"multiply_one", multiply_one, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "embedder_c", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_embedder_c(void) { return PyModule_Create(&definition); }
"""

SETUP = """
import einkorn
from Cython.Build import cythonize
from setuptools import Extension, setup

include = [einkorn.get_include()]
setup(
    name="embedder",
    ext_modules=cythonize(
        [
            Extension("embedder", ["embedder.pyx"], include_dirs=include),
            Extension("embedder_c", ["embedder_c.c"], include_dirs=include),
        ],
        language_level=3,
    ),
)
"""


@pytest.fixture(scope="module")
def embedders(tmp_path_factory):
    """Both modules, compiled against the einkorn that is installed."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        pytest.skip("needs Python's headers")
    folder = tmp_path_factory.mktemp("embedder")
    (folder / "embedder.pyx").write_text(CYTHON)
    (folder / "embedder_c.c").write_text(C)
    (folder / "setup.py").write_text(SETUP)
    package_parent = os.path.dirname(os.path.dirname(einkorn.__file__))
    built = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": package_parent},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    sys.path.insert(0, str(folder))
    try:
        import embedder
        import embedder_c
    finally:
        sys.path.remove(str(folder))
    return embedder, embedder_c


def test_gemm_from_cython(embedders):
    generator = np.random.default_rng(0)
    a, b = (generator.standard_normal(s, dtype=np.float32) for s in ((37, 150), (150, 83)))
    c = np.full((37, 83), np.nan, dtype=np.float32)
    assert embedders[0].product(a, b, c) == 0
    assert_close(c, a.astype(np.float64) @ b)


def test_conv2d_from_cython(embedders):
    generator = np.random.default_rng(0)
    x, w, bias = (generator.standard_normal(s) for s in ((2, 3, 11, 9), (5, 3, 3, 3), (5,)))
    y = np.full((2, 5, 6, 5), np.nan)
    assert embedders[0].convolve(x, w, bias, y, 2, 1) == 0
    expected = reference_conv2d(x, w, bias, stride=2, padding=1)
    assert_close(y, np.maximum(expected, 0))
    np.testing.assert_array_equal(
        y, kernels.conv2d(x, w, bias, stride=2, padding=1, activation="relu")
    )


#: x, weight, stride and padding: filters first, tiles first, phases, and many blocks of tiles.
WINOGRAD = {
    "filters first": ((3, 40, 21, 21), (72, 40, 3, 3), 1, 1),
    "tiles first": ((2, 304, 7, 7), (312, 304, 3, 3), 1, 1),
    "phases": ((2, 20, 16, 18), (24, 20, 4, 4), 2, 1),
    "large": ((2, 33, 61, 85), (40, 33, 3, 3), 1, 1),
}


@pytest.mark.parametrize("case", WINOGRAD)
def test_winograd_in_the_least_workspace(embedders, case):
    """One thread's share of memory does: the bits are those of every other number of threads."""
    x_shape, w_shape, stride, padding = WINOGRAD[case]
    generator = np.random.default_rng(0)
    x, w = (generator.standard_normal(shape, dtype=np.float32) for shape in (x_shape, w_shape))
    options = {"stride": stride, "padding": padding, "algorithm": "winograd"}
    y = kernels.conv2d(x, w, **options)
    x_grad = kernels.conv2d_input_grad(y, w, x_shape, **options)
    w_grad = kernels.conv2d_weight_grad(y, x, w_shape, **options)
    # By direction: what is given, the result in its place.
    for direction, expected in enumerate((y, x_grad, w_grad)):
        arrays = [x, w, y]
        place = (2, 0, 1)[direction]
        arrays[place] = np.full_like(arrays[place], np.nan)
        assert embedders[0].winograd(direction, *arrays, stride, padding, 0) == (0, 1)
        np.testing.assert_array_equal(arrays[place], expected)
        assert embedders[0].winograd(direction, *arrays, stride, padding, 1)[0] != 0


def test_conv2d_from_cython_answers_nonsense_with_a_status(embedders):
    x, w, bias, y = np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3)), np.ones(1), np.ones((1, 1, 9, 9))
    assert embedders[0].convolve(x, w, bias, y, 1, 0) != 0
    assert embedders[0].convolve(x, w, bias, y[:, :, :2, :2].copy(), 0, 0) != 0


def test_slices_from_cython(embedders):
    generator = np.random.default_rng(4)
    x = generator.standard_normal((2, 3, 5, 9, 10), dtype=np.float32)
    w = generator.standard_normal((4, 3, 2, 3, 3), dtype=np.float32)
    expected = kernels.conv3d(x, w, algorithm="winograd")
    y, filters = np.full_like(expected, np.nan), w.reshape(4, 6, 3, 3)
    forward, weight_grad, im2col, winograd = 0, 2, 1, 5
    assert embedders[0].convolve_slices(forward, x, filters, y, 2, 0, winograd) == 0
    np.testing.assert_array_equal(y, expected)
    expected = kernels.conv3d_weight_grad(y, x, w.shape, algorithm="winograd")
    assert embedders[0].convolve_slices(weight_grad, x, filters, y, 2, 0, winograd) == 0
    np.testing.assert_array_equal(filters, expected.reshape(filters.shape))
    # Another number of channels, a part of the slices, an algorithm that has to copy them.
    for kernel, begin, algorithm in ((3, 0, winograd), (2, 1, winograd), (2, 0, im2col)):
        for direction in (forward, weight_grad):
            arrays = (x, filters, y)
            assert embedders[0].convolve_slices(direction, *arrays, kernel, begin, algorithm) != 0


def test_capsule_from_c(embedders):
    assert embedders[1].multiply_one(3.0, -2.0) == (0, -6.0)
