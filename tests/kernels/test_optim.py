"""Optimiser steps: in place, against the references and PyTorch."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

SGD = [
    {},
    {"weight_decay": 0.3},
    {"momentum": 0.9},
    {"momentum": 0.9, "weight_decay": 0.3, "nesterov": True},
    {"momentum": 0.9, "dampening": 0.4},
]
ADAM = [
    {},
    {"weight_decay": 0.3},
    {"weight_decay": 0.3, "decoupled": True},
    {"beta1": 0.5, "beta2": 0.8, "eps": 1e-3},
    {"beta1": 0.0, "beta2": 0.0, "eps": 1e-3},
]
SHAPES = [(), (0,), (1,), (15,), (16,), (17,), (3, 5, 7), (1000,)]


def states(shape, dtype, count, seed=0):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape), dtype) for _ in range(count)]


def steps(update, reference, arrays, grads, **parameters):
    """Take several steps with a kernel and its reference, comparing after each."""
    expected = [array.astype(np.float64) for array in arrays]
    for number, grad in enumerate(grads, 1):
        before = grad.copy()
        assert update(arrays, grad, number, **parameters) is None
        reference(expected, grad, number, **parameters)
        np.testing.assert_array_equal(grad, before)
        for ours, theirs in zip(arrays, expected, strict=True):
            assert_close(ours, theirs)


def sgd(module):
    def update(arrays, grad, number, **parameters):
        param, velocity = arrays
        return module.sgd_step_(param, grad, velocity, lr=0.1, **parameters)

    return update


def adam(module):
    def update(arrays, grad, number, **parameters):
        param, *moments = arrays
        return module.adam_step_(param, grad, *moments, number, lr=0.1, **parameters)

    return update


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("parameters", SGD)
def test_sgd_equals_reference(shape, parameters, dtype):
    arrays, grads = states(shape, dtype, 2), states(shape, dtype, 3, seed=1)
    steps(sgd(kernels), sgd(references), arrays, grads, **parameters)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("parameters", ADAM)
def test_adam_equals_reference(shape, parameters, dtype):
    arrays, grads = states(shape, dtype, 3), states(shape, dtype, 3, seed=1)
    np.square(arrays[2], out=arrays[2])
    steps(adam(kernels), adam(references), arrays, grads, **parameters)


def test_adam_bias_correction_late_in_training(dtype):
    param, mean, square, grad = states((50,), dtype, 4)
    arrays = [param, mean, square**2]
    expected = [array.astype(np.float64) for array in arrays]
    adam(kernels)(arrays, grad, 10**9)
    adam(references)(expected, grad, 10**9)
    assert_close(arrays[0], expected[0])


def test_velocity_is_not_needed_without_momentum(dtype):
    param, grad = states((9,), dtype, 2)
    expected = param - dtype(0.5) * grad
    kernels.sgd_step_(param, grad, None, lr=0.5)
    assert_close(param, expected)


@pytest.mark.parametrize("name", ["sgd_step_", "adam_step_"])
def test_nan_stays_where_it_is(name, dtype):
    for position in range(19):
        param, grad, *moments = states((19,), dtype, 4 if name == "adam_step_" else 3)
        moments[-1] **= 2
        grad[position] = np.nan
        step = (1,) if name == "adam_step_" else ()
        momentum = {} if name == "adam_step_" else {"momentum": 0.9}
        getattr(kernels, name)(param, grad, *moments, *step, lr=0.1, **momentum)
        assert np.isnan(param).nonzero()[0].tolist() == [position]


@pytest.mark.parametrize("parameters", SGD[:-1])
def test_sgd_equals_torch(parameters, dtype):
    torch = pytest.importorskip("torch")
    (start,), grads = states((40,), dtype, 1), states((40,), dtype, 4, seed=1)
    theirs = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.SGD([theirs], lr=0.1, **parameters)
    ours, velocity = start.copy(), np.zeros_like(start)
    for grad in grads:
        theirs.grad = torch.tensor(grad)
        optimizer.step()
        kernels.sgd_step_(ours, grad, velocity, lr=0.1, **parameters)
    assert_close(ours, theirs.detach().double().numpy())


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_equals_torch(decoupled, dtype):
    torch = pytest.importorskip("torch")
    (start,), grads = states((40,), dtype, 1), states((40,), dtype, 4, seed=1)
    theirs = torch.nn.Parameter(torch.tensor(start))
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = kind([theirs], lr=0.1, weight_decay=0.2)
    ours, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for number, grad in enumerate(grads, 1):
        theirs.grad = torch.tensor(grad)
        optimizer.step()
        kernels.adam_step_(
            ours, grad, mean, square, number, lr=0.1, weight_decay=0.2, decoupled=decoupled
        )
    assert_close(ours, theirs.detach().double().numpy())


def model(dtype, arrays):
    """Return `arrays` lists of parameters of several shapes, the last list being positive."""
    columns = [[states(shape, dtype, 1, seed)[0] for shape in SHAPES] for seed in range(arrays)]
    return [*columns[:-1], [np.asarray(np.abs(array)) for array in columns[-1]]]


@pytest.mark.parametrize("parameters", SGD)
def test_sgd_steps_equal_single_steps(parameters, dtype):
    singles, together = model(dtype, 3), model(dtype, 3)
    for row in zip(*singles, strict=True):
        kernels.sgd_step_(*row, lr=0.1, **parameters)
    assert kernels.sgd_steps_(*together, lr=0.1, **parameters) is None
    for ours, theirs in zip(sum(together, []), sum(singles, []), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("parameters", ADAM)
def test_adam_steps_equal_single_steps(parameters, dtype):
    singles, together = model(dtype, 4), model(dtype, 4)
    for row in zip(*singles, strict=True):
        kernels.adam_step_(*row, 3, lr=0.1, **parameters)
    assert kernels.adam_steps_(*together, 3, lr=0.1, **parameters) is None
    for ours, theirs in zip(sum(together, []), sum(singles, []), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_steps_without_parameters():
    kernels.sgd_steps_([], [], None, lr=0.1)
    kernels.adam_steps_([], [], [], [], 1, lr=0.1)


def spoil_last(array):
    """Return an array that does not fit in place of `array`, and the error it must raise."""
    read_only = array.copy()
    read_only.flags.writeable = False
    other = np.float32 if array.dtype == np.float64 else np.float64
    return [(array[:-1], ValueError), (array.astype(other), TypeError), (read_only, ValueError)]


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_refused_steps_change_nothing(column, kind, dtype):
    lists = model(dtype, 3)
    spoilt, error = spoil_last(lists[column][-1])[kind]
    if column == 1 and not spoilt.flags.writeable:
        return  # The gradient is only read.
    lists[column][-1] = spoilt
    before = [[array.copy() for array in column] for column in lists]
    with pytest.raises(error, match=["param|grad", "grad", "velocity"][column]):
        kernels.sgd_steps_(*lists, lr=0.1, momentum=0.9)
    for ours, theirs in zip(sum(lists, []), sum(before, []), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="grad"):
        kernels.sgd_steps_(lists[0], lists[1][:-1], None, lr=0.1)
