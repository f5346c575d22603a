"""Steps of the adaptive optimisers equal their formulas, for every shape, dtype and variant."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

SHAPES = [(), (1,), (15,), (3, 17), (2, 5, 7), (0,), (40000,)]


def rmsprop(param, grad, square, mean, buffer, step, *, lr, alpha, eps, weight_decay, momentum):
    grad = grad + weight_decay * param
    square[...] = alpha * square + (1 - alpha) * grad**2
    mean[...] = alpha * mean + (1 - alpha) * grad
    buffer[...] = momentum * buffer + grad / (np.sqrt(square - mean**2) + eps)
    param -= lr * buffer


def adagrad(param, grad, total, step, *, lr, lr_decay, eps, weight_decay):
    grad = grad + weight_decay * param
    total += grad**2
    param -= lr / (1 + (step - 1) * lr_decay) * grad / (np.sqrt(total) + eps)


def adadelta(param, grad, square, moved, step, *, lr, rho, eps, weight_decay):
    grad = grad + weight_decay * param
    square[...] = rho * square + (1 - rho) * grad**2
    delta = np.sqrt(moved + eps) / np.sqrt(square + eps) * grad
    moved[...] = rho * moved + (1 - rho) * delta**2
    param -= lr * delta


def adamax(param, grad, mean, largest, step, *, lr, beta1, beta2, eps, weight_decay):
    grad = grad + weight_decay * param
    mean[...] = beta1 * mean + (1 - beta1) * grad
    largest[...] = np.maximum(beta2 * largest, np.abs(grad) + eps)
    param -= lr / (1 - beta1**step) * mean / largest


def moments(param, grad, mean, square, lr, beta1, beta2, weight_decay, decoupled):
    if decoupled:
        param *= 1 - lr * weight_decay
    else:
        grad = grad + weight_decay * param
    mean[...] = beta1 * mean + (1 - beta1) * grad
    square[...] = beta2 * square + (1 - beta2) * grad**2
    return grad


def nadam(
    param, grad, mean, square, step, *, lr, mu, mu_next, mu_product, beta1, beta2, eps,
    weight_decay, decoupled,
):  # fmt: skip
    grad = moments(param, grad, mean, square, lr, beta1, beta2, weight_decay, decoupled)
    ahead = mu_next * mean / (1 - mu_product * mu_next) + (1 - mu) * grad / (1 - mu_product)
    param -= lr * ahead / (np.sqrt(square / (1 - beta2**step)) + eps)


def radam(
    param, grad, mean, square, step, *, lr, beta1, beta2, eps, weight_decay, decoupled
):  # fmt: skip
    moments(param, grad, mean, square, lr, beta1, beta2, weight_decay, decoupled)
    most = 2 / (1 - beta2) - 1
    length = most - 2 * step * beta2**step / (1 - beta2**step)
    rate = lr / (1 - beta1**step)
    if length > 5:
        rectify = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
        rate *= np.sqrt(rectify * (1 - beta2**step)) / (np.sqrt(square) + eps)
    param -= rate * mean


def rprop(param, grad, previous, size, step, *, etas, step_limits):
    agreement = np.sign(grad * previous)
    size[...] = np.clip(size * np.choose(agreement.astype(int) + 1, [etas[0], 1, etas[1]]),
                        *step_limits)  # fmt: skip
    previous[...] = np.where(agreement < 0, 0, grad)
    param -= np.sign(previous) * size


def asgd(param, grad, mean, step, *, eta, mu, lambd, weight_decay):
    grad = grad + weight_decay * param
    param[...] = (1 - lambd * eta) * param - eta * grad
    mean += mu * (param - mean)


BETAS = {"lr": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.1}
# Name: the formula, the number of states, whether the kernel is told the step, the settings.
RULES = {
    "rmsprop": (rmsprop, 3, False,
                {"lr": 0.1, "alpha": 0.9, "eps": 0.1, "weight_decay": 0.1, "momentum": 0.7}),
    "adagrad": (adagrad, 1, True, {"lr": 0.1, "lr_decay": 0.2, "eps": 1e-3, "weight_decay": 0.1}),
    "adadelta": (adadelta, 2, False, {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    "adamax": (adamax, 2, True, BETAS),
    "nadam": (nadam, 2, True,
              {**BETAS, "mu": 0.5, "mu_next": 0.6, "mu_product": 0.3, "decoupled": False}),
    "nadam decoupled": (nadam, 2, True,
                        {**BETAS, "mu": 0.5, "mu_next": 0.6, "mu_product": 0.3, "decoupled": True}),
    "radam": (radam, 2, True, {**BETAS, "decoupled": False}),
    "radam decoupled": (radam, 2, True, {**BETAS, "decoupled": True}),
    "rprop": (rprop, 2, False, {"etas": (0.5, 1.5), "step_limits": (0.05, 0.5)}),
    "asgd": (asgd, 1, False, {"eta": 0.1, "mu": 0.25, "lambd": 0.1, "weight_decay": 0.2}),
}  # fmt: skip


def kernel(name):
    return getattr(kernels, f"{name.split()[0]}_steps_")


def start(shape, dtype, states):
    """A parameter and states that a few steps may have left: no mean above its mean square."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape), *(rng.uniform(0.05, 0.2, shape) for _ in range(states))]
    return [np.asarray(array, dtype) for array in arrays]


