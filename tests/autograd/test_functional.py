"""Products with Jacobians and Hessians equal those of closed forms, and PyTorch's."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import functional, grad

rng = np.random.default_rng(0)
A = rng.standard_normal((3, 4))
S = (lambda m: m + m.T)(rng.standard_normal((4, 4)))
X, V = rng.standard_normal(4), rng.standard_normal(4)


def linear(x):
    return ek.tensor(A) @ x


def quadratic(x):
    return 0.5 * (x * (ek.tensor(S) @ x)).sum()


def test_vjp_and_jvp_of_a_matrix():
    u = rng.standard_normal(3)
    y, product = functional.vjp(linear, ek.tensor(X), ek.tensor(u))
    np.testing.assert_allclose(y, A @ X)
    np.testing.assert_allclose(product, A.T @ u)
    y, product = functional.jvp(linear, ek.tensor(X), ek.tensor(V))
    np.testing.assert_allclose(y, A @ X)
    np.testing.assert_allclose(product, A @ V)


def test_jacobian_and_hessian():
    np.testing.assert_allclose(functional.jacobian(linear, ek.tensor(X)), A)
    np.testing.assert_allclose(functional.hessian(quadratic, ek.tensor(X)), S)
    for product in (functional.hvp, functional.vhp):
        y, result = product(quadratic, ek.tensor(X), ek.tensor(V))
        np.testing.assert_allclose(y, 0.5 * X @ S @ X)
        np.testing.assert_allclose(result, S @ V)


def test_several_inputs_and_outputs():
    def function(a, b):
        return a * b, a.sum() + (b**2).sum()

    a, b = ek.tensor(X[:3]), ek.tensor(V[:3])
    (first, second) = functional.jacobian(function, (a, b))
    np.testing.assert_allclose(first[0], np.diag(V[:3]))
    np.testing.assert_allclose(first[1], np.diag(X[:3]))
    np.testing.assert_allclose(second[0], np.ones(3))
    np.testing.assert_allclose(second[1], 2 * V[:3])
    ((aa, ab), (ba, bb)) = functional.hessian(lambda a, b: (a * b**2).sum(), (a, b))
    np.testing.assert_allclose(aa, np.zeros((3, 3)))
    np.testing.assert_allclose(ab, np.diag(2 * V[:3]))
    np.testing.assert_allclose(ba, ab)
    np.testing.assert_allclose(bb, np.diag(2 * X[:3]))


def test_results_can_be_differentiated():
    x = ek.tensor(X, requires_grad=True)
    _, product = functional.hvp(lambda x: (x**4).sum(), x, ek.tensor(V), create_graph=True)
    (third,) = grad(product.sum(), x)
    np.testing.assert_allclose(third, 24 * X * V)
    y, _ = functional.vjp(lambda x: x**2, ek.tensor(X), ek.tensor(V))
    assert not y.requires_grad


def test_strict_and_bad_input():
    x = ek.tensor(X)
    with pytest.raises(RuntimeError, match="strict: an output does not depend"):
        functional.vjp(lambda x: ek.tensor(1.0), x, strict=True)
    assert functional.vjp(lambda x: ek.tensor(1.0), x)[1].tolist() == [0.0] * 4
    with pytest.raises(RuntimeError, match="v: needed unless the outputs"):
        functional.vjp(linear, x)
    with pytest.raises(RuntimeError, match=r"v: expected the shapes of the inputs, got \[\(3,\)\]"):
        functional.jvp(linear, x, ek.ones(3))
    with pytest.raises(RuntimeError, match="func: expected a tensor of one element"):
        functional.hessian(linear, x)
    with pytest.raises(TypeError, match="func: expected Tensors, output 0 is a int"):
        functional.vjp(lambda x: 1, x)
    with pytest.raises(ValueError, match="strategy: expected 'reverse-mode', got 'forward-mode'"):
        functional.jacobian(linear, x, strategy="forward-mode")


@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
def test_against_torch(name):
    torch = pytest.importorskip("torch")

    def function(library):
        def several(a, b):
            return (library.tanh(a) * b).sum() if name in ("hessian", "vhp", "hvp") else (
                library.tanh(a) * b,
                a.sum(),
            )  # fmt: skip

        return several

    a, b = rng.standard_normal((2, 3)), rng.standard_normal(3)
    extra = {
        "vjp": ((rng.standard_normal((2, 3)), np.array(0.5)),),
        "jvp": ((a + 1, b - 1),),
        "vhp": ((a + 1, b - 1),),
        "hvp": ((a + 1, b - 1),),
    }.get(name, ())
    results = []
    for library, make in ((ek, ek.tensor), (torch, torch.tensor)):
        call = getattr(library.autograd.functional, name)
        vectors = [tuple(make(v) for v in each) for each in extra]
        results.append(flat(call(function(library), (make(a), make(b)), *vectors)))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def flat(value):
    if isinstance(value, (tuple, list)):
        return [x for item in value for x in flat(item)]
    return [np.asarray(value.detach())]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp", "jacobian", "hessian"])
def test_inputs_stay_as_they_are(name, create_graph):
    x, constant = ek.tensor([1.0, 2.0], requires_grad=True), ek.tensor([3.0, 4.0])
    vectors = {"vjp": (), "jacobian": (), "hessian": ()}.get(name, ((ek.ones(2), ek.ones(2)),))
    result = getattr(functional, name)(
        lambda a, b: (a**2 * b**2).sum(), (x, constant), *vectors, create_graph=create_graph
    )
    assert x.requires_grad and not constant.requires_grad
    assert x.is_leaf and constant.is_leaf
    assert x.grad is None and constant.grad is None
    if create_graph:
        first = result if name in ("jacobian", "hessian") else result[1]
        while isinstance(first, tuple):
            first = first[0]
        assert first.requires_grad
