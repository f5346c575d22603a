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
