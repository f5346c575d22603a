"""Operands large enough, or not fit, for the kernels behind sums and additions."""

import numpy as np
import pytest

import einkorn as ek

DTYPES = [np.float32, np.float64]


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dim", [0, -1, (0, 2), (1, 2), None])
@pytest.mark.parametrize("keepdim", [False, True])
def test_sums_and_means(dtype, dim, keepdim):
    x = normal(17, 33, 65, dtype=dtype)
    for layout in (x, x.transpose(2, 0, 1), x[:, ::2]):
        ours = ek.tensor(layout).sum(dim, keepdim), ek.tensor(layout).mean(dim, keepdim)
        wide = layout.astype(np.float64)
        for got, want in zip(
            ours, (wide.sum(dim, keepdims=keepdim), wide.mean(dim, keepdims=keepdim)), strict=True
        ):
            assert got.dtype == dtype
            assert got.shape == np.shape(want)
            np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("dtype", [*DTYPES, np.float16, np.int64])
@pytest.mark.parametrize(
    "shape",
    [(65,), (1, 65), (33, 1), (1, 33, 1), (17, 1, 1), (1, 1, 1), (33, 65), (), (2, 1, 1, 1)],
)
def test_additions_broadcast_as_in_numpy(shape, dtype):
    x, other = (normal(17, 33, 65) * 8).astype(dtype), (normal(*shape) * 8).astype(dtype)
    for layout in (x, np.asfortranarray(x)):
        for a, b in ((layout, other), (other, layout)):
            np.testing.assert_array_equal((ek.tensor(a) + ek.tensor(b)).numpy(), a + b, strict=True)


@pytest.mark.parametrize("shape", [(65,), (33, 1), (17, 1, 1), (17, 1, 65)])
def test_gradients_of_broadcasting(shape):
    x, bias = ek.tensor(normal(17, 33, 65)), ek.tensor(normal(*shape), requires_grad=True)
    weight = normal(17, 33, 65)
    ((x + bias) * weight).sum().backward()
    lead = 3 - len(shape)
    axes = tuple([i for i in range(3) if i < lead or shape[i - lead] == 1])
    np.testing.assert_allclose(bias.grad.numpy(), weight.sum(axes).reshape(shape), rtol=1e-9)


NAMES = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


@pytest.mark.parametrize("dtype", [*DTYPES, np.float16])
@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("sign", NAMES)
@pytest.mark.parametrize("shape", [(), (1, 1, 1), (17, 33, 65), (65,), (17, 33, 1)])
def test_arithmetic_equals_numpy_to_the_last_bit(shape, sign, dtype):
    x, other = normal(17, 33, 65).astype(dtype), (1 + normal(*shape) ** 2).astype(dtype)
    function = NAMES[sign]
    for layout in (x, np.asfortranarray(x)):
        for a, b in ((layout, other), (other, layout)):
            tensors = {"a": ek.tensor(a), "b": ek.tensor(b)}
            result = eval(f"a {sign} b", tensors).numpy()
            np.testing.assert_array_equal(result, function(a, b), strict=True)
    np.testing.assert_array_equal(ek.maximum(ek.tensor(x), ek.tensor(x * 0)), np.maximum(x, 0))


def test_products_and_quotients_pass_gradients_on():
    a = ek.tensor(normal(17, 33, 65), requires_grad=True)
    b = ek.tensor(1 + normal(17, 33, 65) ** 2, requires_grad=True)
    (a * b + a / b).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), b.detach().numpy() + 1 / b.detach().numpy())
    expected = a.detach().numpy() * (1 - 1 / b.detach().numpy() ** 2)
    np.testing.assert_allclose(b.grad.numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("times", [1, 2])
def test_gradients_that_meet_are_added(times):
    x = ek.tensor(normal(17, 33, 65), requires_grad=True)
    weights = normal(3, 17, 33, 65)
    for _ in range(times):
        y = x * 2
        (y * weights[0] + y * weights[1] + x * weights[2]).sum().backward()
    expected = times * (2 * (weights[0] + weights[1]) + weights[2])
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12, atol=1e-12)
