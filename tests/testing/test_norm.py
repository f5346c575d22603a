"""The batch-normalisation reference against PyTorch and central differences."""

import numpy as np
import pytest

from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2), (2, 3, 4, 5)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_equals_torch(shape, training):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    arrays = rng.standard_normal(shape) + 3, rng.standard_normal(3), rng.standard_normal(3)
    running = rng.standard_normal(3), rng.random(3) + 0.5
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = torch.nn.functional.batch_norm(
        tensors[0], *map(torch.tensor, running), *tensors[1:], training=training, eps=1e-3
    )
    statistics = (None, None) if training else running
    y, mean, inv_std = references.batch_norm(*arrays, *statistics, eps=1e-3)
    np.testing.assert_allclose(y, expected.detach(), rtol=1e-10, atol=1e-12)

    grad = rng.standard_normal(shape)
    expected.backward(torch.tensor(grad))
    actual = references.batch_norm_grad(
        grad, arrays[0], arrays[1], mean, inv_std, training=training
    )
    for ours, theirs in zip(actual, tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_gradient(affine):
    rng = np.random.default_rng(2)
    x, grad = rng.standard_normal((2, 3, 2, 4))
    weight, bias = rng.standard_normal((2, 2)) if affine else (None, None)
    _, mean, inv_std = references.batch_norm(x, weight, bias)
    gx, gweight, gbias = references.batch_norm_grad(grad, x, weight, mean, inv_std)
    if affine:
        assert_gradients(
            lambda *arrays: references.batch_norm(*arrays)[0],
            [x, weight, bias],
            grad,
            [gx, gweight, gbias],
        )
    else:
        assert_gradients(lambda x: references.batch_norm(x, None, None)[0], [x], grad, [gx])
