"""The product's reference against NumPy."""

import numpy as np
from hypothesis import given, settings

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, matmul_cases


@settings(max_examples=50)
@given(matmul_cases(), SEEDS)
def test_matmul_equals_numpy(case, seed):
    rng = np.random.default_rng(seed)
    a, b = map(rng.standard_normal, case.shapes)
    op_a = a.swapaxes(-1, -2) if case.parameters["transpose_a"] else a
    op_b = b.swapaxes(-1, -2) if case.parameters["transpose_b"] else b
    product = case.parameters.get("alpha", 1.0) * np.matmul(op_a, op_b)
    old = rng.standard_normal(product.shape)
    actual = references.matmul(a, b, **case.parameters, beta=0.5, out=old)
    np.testing.assert_allclose(actual, product + 0.5 * old, rtol=1e-10, atol=1e-10)


def test_matmul_does_not_read_out_for_beta_zero():
    out = np.full((1, 1), np.nan)
    assert references.matmul(np.ones((1, 2)), np.ones((2, 1)), out=out).item() == 2


def test_linear_equals_numpy():
    rng = np.random.default_rng(1)
    x, weight, bias = map(rng.standard_normal, [(2, 3, 4), (5, 4), (5,)])
    np.testing.assert_allclose(references.linear(x, weight, bias), x @ weight.T + bias)
    relu = np.maximum(x @ weight.T, 0)
    np.testing.assert_allclose(references.linear(x, weight, activation="relu"), relu)


def test_linear_gradient():
    rng = np.random.default_rng(2)
    x, weight, bias, grad = map(rng.standard_normal, [(2, 3, 4), (5, 4), (5,), (2, 3, 5)])
    analytic = references.linear_grad(grad, x, weight)
    assert_gradients(references.linear, [x, weight, bias], grad, analytic)
