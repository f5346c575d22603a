"""Batch normalisation: statistics, both modes, channels of every size."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

SHAPES = [
    (2, 1),
    (5, 3),
    (64, 33),
    (4, 3, 7),
    (1, 2, 1, 9),
    (2, 3, 4, 5),
    (3, 17, 1, 1),
    (2, 5, 8, 16),
    (2, 2, 33, 31),
]


def arrays(shape, dtype, seed=0, offset=3):
    """x, weight, bias, and a mean and a variance to be given."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) + offset
    values = (x, *rng.standard_normal((3, shape[1])), rng.random(shape[1]) + 0.5)
    return [array.astype(dtype) for array in values]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_reference(shape, affine, training, dtype):
    x, weight, bias, mean, var = arrays(shape, dtype)
    if not affine:
        weight = bias = None
    statistics = () if training else (mean, var)
    results = kernels.batch_norm(x, weight, bias, *statistics, eps=1e-3)
    expected = references.batch_norm(x, weight, bias, *statistics, eps=1e-3)
    for ours, theirs in zip(results, expected, strict=True):
        assert_close(ours, theirs)

    grad = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    _, mean, inv_std = (array.astype(dtype) for array in expected)
    gradients = kernels.batch_norm_grad(grad, x, weight, mean, inv_std, training=training)
    expected = references.batch_norm_grad(grad, x, weight, mean, inv_std, training=training)
    assert_close(gradients[0], expected[0], what="gx")
    if affine:
        assert_close(gradients[1], expected[1], what="gweight")
        assert_close(gradients[2], expected[2], what="gbias")


@pytest.mark.parametrize("shape", [*SHAPES, (16, 24, 57, 61)])
@pytest.mark.parametrize("training", [True, False])
def test_relu_after_batch_norm_is_that_of_its_own_kernel(shape, training, dtype):
    """To the last bit, NaN included, in both directions."""
    x, weight, bias, mean, var = arrays(shape, dtype)
    x.flat[:: x.size // 2 + 1] = np.nan
    statistics = () if training else (mean, var)
    y, mean, inv_std = kernels.batch_norm(x, weight, bias, *statistics)
    rectified = kernels.batch_norm_relu(x, weight, bias, *statistics)
    for ours, theirs in zip(rectified, (kernels.relu(y), mean, inv_std), strict=True):
        np.testing.assert_array_equal(ours, theirs)

    grad = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    parts = x, weight, mean, inv_std
    apart = kernels.batch_norm_grad(
        kernels.relu_grad(grad, rectified[0]), *parts, training=training
    )
    fused = kernels.batch_norm_relu_grad(grad, rectified[0], *parts, training=training)
    for ours, theirs in zip(fused, apart, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_relu_equals_reference(training, dtype):
    x, weight, bias, mean, var = arrays((2, 5, 8, 16), dtype)
    statistics = () if training else (mean, var)
    results = kernels.batch_norm_relu(x, weight, bias, *statistics)
    expected = references.batch_norm_relu(x, weight, bias, *statistics)
    for ours, theirs in zip(results, expected, strict=True):
        assert_close(ours, theirs)
    y, mean, inv_std = results
    grad = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    arguments = grad, y, x, weight, mean, inv_std
    gradients = kernels.batch_norm_relu_grad(*arguments, training=training)
    expected = references.batch_norm_relu_grad(*arguments, training=training)
    for ours, theirs in zip(gradients, expected, strict=True):
        assert_close(ours, theirs)


def test_variance_survives_a_large_mean(dtype):
    """Var(x) as E(x^2) - E(x)^2 would cancel to nothing here."""
    x, weight, bias, *_ = arrays((64, 3, 5, 5), dtype, offset=1000)
    _, _, inv_std = kernels.batch_norm(x, weight, bias)
    _, _, expected = references.batch_norm(x, weight, bias)
    np.testing.assert_allclose(inv_std, expected, rtol=1e-4)


def test_constant_channel(dtype):
    x = np.full((4, 2, 3, 3), 5, dtype)
    y, mean, inv_std = kernels.batch_norm(x, None, np.ones(2, dtype), eps=1e-5)
    np.testing.assert_array_equal(y, np.ones_like(x))
    np.testing.assert_array_equal(mean, np.full(2, 5, dtype))
    np.testing.assert_allclose(inv_std, 1e-5**-0.5, rtol=1e-5)


def test_nan_spoils_its_own_channel_only(dtype):
    x, weight, bias, *_ = arrays((3, 4, 5, 7), dtype)
    x[1, 2, 3, 4] = np.nan
    y, mean, inv_std = kernels.batch_norm(x, weight, bias)
    spoilt = [False, False, True, False]
    assert np.isnan(y).any(axis=(0, 2, 3)).tolist() == spoilt
    assert np.isnan(mean).tolist() == np.isnan(inv_std).tolist() == spoilt


def test_empty_batch_with_given_statistics(dtype):
    x, weight, bias, mean, var = arrays((0, 3, 4, 4), dtype)
    y, *_ = kernels.batch_norm(x, weight, bias, mean, var)
    assert y.shape == x.shape
    _, _, inv_std = references.batch_norm(x, weight, bias, mean, var)
    gx, gweight, gbias = kernels.batch_norm_grad(
        y, x, weight, mean, inv_std.astype(dtype), training=False
    )
    assert gx.shape == x.shape
    np.testing.assert_array_equal(gweight, np.zeros(3, dtype))
    np.testing.assert_array_equal(gbias, np.zeros(3, dtype))


@pytest.mark.parametrize("training", [True, False])
def test_gradients_by_central_differences(training):
    x, weight, bias, mean, var = arrays((3, 2, 4), np.float64)
    statistics = () if training else (mean, var)
    grad = np.random.default_rng(1).standard_normal(x.shape)
    _, mean, inv_std = kernels.batch_norm(x, weight, bias, *statistics)
    assert_gradients(
        lambda *arrays: kernels.batch_norm(*arrays, *statistics)[0],
        [x, weight, bias],
        grad,
        kernels.batch_norm_grad(grad, x, weight, mean, inv_std, training=training),
    )


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_torch(training, dtype):
    torch = pytest.importorskip("torch")
    x, weight, bias, mean, var = arrays((4, 5, 6, 7), dtype)
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, weight, bias)]
    expected = torch.nn.functional.batch_norm(
        tensors[0], torch.tensor(mean), torch.tensor(var), *tensors[1:], training=training
    )
    statistics = () if training else (mean, var)
    y, mean, inv_std = kernels.batch_norm(x, weight, bias, *statistics)
    assert_close(y, expected.detach().double().numpy())
    grad = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    expected.backward(torch.tensor(grad))
    gradients = kernels.batch_norm_grad(grad, x, weight, mean, inv_std, training=training)
    for ours, theirs in zip(gradients, tensors, strict=True):
        assert_close(ours, theirs.grad.double().numpy())


def test_large_results_go_past_the_caches_unchanged():
    """Above the size from which results are streamed, with images that end on cache lines."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((7, 64, 112, 112), dtype=np.float32)
    weight, bias = rng.standard_normal((2, 64), dtype=np.float32)
    y, mean, inv_std = kernels.batch_norm(x, weight, bias)
    gx = kernels.batch_norm_grad(y, x, weight, mean, inv_std, training=False)[0]
    columns = (1, -1, 1, 1)
    scale = (inv_std * weight).reshape(columns)
    assert_close(y, (x - mean.reshape(columns)) * scale + bias.reshape(columns))
    assert_close(gx, y * scale)
