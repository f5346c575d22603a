"""Normalisation of each sample: layers, groups of channels, root mean square."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: Sizes, and how many of the last ones are normalised over.
LAYERS = [
    ((3, 2), 1),
    ((5, 7), 1),
    ((1, 64), 1),
    ((2, 3, 33), 1),
    ((4, 3, 5), 2),
    ((2, 130, 17), 1),
    ((3, 5000), 1),
    ((7,), 1),
]
#: Sizes and numbers of groups.
GROUPS = [
    ((2, 6), 3),
    ((3, 4, 5), 2),
    ((2, 6, 3, 7), 3),
    ((2, 5, 4, 4), 5),
    ((1, 8, 33, 31), 1),
    ((2, 4, 1, 1), 2),
]
KINDS = ("layer", "rms", "group")
CASES = [(kind, *row) for kind in KINDS for row in (GROUPS if kind == "group" else LAYERS)]


def parameters(kind, shape, count, dtype, affine=True, offset=3):
    """x, what it is normalised over, and the weights and biases that the kind has."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) + offset).astype(dtype)
    over = count if kind == "group" else shape[len(shape) - count :]
    size = shape[1:2] if kind == "group" else over
    wanted = (1 if kind == "rms" else 2) if affine else 0
    return x, over, [rng.standard_normal(size).astype(dtype) for _ in range(wanted)]


def functions(kind, module=kernels):
    return getattr(module, f"{kind}_norm"), getattr(module, f"{kind}_norm_grad")


@pytest.mark.parametrize(("kind", "shape", "count"), CASES)
@pytest.mark.parametrize("affine", [True, False])
def test_equals_reference(kind, shape, count, affine, dtype):
    x, over, values = parameters(kind, shape, count, dtype, affine)
    forward, backward = functions(kind)
    reference, reference_grad = functions(kind, references)
    results = forward(x, over, *values, eps=1e-3)
    expected = reference(x, over, *values, eps=1e-3)
    for ours, theirs in zip(results, expected, strict=True):
        assert_close(ours, theirs)

    grad = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    weight = values[0] if affine else None
    statistics = [array.astype(dtype) for array in expected[1:]]
    gradients = backward(grad, x, over, weight, *statistics)
    expected = reference_grad(grad, x, over, weight, *statistics)
    for ours, theirs in zip(gradients, expected, strict=True):
        assert_close(ours, theirs)
    alone = backward(grad, x, over, weight, *statistics, affine=False)
    np.testing.assert_array_equal(alone[0], gradients[0])
    assert all(part is None for part in alone[1:])


@pytest.mark.parametrize(
    ("kind", "shape", "count"),
    [("layer", (3, 4, 5), 2), ("rms", (4, 6), 1), ("group", (2, 6, 3), 3), ("group", (3, 4), 2)],
)
def test_gradients_by_central_differences(kind, shape, count):
    x, over, values = parameters(kind, shape, count, np.float64)
    forward, backward = functions(kind)
    grad = np.random.default_rng(1).standard_normal(shape)
    _, *statistics = forward(x, over, *values)
    assert_gradients(
        lambda x, *values: forward(x, over, *values)[0],
        [x, *values],
        grad,
        backward(grad, x, over, values[0], *statistics),
    )


def test_rows_of_one_value(dtype):
    """A value less its own mean is nothing; over its own size it is the sign."""
    x, bias = np.full((3, 1), 5, dtype), np.full(1, 2, dtype)
    y, mean, _ = kernels.layer_norm(x, 1, None, bias)
    np.testing.assert_array_equal(y, np.full_like(x, 2))
    np.testing.assert_array_equal(mean, np.full(3, 5, dtype))
    np.testing.assert_allclose(kernels.rms_norm(-x, 1, eps=0.0)[0], -np.ones_like(x), rtol=1e-6)


@pytest.mark.parametrize("kind", ["layer", "group"])
def test_variance_survives_a_large_mean(kind, dtype):
    """Var(x) as E(x^2) - E(x)^2 would cancel to nothing here."""
    x, over, values = parameters(kind, (4, 6, 50), 1, dtype, offset=1000)
    forward, reference = functions(kind)[0], functions(kind, references)[0]
    np.testing.assert_allclose(
        forward(x, over, *values)[2], reference(x, over, *values)[2], rtol=1e-4
    )


@pytest.mark.parametrize("kind", ["layer", "rms", "group"])
def test_nan_and_infinity_spoil_their_own_row_only(kind, dtype):
    x, over, values = parameters(kind, (4, 3, 40), 1, dtype)
    x[1, 2, 39], x[3, 0, 0] = np.nan, np.inf
    y = functions(kind)[0](x, over, *values)[0]
    spoilt = np.isnan(y).any(axis=2 if kind != "group" else (1, 2))
    assert spoilt.sum() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_no_samples(kind, dtype):
    x, over, values = parameters(kind, (0, 4, 6), 1, dtype)
    forward, backward = functions(kind)
    y, *statistics = forward(x, over, *values)
    assert y.shape == x.shape
    gx, gweight, *_ = backward(y, x, over, values[0], *statistics)
    assert gx.shape == x.shape
    np.testing.assert_array_equal(gweight, np.zeros_like(values[0]))


@pytest.mark.parametrize("kind", ["layer", "group"])
def test_large_results_go_past_the_caches_unchanged(kind):
    """Above the size from which results are streamed."""
    x, over, values = parameters(kind, (6, 32, 128, 256), 1 if kind == "layer" else 8, np.float32)
    forward, backward = functions(kind)
    y, *statistics = forward(x, over, *values)
    gx = backward(y, x, over, values[0], *statistics)[0]
    for sample in (0, 5):
        part = slice(sample, sample + 1)
        ours, *rows = forward(x[part], over, *values)
        np.testing.assert_array_equal(y[part], ours)
        np.testing.assert_array_equal(gx[part], backward(ours, x[part], over, values[0], *rows)[0])
