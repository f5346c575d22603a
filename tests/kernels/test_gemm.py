"""Products and affine maps: every shape around the tiles, and NumPy as second opinion."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, matmul_cases
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")


def operands(dtype, *shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


@settings(max_examples=100)
@given(matmul_cases(), SEEDS)
def test_matmul_equals_reference(dtype, case, seed):
    a, b = operands(dtype, *case.shapes, seed=seed)
    assert_close(
        kernels.matmul(a, b, **case.parameters), references.matmul(a, b, **case.parameters)
    )


SIZES = [1, 4, 7, 16, 17, 47, 65]


@pytest.mark.parametrize("transpose", list(itertools.product([False, True], repeat=2)))
def test_every_remainder_of_a_tile(transpose, dtype):
    transpose_a, transpose_b = transpose
    for m, n, k in itertools.product(SIZES, SIZES, [1, 66]):
        a, b = operands(dtype, (k, m) if transpose_a else (m, k), (n, k) if transpose_b else (k, n))
        actual = kernels.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
        expected = (a.T if transpose_a else a).astype("f8") @ (b.T if transpose_b else b)
        assert_close(actual, expected, what=f"{m, n, k}")


@pytest.mark.parametrize(
    "shape", [(300, 5, 700), (5, 300, 700), (3, 2, 5000), (130, 1100, 9), (1, 2000, 300)]
)
def test_blocks_of_the_caches(shape, dtype):
    m, n, k = shape
    a, b = operands(dtype, (m, k), (k, n))
    assert_close(kernels.matmul(a, b), a.astype("f8") @ b.astype("f8"))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("beta", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("size", [3, 40])
def test_alpha_and_beta(alpha, beta, size, dtype):
    a, b, out = operands(dtype, (2, size, size), (size, size), (2, size, size))
    expected = references.matmul(a, b, alpha=alpha, beta=beta, out=out)
    result = kernels.matmul(a, b, alpha=alpha, beta=beta, out=out)
    assert result is out
    assert_close(out, expected)


@pytest.mark.parametrize("algorithm", ["auto", "native", "blas"])
def test_algorithms_agree(algorithm, dtype):
    a, b, out = operands(dtype, (2, 1, 9, 20), (3, 20, 33), (2, 3, 9, 33))
    expected = references.matmul(a, b, alpha=0.5, beta=2.0, out=out)
    kernels.matmul(a, b, alpha=0.5, beta=2.0, algorithm=algorithm, out=out)
    assert_close(out, expected)


@pytest.mark.parametrize("size", [3, 40])
def test_beta_zero_does_not_read_out(size, dtype):
    a, b = operands(dtype, (size, size), (size, size))
    out = np.full((size, size), np.nan, dtype)
    kernels.matmul(a, b, out=out)
    assert_close(out, references.matmul(a, b))


@pytest.mark.parametrize("size", [3, 40])
def test_nan_and_infinity_spread(size, dtype):
    a, b = operands(dtype, (size, size), (size, size))
    a[1, 2], b[0, 1] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        assert_close(kernels.matmul(a, b), np.matmul(a.astype("f8"), b.astype("f8")))


@pytest.mark.parametrize(
    "shapes",
    [
        [(0, 3), (3, 4)],
        [(2, 3), (3, 0)],
        [(2, 0), (0, 4)],
        [(0, 2, 3), (3, 4)],
        [(0, 0), (0, 0)],
        [(5, 0, 2, 3), (1, 3, 4)],
    ],
)
def test_zero_sizes(shapes, dtype):
    a, b = operands(dtype, *shapes)
    actual = kernels.matmul(a, b)
    np.testing.assert_array_equal(actual, np.matmul(a, b), strict=True)


def test_huge_virtual_batch_of_nothing_is_quick(dtype):
    a = np.broadcast_to(np.zeros((0, 3), dtype), (2**20, 2**30, 0, 3))
    assert kernels.matmul(a, np.zeros((3, 4), dtype)).shape == (2**20, 2**30, 0, 4)


@pytest.mark.parametrize(
    "batches",
    [((), (4,)), ((4,), ()), ((2, 1), (3,)), ((1, 3), (2, 1)), ((2, 1, 3), (1, 4, 1))],
)
def test_batches_broadcast(batches, dtype):
    a, b = operands(dtype, (*batches[0], 5, 6), (*batches[1], 6, 7))
    assert_close(kernels.matmul(a, b), np.matmul(a.astype("f8"), b.astype("f8")))


def test_views_are_read_in_place(dtype):
    (base,) = operands(dtype, (40, 50))
    a, b = base[::2, 1:34:2], base[5:22, ::-3]
    assert_close(kernels.matmul(a, b), references.matmul(a, b))


AFFINE = [
    (1, 1, 1),
    (1, 7, 5),
    (9, 16, 33),
    (65, 48, 10),
    (130, 300, 257),
    (0, 3, 4),
    (4, 0, 3),
    (4, 3, 0),
]


@pytest.mark.parametrize("sizes", AFFINE)
@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("with_bias", [False, True])
def test_linear_equals_reference(sizes, activation, with_bias, dtype):
    rows, inputs, outputs = sizes
    x, weight, bias = operands(dtype, (rows, inputs), (outputs, inputs), (outputs,))
    bias = bias if with_bias else None
    actual = kernels.linear(x, weight, bias, activation=activation)
    assert_close(actual, references.linear(x, weight, bias, activation=activation))


@pytest.mark.parametrize("sizes", AFFINE)
def test_linear_grad_equals_reference(sizes, dtype):
    rows, inputs, outputs = sizes
    grad, x, weight = operands(dtype, (rows, outputs), (rows, inputs), (outputs, inputs))
    expected = references.linear_grad(grad, x, weight)
    for ours, theirs in zip(kernels.linear_grad(grad, x, weight), expected, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("needs", list(itertools.product([False, True], repeat=3)))
def test_linear_grad_computes_what_is_needed(needs, dtype):
    grad, x, weight = operands(dtype, (2, 3, 5), (2, 3, 4), (5, 4))
    expected = kernels.linear_grad(grad, x, weight)
    actual = kernels.linear_grad(grad, x, weight, needs=needs)
    for ours, theirs, needed in zip(actual, expected, needs, strict=True):
        if needed:
            np.testing.assert_array_equal(ours, theirs, strict=True)
        else:
            assert ours is None


def test_linear_gradient_by_central_differences():
    grad, x, weight, bias = operands(np.float64, (2, 3, 5), (2, 3, 4), (5, 4), (5,))
    analytic = kernels.linear_grad(grad, x, weight)
    assert_gradients(kernels.linear, [x, weight, bias], grad, analytic)


@pytest.mark.parametrize("transpose_b", [False, True])
def test_error_of_a_long_sum_does_not_grow_with_its_length(isa, transpose_b):
    generator = np.random.default_rng(0)
    a = generator.random((1, 1 << 20), dtype=np.float32)
    b = generator.random((1 << 20, 1), dtype=np.float32)
    expected = a.astype(np.float64) @ b
    right = np.ascontiguousarray(b.T) if transpose_b else b
    actual = kernels.matmul(a, right, transpose_b=transpose_b, algorithm="native")
    assert abs(actual - expected) <= 2e-5 * expected
