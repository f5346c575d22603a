"""Products and affine maps: every shape around the tiles, and NumPy as second opinion."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, matmul_cases
from einkorn.testing.threads import assert_same_for_threads
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


@pytest.mark.parametrize("n", [65, 256, 300, 513, 1030, 2100])
@pytest.mark.parametrize("k", [1, 3, 4, 1025])
def test_lone_rows(n, k, dtype):
    a, b, bias, out = operands(dtype, (1, k), (k, n), (n,), (1, n))
    expected = a.astype("f8") @ b.astype("f8")
    assert_close(kernels.matmul(a, b), expected)
    assert_close(kernels.matmul(a, b[:, ::-1]), expected[:, ::-1])
    added = kernels.matmul(a, b, alpha=0.5, beta=2.0, out=out.copy())
    assert_close(added, 0.5 * expected + 2.0 * out)
    assert_close(kernels.matmul(a, b, beta=1.0, out=out.copy()), expected + out)
    rectified = kernels.linear(a, b.T, bias, activation="relu")
    assert_close(rectified, np.maximum(expected + bias, 0))


@pytest.mark.parametrize("m", [2, 3, 4, 7, 8, 9, 20])
@pytest.mark.parametrize("n", [300, 1024])
def test_few_rows_beside_rows_whole_pages_apart(m, n, dtype):
    k = 520
    a, rows, out = operands(dtype, (m, k), (k, 1024), (m, n))
    b = rows[:, :n]
    expected = a.astype("f8") @ b.astype("f8")
    assert_close(kernels.matmul(a, b), expected)
    added = kernels.matmul(a, b, alpha=0.5, beta=2.0, out=out.copy())
    assert_close(added, 0.5 * expected + 2.0 * out)
    assert_close(kernels.matmul(a, b, beta=1.0, out=out.copy()), expected + out)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("beta", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("size", [3, 40])
def test_alpha_and_beta(alpha, beta, size, dtype):
    a, b, out = operands(dtype, (2, size, size), (size, size), (2, size, size))
    expected = references.matmul(a, b, alpha=alpha, beta=beta, out=out)
    result = kernels.matmul(a, b, alpha=alpha, beta=beta, out=out)
    assert result is out
    assert_close(out, expected)


@pytest.mark.parametrize("n", [2, 3, 7, 20])
@pytest.mark.parametrize("m", [64, 203, 2048])
def test_few_columns_of_a_transposed_factor_are_scaled_and_added(m, n, dtype):
    a, b, out = operands(dtype, (140, m), (140, n), (m, n))
    expected = references.matmul(a.T, b, alpha=0.5, beta=2.0, out=out)
    assert_close(kernels.matmul(a.T, b, alpha=0.5, beta=2.0, out=out), expected)
    assert_close(kernels.matmul(a.T, b, beta=1.0, out=out.copy()), a.T.astype("f8") @ b + out)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_few_columns_side_by_side(n, dtype):
    a, b = operands(dtype, (9, 133), (133, n))
    assert_close(kernels.matmul(a, b), a.astype("f8") @ b.astype("f8"))


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


@st.composite
def strided_products(draw):
    """Sizes around and beyond a tile, and how far apart the elements of each operand lie."""
    sizes = st.one_of(st.integers(1, 9), st.integers(10, 150))
    m, n, k = draw(sizes), draw(sizes), draw(st.one_of(sizes, st.integers(1000, 1100)))
    operands = []
    for rows, columns in ((m, k), (k, n)):
        steps = draw(st.sampled_from([(1, 1), (1, 2), (3, 1), (-1, 1), (2, -1)]))
        operands.append((rows, columns, steps, draw(st.booleans())))
    return operands, draw(st.sampled_from([0, 1, 2, 5])), draw(st.sampled_from([0.0, 1.0, -0.5]))


def strided(rng, dtype, batch, rows, columns, steps, transposed):
    """Return a view with these steps, transposed or not, of random elements."""
    shape = (columns, rows) if transposed else (rows, columns)
    lead = (batch,) if batch else ()
    room = [length * abs(step) for length, step in zip(shape, steps, strict=True)]
    base = rng.standard_normal((*lead, *room)).astype(dtype)
    view = base[..., :: steps[0], :: steps[1]]
    return view.swapaxes(-1, -2) if transposed else view


@settings(max_examples=60, deadline=None)
@given(strided_products(), SEEDS)
def test_every_layout_of_the_operands(dtype, case, seed):
    operands, batch, beta = case
    rng = np.random.default_rng(seed)
    a, b = (strided(rng, dtype, batch, *operand) for operand in operands)
    out = rng.standard_normal((*a.shape[:-1], b.shape[-1])).astype(dtype)
    expected = a.astype("f8") @ b + beta * out.astype("f8")
    kernels.matmul(a, b, beta=beta, out=out)
    assert_close(out, expected)


# Long sums of few results, lone rows and columns, batches in a few tasks, panels of every width,
# few columns beside an A that lies in columns.
SHARED_OUT = [
    ((5, 20000), (20000, 7)),
    ((1, 9000), (9000, 1)),
    ((64, 8200), (8200, 64)),
    ((1, 700), (700, 3000)),
    ((3, 700), (700, 1000)),
    ((3000, 700), (700, 1)),
    ((1500, 700), (700, 16)),
    ((96, 49, 32), (96, 32, 49)),
    ((7, 200, 65), (7, 65, 300)),
    ((6, 70, 300), (300, 65)),
    ((3, 250, 300), (3, 300, 40)),
    ((2, 130, 170), (170, 50)),
    ((513, 1), (1, 700)),
    ((1000, 192), (192, 4)),
    ((300, 260), (260, 20)),
    ((200, 150), (150, 200)),
    ((8, 600), (600, 1024)),
    ((20, 300), (300, 2048)),
]


@pytest.mark.parametrize("transpose", list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("shapes", SHARED_OUT)
def test_products_shared_out_are_right_and_equal_for_every_thread_count(shapes, transpose, dtype):
    views = [
        np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2) if swap else x
        for x, swap in zip(operands(dtype, *shapes), transpose, strict=True)
    ]
    found = assert_same_for_threads(lambda: kernels.matmul(*views))
    assert_close(found, np.matmul(*(x.astype("f8") for x in views)))


@pytest.mark.parametrize("length", [3, 9000])
def test_epilogue_of_a_long_sum_comes_once(length, dtype):
    x, weight, bias = operands(dtype, (4, length), (5, length), (5,))
    actual = kernels.linear(x, weight, bias, activation="tanh")
    assert_close(actual, references.linear(x, weight, bias, activation="tanh"))


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
