"""Products of zeros and ones: those of `matmul`, by tables of sums."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

#: Around the ends of registers, codes of four columns, tables of 32 and blocks of 112 rows.
SHAPES = (
    *((1, 1, 1), (3, 5, 4), (16, 32, 32), (17, 33, 31), (100, 70, 129), (112, 64, 64)),
    *((113, 1, 33), (225, 37, 5), (2, 65, 300)),
)


def operands(m, n, k, dtype, seed=0):
    source = np.random.default_rng(seed)
    a = (source.random((m, k)) < 0.5).astype(dtype)
    return a, source.standard_normal((k, n)).astype(dtype), source.standard_normal(n).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layouts", ("CC", "CF", "FC", "FF"))
def test_is_the_product(shape, layouts, dtype, isa):
    a, b, bias = operands(*shape, dtype)
    a, b = (np.asarray(x, order=o) for x, o in zip((a, b), layouts, strict=True))
    assert_close(kernels.binary_matmul(a, b), references.matmul(a, b))
    full = kernels.binary_matmul(a, b, bias=bias, activation="sigmoid", alpha=0.3)
    assert_close(full, 1 / (1 + np.exp(-(0.3 * references.matmul(a, b) + bias))))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", "CF")
def test_adds_to_out_along_either_axis(shape, order, dtype, isa):
    m, n, _ = shape
    a, b, bias = operands(*shape, dtype)
    out = np.asarray(np.random.default_rng(1).standard_normal((m, n)), dtype, order=order)
    expected = references.matmul(a, b, alpha=-0.5, beta=2.0, out=out) + bias
    given = kernels.binary_matmul(a, b, bias=bias, alpha=-0.5, beta=2.0, out=out)
    assert given is out
    assert_close(out, expected)


def test_beta_of_zero_does_not_read_out(dtype, isa):
    a, b, _ = operands(5, 6, 7, dtype)
    out = np.full((5, 6), np.nan, dtype)
    assert_close(kernels.binary_matmul(a, b, out=out), references.matmul(a, b))


def test_strided_operands_and_out(dtype, isa):
    a, b, _ = operands(40, 50, 60, dtype)
    a, b = np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::-3], np.repeat(np.repeat(b, 3, 0), 2, 1)
    wide = np.zeros((80, 100), dtype)
    kernels.binary_matmul(a, b[::3, ::2], out=wide[::2, ::2])
    assert_close(wide[::2, ::2], references.matmul(a, b[::3, ::2]))
    assert not wide[1::2].any()


def test_zeros_leave_out_what_is_not_finite(dtype, isa):
    b = np.array([[np.inf, np.nan], [1, 2]], dtype)
    assert kernels.binary_matmul(np.array([[0, 1]], dtype), b).tolist() == [[1, 2]]
    assert np.isnan(kernels.binary_matmul(np.array([[1, 0]], dtype), b)[0, 1])


@pytest.mark.parametrize("shape", ((0, 3, 4), (3, 0, 4), (3, 4, 0)))
def test_empty(shape, dtype, isa):
    a, b, bias = operands(*shape, dtype)
    np.testing.assert_array_equal(
        kernels.binary_matmul(a, b, bias=bias), np.tile(bias, (len(a), 1))
    )


@pytest.mark.parametrize("order", "CF")
def test_threads_do_not_matter(order, dtype, isa):
    a, b, _ = operands(300, 200, 500, dtype)
    assert_same_for_threads(
        lambda: kernels.binary_matmul(a, b, out=np.empty((300, 200), dtype, order=order))
    )


@pytest.mark.parametrize("bad", (0.5, 2.0, -1.0, np.nan, np.inf, -np.inf, 1e30))
@pytest.mark.parametrize("order", "CF")
def test_other_elements_are_refused_and_out_is_as_it_was(bad, order, dtype, isa):
    a, b, _ = operands(150, 20, 90, dtype)
    a[149, 77] = bad
    out = np.full((150, 20), 7, dtype)
    with pytest.raises(ValueError, match="a: expected zeros and ones"):
        kernels.binary_matmul(np.asarray(a, order=order), b, out=out)
    assert (out == 7).all()
