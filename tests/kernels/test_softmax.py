"""Softmax and cross entropy: axes, extremes, weights and ignored targets."""

import numpy as np
import pytest
from hypothesis import given, settings

import einkorn
from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, softmax_cases
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

BOTH = pytest.mark.parametrize("name", ["softmax", "log_softmax"])


@BOTH
@settings(max_examples=60)
@given(case=softmax_cases(), seed=SEEDS)
def test_softmax_equals_reference(name, dtype, case, seed):
    x, grad = (5 * np.random.default_rng(seed).standard_normal((2, *case.shapes[0]))).astype(dtype)
    y = getattr(kernels, name)(x, **case.parameters)
    assert_close(y, getattr(references, name)(x, **case.parameters))
    gradient = f"{name}_grad"
    actual = getattr(kernels, gradient)(grad, y, **case.parameters)
    assert_close(actual, getattr(references, gradient)(grad, y, **case.parameters))


@BOTH
@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 16, 17, 33, 1000])
def test_softmax_of_extreme_rows(name, length, dtype):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, length)).astype(dtype)
    x[0] += 1e30
    x[1] -= 1e30
    x[2, rng.integers(length)] = 1e4
    x[3, rng.integers(length)] = -np.inf
    x[4] = np.finfo(dtype).max / 2
    with np.errstate(invalid="ignore"):
        assert_close(getattr(kernels, name)(x), getattr(references, name)(x))


@BOTH
def test_nan_spoils_its_own_row_only(name, dtype):
    for position in range(19):
        x = np.zeros((3, 19), dtype)
        x[1, position] = np.nan
        y = getattr(kernels, name)(x)
        assert np.isnan(y[1]).all()
        assert np.isfinite(y[[0, 2]]).all()


def test_softmax_sums_to_one(dtype):
    x = (10 * np.random.default_rng(1).standard_normal((4, 9, 5))).astype(dtype)
    for axis in range(-3, 3):
        assert_close(kernels.softmax(x, axis).sum(axis), np.ones_like(x.sum(axis)))


@BOTH
def test_softmax_gradient_by_central_differences(name):
    x, grad = np.random.default_rng(2).standard_normal((2, 2, 3, 4))
    function = getattr(kernels, name)
    for axis in (0, 1, -1):
        analytic = getattr(kernels, f"{name}_grad")(grad, function(x, axis), axis)
        assert_gradients(lambda x, axis=axis: function(x, axis), [x], grad, [analytic])


LONG = (2, 40_001)  # cut into spans
SHAPES = [(1, 1), (6, 5), (7, 33), (5, 1000), (4, 3, 2), (2, 17, 3, 4), (0, 3), LONG]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_equals_reference(shape, weighted, reduction, dtype):
    rng = np.random.default_rng(3)
    logits = (5 * rng.standard_normal(shape)).astype(dtype)
    target = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    target[rng.random(target.shape) < 0.2] = -7
    parameters = {
        "weight": (rng.random(shape[1]) + 0.1).astype(dtype) if weighted else None,
        "ignore_index": -7,
        "reduction": reduction,
    }
    loss = kernels.cross_entropy(logits, target, **parameters)
    assert np.asarray(loss).dtype == dtype
    assert_close(loss, references.cross_entropy(logits, target, **parameters))
    grad = np.asarray(rng.standard_normal(np.shape(loss)), dtype)
    assert_close(
        kernels.cross_entropy_grad(grad, logits, target, **parameters),
        references.cross_entropy_grad(grad, logits, target, **parameters),
    )


@pytest.mark.parametrize("integer", ["i1", "u1", "i2", "i4", "u4", "i8", "u8", ">i4", ">i8"])
def test_targets_of_any_integer_type(integer, dtype):
    rng = np.random.default_rng(4)
    logits, target = rng.standard_normal((9, 5)).astype(dtype), rng.integers(0, 5, 9)
    actual = kernels.cross_entropy(logits, target.astype(integer))
    assert_close(actual, references.cross_entropy(logits, target))


def test_ignore_index_may_be_a_class(dtype):
    rng = np.random.default_rng(5)
    logits, target = rng.standard_normal((9, 5)).astype(dtype), rng.integers(0, 5, 9)
    actual = kernels.cross_entropy(logits, target, ignore_index=2)
    assert_close(actual, references.cross_entropy(logits, target, ignore_index=2))


def test_all_ignored(dtype):
    logits, target = np.zeros((2, 3), dtype), np.full(2, -100)
    assert np.isnan(kernels.cross_entropy(logits, target))
    assert kernels.cross_entropy(logits, target, reduction="sum") == 0
    np.testing.assert_array_equal(kernels.cross_entropy(logits, target, reduction="none"), 0)
    grad = kernels.cross_entropy_grad(np.ones((), dtype), logits, target, reduction="sum")
    np.testing.assert_array_equal(grad, np.zeros_like(logits))


def test_confident_and_wrong_is_finite(dtype):
    logits = np.array([[1000.0, 0.0], [0.0, 1000.0]], dtype)
    assert_close(kernels.cross_entropy(logits, np.array([1, 0])), 1000.0)
    assert_close(kernels.cross_entropy(logits, np.array([0, 1])), 0.0)


