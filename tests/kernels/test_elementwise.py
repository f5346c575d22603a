"""Activations and dropout: every lane, special values, gradients, and what chance promises."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import SEEDS, shapes
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: Activation, its arguments after x, and whether its gradient takes the output.
ACTIVATIONS = [
    ("relu", (), True),
    ("sigmoid", (), True),
    ("tanh", (), True),
    ("leaky_relu", (0.2,), False),
    ("elu", (1.5,), False),
]
PARAMETERS = pytest.mark.parametrize(("name", "arguments", "from_output"), ACTIVATIONS)


@PARAMETERS
@settings(max_examples=30)
@given(shape=shapes(), seed=SEEDS)
def test_activation_equals_reference(name, arguments, from_output, dtype, shape, seed):
    x, grad = (3 * np.random.default_rng(seed).standard_normal((2, *shape))).astype(dtype)
    y = getattr(kernels, name)(x, *arguments)
    assert_close(y, getattr(references, name)(x, *arguments))
    saved = y if from_output else x
    gradient = f"{name}_grad"
    actual = getattr(kernels, gradient)(grad, saved, *arguments)
    assert_close(actual, getattr(references, gradient)(grad, saved, *arguments))


@PARAMETERS
def test_accuracy_over_the_range(name, arguments, from_output, dtype):
    """Relative error, also near zero where the absolute one says nothing."""
    magnitudes = np.concatenate([np.geomspace(1e-30, 100, 4000), np.linspace(0, 20, 4001)])
    x = np.concatenate([-magnitudes, magnitudes]).astype(dtype)
    expected = getattr(references, name)(x, *arguments)
    actual = getattr(kernels, name)(x, *arguments).astype(np.float64)
    normal = np.abs(expected) > np.finfo(dtype).tiny
    error = np.abs(actual - expected)[normal] / np.abs(expected[normal])
    assert error.max() < 8 * np.finfo(dtype).eps
    assert np.abs(actual - expected)[~normal].max(initial=0) <= np.finfo(dtype).tiny


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 800.0, -800.0]


@PARAMETERS
@pytest.mark.parametrize("value", SPECIAL)
def test_special_values_at_every_lane(name, arguments, from_output, value, dtype):
    expected = getattr(references, name)(np.float64(dtype(value)), *arguments)
    for position in range(37):
        x = np.ones(37, dtype)
        x[position] = value
        y = getattr(kernels, name)(x, *arguments)
        assert_close(y[position], expected)
        others = np.delete(y, position)
        assert_close(others, np.full(36, getattr(references, name)(1.0, *arguments)))


@PARAMETERS
def test_nan_passes_backwards(name, arguments, from_output, dtype):
    for position in range(37):
        grad, saved = np.ones((2, 37), dtype) / 2
        grad[position] = np.nan
        actual = getattr(kernels, f"{name}_grad")(grad, saved, *arguments)
        assert np.isnan(actual).tolist() == np.isnan(grad).tolist()


@PARAMETERS
def test_gradient_by_central_differences(name, arguments, from_output):
    x = np.array([-20.0, -2.0, -0.5, -0.01, 0.01, 0.3, 2.0, 20.0])
    grad = np.random.default_rng(0).standard_normal(x.shape)
    function = getattr(kernels, name)
    saved = function(x, *arguments) if from_output else x
    analytic = getattr(kernels, f"{name}_grad")(grad, saved, *arguments)
    assert_gradients(lambda x: function(x, *arguments), [x], grad, [analytic])


@PARAMETERS
def test_activation_equals_torch(name, arguments, from_output, dtype):
    torch = pytest.importorskip("torch")
    x = (4 * np.random.default_rng(1).standard_normal(1000)).astype(dtype)
    x_torch = torch.tensor(x, requires_grad=True)
    namespace = torch if name in ("sigmoid", "tanh") else torch.nn.functional
    y_torch = getattr(namespace, name)(x_torch, *arguments)
    y = getattr(kernels, name)(x, *arguments)
    assert_close(y, y_torch.detach().double().numpy())
    y_torch.backward(torch.ones_like(y_torch))
    saved = y if from_output else x
    actual = getattr(kernels, f"{name}_grad")(np.ones_like(x), saved, *arguments)
    assert_close(actual, x_torch.grad.double().numpy())


def test_defaults(dtype):
    x = np.array([-2.0, 1.0], dtype)
    assert_close(kernels.leaky_relu(x), [-0.02, 1.0])
    assert_close(kernels.elu(x), [np.expm1(-2.0), 1.0])


P = 0.3


def drop(dtype, seed, shape=(200, 500), p=P):
    x = np.ones(shape, dtype)
    y, mask = kernels.dropout(x, p, seed)
    assert y.shape == mask.shape == x.shape
    return y, np.asarray(mask).astype(bool)


def test_dropout_scales_what_it_keeps(dtype):
    y, mask = drop(dtype, 1)
    assert_close(y, references.dropout_grad(np.ones(y.shape), mask, P))


def test_dropout_keeps_the_right_share(dtype):
    _, mask = drop(dtype, 2)
    # Five standard deviations of a binomial share over 100,000 draws.
    assert abs(mask.mean() - (1 - P)) < 5 * np.sqrt(P * (1 - P) / mask.size)


def test_dropout_draws_are_independent(dtype):
    kept = drop(dtype, 3)[1].ravel() - (1 - P)
    for lag in (1, 2, 4, 8, 16, 500):
        correlation = np.mean(kept[lag:] * kept[:-lag]) / (P * (1 - P))
        assert abs(correlation) < 5 / np.sqrt(kept.size)


def test_dropout_seeds_differ_and_repeat(dtype):
    (_, first), (_, again), (_, other) = drop(dtype, 4), drop(dtype, 4), drop(dtype, 5)
    np.testing.assert_array_equal(first, again)
    agreement = (first == other).mean()
    expected = P**2 + (1 - P) ** 2
    assert abs(agreement - expected) < 5 * np.sqrt(expected * (1 - expected) / first.size)


def test_dropout_does_not_depend_on_shape_or_dtype():
    _, flat = drop(np.float32, 6, shape=(100_000,))
    _, square = drop(np.float64, 6)
    np.testing.assert_array_equal(flat, square.ravel())


def test_dropout_does_not_depend_on_the_instruction_set(isa):
    from einkorn.testing.isa import forced

    _, mask = drop(np.float32, 7)
    with forced("scalar"):
        np.testing.assert_array_equal(mask, drop(np.float32, 7)[1])


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_dropout_at_the_ends(p, dtype):
    y, mask = drop(dtype, 8, shape=(37,), p=p)
    np.testing.assert_array_equal(mask, np.full(37, p == 0))
    np.testing.assert_array_equal(y, np.full(37, 1 - p))


def test_dropout_grad_uses_the_mask(dtype):
    x = np.random.default_rng(9).standard_normal((3, 37)).astype(dtype)
    y, mask = kernels.dropout(x, P, 10)
    np.testing.assert_array_equal(kernels.dropout_grad(x, mask, P), y)


def test_dropout_of_nan_is_nan_only_where_kept(dtype):
    y, mask = kernels.dropout(np.full(1000, np.nan, dtype), P, 11)
    np.testing.assert_array_equal(np.isnan(y), np.asarray(mask).astype(bool))


FORMS = pytest.mark.parametrize("approximate", ["none", "tanh"])


@FORMS
def test_gelu_equals_reference(approximate, dtype):
    magnitudes = np.concatenate([np.geomspace(1e-20, 12, 3000), np.linspace(0, 12, 3001)])
    x = np.concatenate([-magnitudes, magnitudes]).astype(dtype)
    grad = np.random.default_rng(0).standard_normal(x.shape).astype(dtype)
    expected = references.gelu(x, approximate)
    y = kernels.gelu(x, approximate)
    assert_close(y, expected)
    assert_close(
        kernels.gelu_grad(grad, x, approximate), references.gelu_grad(grad, x, approximate)
    )


def test_gelu_keeps_the_relative_accuracy_of_its_tail(dtype):
    x = -np.linspace(0.1, 12, 5000).astype(dtype)
    error = np.abs(kernels.gelu(x) / references.gelu(x) - 1)
    # The plain C of the scalar variant has no fused multiply-add for the square of x.
    limit = 8 if kernels.isa() != "scalar" else 80
    assert error.max() < limit * np.finfo(dtype).eps * (20 if dtype is np.float64 else 1)


@FORMS
@pytest.mark.parametrize("value", [0.0, np.inf, np.nan, 1e30, -1e30, 800.0, -800.0])
def test_gelu_of_special_values_at_every_lane(approximate, value, dtype):
    expected = {-1e30: -0.0, -800.0: -0.0}.get(value, dtype(value))
    for position in range(37):
        x = np.ones(37, dtype)
        x[position] = value
        assert_close(kernels.gelu(x, approximate)[position], expected)


@FORMS
def test_gelu_gradient_by_central_differences(approximate):
    x = np.array([-6.0, -2.0, -0.5, 0.0, 0.3, 2.0, 6.0])
    grad = np.random.default_rng(0).standard_normal(x.shape)
    analytic = kernels.gelu_grad(grad, x, approximate)
    assert_gradients(lambda x: kernels.gelu(x, approximate), [x], grad, [analytic])


def test_gelu_names_its_forms():
    with pytest.raises(ValueError, match="approximate: expected 'none' or 'tanh', got 'erf'"):
        kernels.gelu(np.ones(3), "erf")


@pytest.mark.parametrize(("name", "limit"), [("erf", 4), ("erfc", 16)])
def test_error_functions_over_the_range(name, limit, dtype):
    """Relative error, also near zero and far out where the complement is small."""
    magnitudes = np.concatenate([np.geomspace(1e-30, 30, 4000), np.linspace(0, 9, 4001)])
    x = np.concatenate([-magnitudes, magnitudes]).astype(dtype)
    expected, actual = getattr(references, name)(x), getattr(kernels, name)(x).astype(np.float64)
    normal = np.abs(expected) > np.finfo(dtype).tiny
    error = np.abs(actual - expected)[normal] / np.abs(expected[normal])
    assert error.max() < limit * np.finfo(dtype).eps
    assert np.abs(actual - expected)[~normal].max(initial=0) <= np.finfo(dtype).tiny


@pytest.mark.parametrize("name", ["erf", "erfc"])
@pytest.mark.parametrize("value", SPECIAL)
def test_error_functions_of_special_values_at_every_lane(name, value, dtype):
    expected = getattr(references, name)(np.float64(dtype(value)))
    for position in range(37):
        x = np.ones(37, dtype)
        x[position] = value
        assert_close(getattr(kernels, name)(x)[position], expected)
        assert np.signbit(getattr(kernels, name)(x)[position]) == np.signbit(expected)


@settings(max_examples=30)
@given(shape=shapes(), seed=SEEDS)
def test_add_relu_equals_reference(dtype, shape, seed):
    a, b = np.random.default_rng(seed).standard_normal((2, *shape)).astype(dtype)
    assert_close(kernels.add_relu(a, b), references.relu(np.add(a, b, dtype=np.float64)))


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((37, 19), 1), ((5, 64), -1), ((2, 3, 5, 7), 1), ((6, 4, 9), 0), ((3, 0), 1)],
)
def test_bias_activation_equals_reference(shape, axis, activation, dtype):
    rng = np.random.default_rng(0)
    x, bias = rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape[axis])
    spread = np.expand_dims(bias, tuple(i for i in range(len(shape)) if i != axis % len(shape)))
    total = x.astype(np.float64) + spread.astype(dtype)
    expected = total if activation is None else getattr(references, activation)(total)
    assert_close(kernels.bias_activation(x, bias.astype(dtype), activation, axis=axis), expected)


def test_bias_activation_names_a_bad_axis():
    with pytest.raises(ValueError, match="axis: expected an axis of shape"):
        kernels.bias_activation(np.ones((2, 3)), np.ones(3), axis=2)


def test_large_results_go_past_the_caches_unchanged(dtype):
    """Above the size from which results are streamed, and with operands that are not aligned."""
    n = 6_000_011
    x = np.random.default_rng(0).standard_normal(n + 1).astype(dtype)
    for operand in (x[:n], x[1:]):
        expected = np.maximum(operand, 0)
        np.testing.assert_array_equal(kernels.relu(operand), expected)
        unaligned = np.empty(n + 1, dtype)[1:]
        np.testing.assert_array_equal(kernels.relu(operand, out=unaligned), expected)
        np.testing.assert_array_equal(kernels.relu_grad(operand, operand), expected)