def take_steps(name, arrays, grads, numbers=(1, 2, 30)):
    _, _, counts, settings = RULES[name]
    for number, grad in zip(numbers, grads, strict=True):
        param, *states = ([array] for array in arrays)
        step = [number] if counts else []
        kernel(name)(param, [grad], *states, *step, **settings)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RULES)
def test_equals_formula(name, shape, dtype):
    formula, states, _, settings = RULES[name]
    arrays = start(shape, dtype, states)
    grads = list(np.random.default_rng(1).standard_normal((3, *shape)).astype(dtype))
    expected = [array.astype(np.float64) for array in arrays]
    take_steps(name, arrays, grads)
    for number, grad in zip((1, 2, 30), grads, strict=True):
        formula(expected[0], grad.astype(np.float64), *expected[1:], number, **settings)
    for ours, theirs in zip(arrays, expected, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("name", RULES)
def test_many_parameters_at_once_equal_one_after_the_other(name, dtype):
    _, states, counts, settings = RULES[name]
    shapes = [(3,), (2, 9), (), (0, 4), (33,)]
    alone = [start(shape, dtype, states) for shape in shapes]
    together = [start(shape, dtype, states) for shape in shapes]
    grads = [np.full(shape, 0.5, dtype) for shape in shapes]
    step = [3] if counts else []
    for arrays, grad in zip(alone, grads, strict=True):
        param, *rest = ([array] for array in arrays)
        kernel(name)(param, [grad], *rest, *step, **settings)
    params, *columns = (list(column) for column in zip(*together, strict=True))
    kernel(name)(params, grads, *columns, *step, **settings)
    for one, other in zip(alone, together, strict=True):
        for ours, theirs in zip(one, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_largest_average_of_amsgrad_takes_the_averages_place(dtype):
    param, mean, square, largest = start((40,), dtype, 3)
    grad = np.linspace(-1, 1, 40).astype(dtype)
    expected = [array.astype(np.float64) for array in (param, mean, square, largest)]
    settings = {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-3}
    kernels.adam_steps_([param], [grad], [mean], [square], 4, max_exp_avg_sqs=[largest], **settings)
    p, m, s, most = expected
    m[...] = 0.9 * m + 0.1 * grad
    s[...] = 0.99 * s + 0.01 * grad.astype(np.float64) ** 2
    most[...] = np.maximum(most, s)
    p -= 0.1 * m / (1 - 0.9**4) / (np.sqrt(most / (1 - 0.99**4)) + 1e-3)
    for ours, theirs in zip((param, mean, square, largest), expected, strict=True):
        assert_close(ours, theirs)


def test_rmsprop_needs_only_the_states_it_uses(dtype):
    param, grad = np.ones(20, dtype), np.full(20, 2, dtype)
    square = np.zeros(20, dtype)
    kernels.rmsprop_steps_([param], [grad], [square], None, None, lr=0.5, alpha=0.0, eps=0.0)
    assert_close(param, np.full(20, 0.5))


@pytest.mark.parametrize("name", RULES)
def test_threads_change_no_bit(name):
    def compute():
        arrays = start((300, 301), np.float32, RULES[name][1])
        take_steps(name, arrays, [arrays[0] + 1, arrays[0] - 1, 2 * arrays[0]])
        return arrays

    assert_same_for_threads(compute)


@pytest.mark.parametrize("name", RULES)
def test_bad_arrays_are_refused_and_nothing_changes(name):
    _, states, counts, settings = RULES[name]
    arrays = start((6,), np.float64, states)
    before = [array.copy() for array in arrays]
    step = [1] if counts else []
    grad = np.ones(6)

    def call(*lists, number=step):
        kernel(name)(*lists, *number, **settings)

    columns = [[array] for array in arrays[1:]]
    for position in range(states):
        for bad, error in (([np.ones(7)], ValueError), ([np.ones(6, np.float32)], TypeError),
                           ([], ValueError), ([arrays[0]], ValueError)):  # fmt: skip
            wrong = [*columns[:position], bad, *columns[position + 1 :]]
            with pytest.raises(error):
                call([arrays[0]], [grad], *wrong)
    with pytest.raises(ValueError, match="grad"):
        call([arrays[0]], [np.ones(5)], *columns)
    if counts:
        with pytest.raises(ValueError, match="step"):
            call([arrays[0]], [grad], *columns, number=[0])
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        (name, {setting: value})
        for name, (_, _, _, settings) in RULES.items()
        for setting in settings
        for value in ("x", float("nan"))
        if setting not in ("decoupled",)
    ],
    ids=str,
)
def test_bad_settings_are_refused(name, bad):
    _, states, counts, settings = RULES[name]
    param, *columns = ([array] for array in start((6,), np.float64, states))
    with pytest.raises((TypeError, ValueError)):
        kernel(name)(param, [np.ones(6)], *columns, *([1] * counts), **settings | bad)
