"""The pooling references against PyTorch, and their gradients against central differences."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import (
    SEEDS,
    adaptive_pool2d_cases,
    avg_pool2d_cases,
    max_pool2d_cases,
)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=60)
@given(max_pool2d_cases(), SEEDS)
def test_max_pool2d_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    # Few distinct values, so that ties decide many of the indices.
    x = rng.integers(-3, 3, case.shapes[0]).astype(np.float64)
    x_torch = torch.tensor(x, requires_grad=True)
    y, where = torch.nn.functional.max_pool2d(x_torch, return_indices=True, **case.parameters)
    values, indices = references.max_pool2d(x, **case.parameters)
    close(values, y.detach())
    np.testing.assert_array_equal(indices, where)

    grad = rng.standard_normal(values.shape)
    y.backward(torch.tensor(grad))
    close(references.max_pool2d_grad(grad, indices, x.shape), x_torch.grad)


def test_max_pool2d_propagates_nan_and_finds_the_first():
    x = np.array([[[[1.0, np.nan, np.nan, 3.0]]]])
    values, indices = references.max_pool2d(x, (1, 4))
    assert np.isnan(values.item())
    assert indices.item() == 1


def test_max_pool2d_of_minus_infinity_stays_inside():
    values, indices = references.max_pool2d(np.full((1, 1, 2, 2), -np.inf), 3, padding=1)
    assert values.item() == -np.inf
    assert indices.item() == 0


@settings(max_examples=30)
@given(max_pool2d_cases(), SEEDS)
def test_max_unpool2d_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    shape = case.shapes[0]
    size = (shape[2] + 2, shape[3] + 1)
    x = torch.tensor(rng.standard_normal(shape), requires_grad=True)
    order = rng.permuted(np.arange(size[0] * size[1]) + np.zeros((*shape[:2], 1), int), axis=-1)
    indices = order[..., : shape[2] * shape[3]].reshape(shape)
    y = torch.ops.aten.max_unpool2d(x, torch.tensor(indices), size)
    close(references.max_unpool2d(x.detach().numpy(), indices, size), y.detach())

    grad = rng.standard_normal(y.shape)
    y.backward(torch.tensor(grad))
    close(references.max_unpool2d_grad(grad, indices), x.grad)


@settings(max_examples=60)
@given(avg_pool2d_cases(), SEEDS)
def test_avg_pool2d_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.standard_normal(case.shapes[0]), requires_grad=True)
    y = torch.nn.functional.avg_pool2d(x, **case.parameters)
    close(references.avg_pool2d(x.detach().numpy(), **case.parameters), y.detach())

    grad = rng.standard_normal(y.shape)
    y.backward(torch.tensor(grad))
    close(references.avg_pool2d_grad(grad, tuple(x.shape), **case.parameters), x.grad)


@settings(max_examples=40)
@given(adaptive_pool2d_cases(), SEEDS)
def test_adaptive_avg_pool2d_equals_torch(case, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.standard_normal(case.shapes[0]), requires_grad=True)
    y = torch.nn.functional.adaptive_avg_pool2d(x, **case.parameters)
    close(references.adaptive_avg_pool2d(x.detach().numpy(), **case.parameters), y.detach())

    grad = rng.standard_normal(y.shape)
    y.backward(torch.tensor(grad))
    close(references.adaptive_avg_pool2d_grad(grad, tuple(x.shape)), x.grad)


def test_pooling_gradients():
    rng = np.random.default_rng(1)
    x = rng.permutation(80).astype(np.float64).reshape(2, 1, 8, 5)
    values, indices = references.max_pool2d(x, 3, stride=2, padding=1)
    grad = rng.standard_normal(values.shape)
    assert_gradients(
        lambda x: references.max_pool2d(x, 3, stride=2, padding=1)[0],
        [x],
        grad,
        [references.max_pool2d_grad(grad, indices, x.shape)],
    )
    average = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}
    grad = rng.standard_normal(references.avg_pool2d(x, **average).shape)
    assert_gradients(
        lambda x: references.avg_pool2d(x, **average),
        [x],
        grad,
        [references.avg_pool2d_grad(grad, x.shape, **average)],
    )
    grad = rng.standard_normal((2, 1, 3, 2))
    assert_gradients(
        lambda x: references.adaptive_avg_pool2d(x, (3, 2)),
        [x],
        grad,
        [references.adaptive_avg_pool2d_grad(grad, x.shape)],
    )
    small = rng.standard_normal(indices.shape)
    spread = rng.permutation(80)[: indices[0, 0].size].reshape(1, 1, *indices.shape[2:])
    spread = np.broadcast_to(spread, indices.shape)
    grad = rng.standard_normal((2, 1, 8, 10))
    assert_gradients(
        lambda small: references.max_unpool2d(small, spread, (8, 10)),
        [small],
        grad,
        [references.max_unpool2d_grad(grad, spread)],
    )