@pytest.mark.parametrize("shape", [*SHAPES, (40, 10), (3, 9001), (19, 4, 37)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradient_is_the_same_where_the_forward_pass_kept_its_sums(shape, reduction, dtype):
    rng = np.random.default_rng(8)
    logits = (5 * rng.standard_normal(shape)).astype(dtype)
    logits[:1, :1] = -np.inf
    target = rng.integers(shape[1] > 1, shape[1], (shape[0], *shape[2:]))
    target[rng.random(target.shape) < 0.2] = -7
    grad = np.asarray(rng.standard_normal(target.shape if reduction == "none" else ()), dtype)
    parameters = {"ignore_index": -7, "reduction": reduction}
    x = einkorn.tensor(logits, requires_grad=True)
    loss = einkorn.nn.functional.cross_entropy(x, einkorn.tensor(target), **parameters)
    np.testing.assert_array_equal(
        loss.detach().numpy(), kernels.cross_entropy(logits, target, **parameters)
    )
    loss.backward(einkorn.tensor(grad))
    expected = kernels.cross_entropy_grad(grad, logits, target, **parameters)
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@pytest.mark.parametrize("where", [0, 20_000, 40_000])
def test_extremes_of_long_rows(where, dtype):
    logits = np.full(LONG, -np.inf, dtype)
    logits[0, where] = 3
    target = np.array([where, 1])
    loss = kernels.cross_entropy(logits, target, reduction="none")
    np.testing.assert_array_equal(loss, [0, np.nan])
    ones = np.ones(2, dtype)
    gradient = kernels.cross_entropy_grad(ones, logits, target, reduction="none")
    np.testing.assert_array_equal(gradient[0], 0)
    assert np.isnan(gradient[1]).all()
    logits[0, where] = np.nan
    assert np.isnan(kernels.cross_entropy(logits, target, reduction="none")).all()


def test_targets_changed_after_the_forward_pass_touch_no_memory(dtype):
    target = np.array([0, 2])
    x = einkorn.tensor(np.zeros((2, 3), dtype), requires_grad=True)
    loss = einkorn.nn.functional.cross_entropy(x, einkorn.from_numpy(target))
    expected = kernels.cross_entropy_grad(dtype(2), x.detach().numpy(), target)
    target[1] = 1 << 40
    loss.backward(einkorn.tensor(dtype(2)), retain_graph=True)
    np.testing.assert_array_equal(x.grad.numpy(), expected)
    with pytest.raises(IndexError, match="target: expected classes from 0 to 2"):
        loss.backward()


@pytest.mark.parametrize("upstream", [1, 3])
def test_every_backward_pass_has_a_gradient_of_its_own(upstream, dtype):
    x = einkorn.tensor(np.arange(6, dtype=dtype).reshape(2, 3), requires_grad=True)
    loss = einkorn.nn.functional.cross_entropy(x, np.array([0, 2]))
    grads = []
    for _ in range(3):
        x.grad = None
        loss.backward(einkorn.tensor(dtype(upstream)), retain_graph=True)
        grads.append(x.grad.numpy())
    np.testing.assert_array_equal(grads[0], grads[1])
    np.testing.assert_array_equal(grads[0], grads[2])
    assert not np.shares_memory(grads[0], grads[1])
    assert not np.shares_memory(grads[1], grads[2])


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_an_infinite_gradient_leaves_ignored_samples_zero(reduction, dtype):
    target = np.array([0, -100])
    x = einkorn.tensor(np.zeros((2, 3), dtype), requires_grad=True)
    loss = einkorn.nn.functional.cross_entropy(x, target, reduction=reduction)
    loss.backward(einkorn.tensor(np.full(loss.shape, np.inf, dtype)))
    np.testing.assert_array_equal(x.grad.numpy(), [[-np.inf, np.inf, np.inf], [0, 0, 0]])


def test_small_shares_keep_their_relative_accuracy(dtype):
    x = np.linspace(-80, 0, 4001).astype(dtype)
    share = np.exp(x.astype(np.longdouble))
    actual = kernels.softmax(np.stack([np.zeros_like(x), x], axis=1))[:, 1]
    error = np.abs(actual / (share / (1 + share)) - 1).max()
    assert error < 4 * np.finfo(dtype).eps


def test_cross_entropy_gradient_by_central_differences():
    rng = np.random.default_rng(6)
    logits, weight = rng.standard_normal((4, 3)), rng.random(3)
    target = np.array([0, 2, 2, -100])
    assert_gradients(
        lambda logits: kernels.cross_entropy(logits, target, weight=weight),
        [logits],
        np.array(1.5),
        [kernels.cross_entropy_grad(np.array(1.5), logits, target, weight=weight)],
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_equals_torch(reduction, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    logits = (5 * rng.standard_normal((6, 5, 4))).astype(dtype)
    target, weight = rng.integers(0, 5, (6, 4)), rng.random(5).astype(dtype)
    parameters = {"ignore_index": 1, "reduction": reduction}
    x = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        x, torch.tensor(target), weight=torch.tensor(weight), **parameters
    )
    loss = kernels.cross_entropy(logits, target, weight=weight, **parameters)
    assert_close(loss, expected.detach().double().numpy())
    grad = np.asarray(rng.standard_normal(expected.shape), dtype)
    expected.backward(torch.tensor(grad))
    actual = kernels.cross_entropy_grad(grad, logits, target, weight=weight, **parameters)
    assert_close(actual, x.grad.double().numpy())
