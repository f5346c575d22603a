"""Every public operator, driven by the table: values, both derivatives, both backwards."""

import numpy as np
import pytest

from einkorn import Tensor
from einkorn.autograd import grad, gradcheck, gradgradcheck
from einkorn.testing.operators import TABLE, public_operators


def cases(condition=lambda row: True):
    return [
        pytest.param(row, sample, id=f"{row.name}-{i}")
        for row in TABLE.values()
        for i, sample in enumerate(row.samples)
        if condition(row)
    ]


def leaves(value):
    """Tensors that require a gradient, within arguments."""
    if isinstance(value, Tensor):
        return [value] if value.requires_grad else []
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, dict):
        return leaves(list(value.values()))
    return []


def outputs(value):
    """Arrays of a result, whatever its form."""
    if isinstance(value, (list, tuple)):
        return [array for part in value for array in outputs(part)]
    return [value]


def function_of_leaves(row, sample, dtype):
    """The operator as a function of its differentiable arguments, and these."""
    arguments, options = sample.drawn(dtype)
    found = leaves([arguments, options])

    def replaced(value, new):
        if isinstance(value, Tensor) and value.requires_grad:
            return next(new)
        if isinstance(value, (list, tuple)):
            return type(value)(replaced(part, new) for part in value)
        return value

    def function(*values):
        new = iter(values)
        called = row.function(
            *replaced(arguments, new), **{k: replaced(v, new) for k, v in options.items()}
        )
        return tuple(y for y in outputs(called) if y.dtype.kind == "f")

    return function, found


def test_every_public_operator_has_a_row():
    covered = {row.function for row in TABLE.values()}
    assert {n for n, function in public_operators().items() if function not in covered} == set()


def to_torch(torch, value, grads):
    if isinstance(value, Tensor):
        result = torch.tensor(value.numpy(), requires_grad=value.requires_grad)
        if value.requires_grad:
            grads.append(result)
        return result
    if isinstance(value, (list, tuple)):
        return type(value)(to_torch(torch, part, grads) for part in value)
    if isinstance(value, dict):
        return {name: to_torch(torch, part, grads) for name, part in value.items()}
    return value


def reference(torch, row, arguments, options):
    """PyTorch's result for the same arguments, and its leaves."""
    grads = []
    arguments, options = to_torch(torch, arguments, grads), to_torch(torch, options, grads)
    if callable(row.reference):
        return row.reference(torch, *arguments, **options), grads
    function = torch
    for name in row.reference.split("."):
        function = getattr(function, name)
    return function(*arguments, **options), grads


def assert_alike(actual, expected, rtol, what):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, what
    assert actual.dtype == expected.dtype, what
    atol = rtol / 10 * np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol, atol, err_msg=what)


@pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore:reduction", "ignore:Using padding")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("row", "sample"), cases(lambda row: row.reference is not None))
def test_values_and_gradients_as_pytorch(row, sample, dtype):
    torch = pytest.importorskip("torch")
    arguments, options = sample.drawn(dtype)
    ours = row.function(*arguments, **options)
    theirs, their_leaves = reference(torch, row, *sample.drawn(dtype))
    found, expected = outputs(ours), outputs(theirs)
    assert len(found) == len(expected)
    if not row.deterministic:
        for y, z in zip(found, expected, strict=True):
            assert (y.shape, y.dtype) == (tuple(z.shape), z.detach().numpy().dtype)
        return
    rtol = row.rtol if dtype == np.float32 else 1e-7
    for i, (y, z) in enumerate(zip(found, expected, strict=True)):
        z = z.detach().numpy() if isinstance(z, torch.Tensor) else z
        assert_alike(y, z, rtol, f"output {i}")
    variables = leaves([arguments, options])
    pairs = [(y, z) for y, z in zip(found, expected, strict=True) if getattr(y, "requires_grad", 0)]
    if not variables or not pairs:
        return
    generator = np.random.default_rng(3)
    starts = [np.asarray(generator.standard_normal(y.shape), dtype) for y, _ in pairs]
    ours = grad([y for y, _ in pairs], variables, starts, materialize_grads=True)
    theirs = torch.autograd.grad(
        [z for _, z in pairs],
        their_leaves,
        [torch.tensor(start) for start in starts],
        allow_unused=True,
        materialize_grads=True,
    )
    for i, (g, h) in enumerate(zip(ours, theirs, strict=True)):
        assert_alike(g, h.numpy(), rtol, f"gradient {i}")


@pytest.mark.parametrize(("row", "sample"), cases(lambda row: row.differentiable))
def test_first_derivatives(row, sample):
    function, variables = function_of_leaves(row, sample, np.float64)
    if variables:
        assert gradcheck(function, variables)


@pytest.mark.parametrize(("row", "sample"), cases(lambda row: row.differentiable and row.twice))
def test_second_derivatives(row, sample):
    function, variables = function_of_leaves(row, sample, np.float64)
    if variables:
        assert gradgradcheck(function, variables)


@pytest.mark.parametrize(("row", "sample"), cases(lambda row: row.differentiable))
def test_both_backwards_agree(row, sample):
    function, variables = function_of_leaves(row, sample, np.float64)
    results = [y for y in function(*variables) if y.requires_grad]
    if not results:
        return
    generator = np.random.default_rng(5)
    starts = [generator.standard_normal(y.shape) for y in results]
    composed = grad(results, variables, starts, create_graph=True, materialize_grads=True)
    by_kernels = grad(results, variables, starts, materialize_grads=True)
    for a, b in zip(composed, by_kernels, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.numpy(), b.numpy(), 1e-9, 1e-11)


@pytest.mark.parametrize(("row", "sample"), cases(lambda row: row.differentiable))
def test_float32_gradients_keep_their_dtype(row, sample):
    function, variables = function_of_leaves(row, sample, np.float32)
    for y in function(*variables):
        if y.requires_grad:
            assert y.dtype == (np.float64 if row.widened else np.float32)
            for x, g in zip(
                variables,
                grad(y, variables, np.ones(y.shape), True, allow_unused=True),
                strict=True,
            ):
                assert g is None or (g.dtype, g.shape) == (x.dtype, x.shape)
