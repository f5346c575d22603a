"""Hooks on tensors: what they see, what they replace, and how they are removed."""

import numpy as np
import pytest

import einkorn as ek
from einkorn import autograd


def leaf(values=(1.0, 2.0)):
    return ek.tensor(list(values), requires_grad=True)


def test_a_hook_sees_and_replaces_the_gradient_of_a_result():
    x, seen = leaf(), []
    y = x * 3
    y.register_hook(lambda grad: seen.append(grad.tolist()))
    y.register_hook(lambda grad: grad * 2)
    (y * y).sum().backward()
    assert seen == [[6.0, 12.0]]
    assert x.grad.tolist() == [36.0, 72.0]


def test_a_hook_of_a_leaf_sees_the_whole_gradient_once():
    x, seen = leaf(), []
    x.register_hook(lambda grad: seen.append(grad.tolist()))
    x.register_hook(lambda grad: -grad)
    (x * 3 + x * x).sum().backward()
    assert seen == [[5.0, 7.0]]
    assert x.grad.tolist() == [-5.0, -7.0]


def test_hooks_work_in_grad_and_with_create_graph():
    x = leaf()
    x.register_hook(lambda grad: grad * 2)
    (first,) = autograd.grad((x**3).sum(), x, create_graph=True)
    assert first.tolist() == [6.0, 24.0]
    (second,) = autograd.grad(first.sum(), x)
    assert second.tolist() == [24.0, 48.0]


def test_a_hook_of_one_of_several_outputs():
    x = leaf((1.0, 2.0, 3.0, 4.0))
    first, second = x.chunk(2)
    first.register_hook(lambda grad: grad * 10)
    (first * 2 + second).sum().backward()
    assert x.grad.tolist() == [20.0, 20.0, 1.0, 1.0]


def test_a_removed_hook_is_not_called():
    x = leaf()
    handle = x.register_hook(lambda grad: grad * 0)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda grad: grad * 0):
        pass
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_retained_gradients_are_those_that_hooks_leave():
    x = leaf()
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda grad: grad * 2)
    assert y.retains_grad
    assert not x.retains_grad
    z = y.sum()
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [2.0, 2.0]
    z.backward()
    assert y.grad.tolist() == [4.0, 4.0]


def test_a_hook_has_to_keep_the_shape():
    x = leaf()
    x.register_hook(lambda grad: grad.sum())
    with pytest.raises(RuntimeError, match="hook"):
        x.sum().backward()


def test_hooks_need_a_gradient():
    x = ek.ones(2)
    for method in (lambda: x.register_hook(print), x.retain_grad):
        with pytest.raises(RuntimeError, match="require"):
            method()


def test_as_pytorch():
    torch = pytest.importorskip("torch")
    found = []
    for library, a in ((ek, leaf()), (torch, torch.tensor([1.0, 2.0], requires_grad=True))):
        a.register_hook(lambda grad: grad + 1)
        b = (a * 2).exp()
        b.retain_grad()
        b.register_hook(lambda grad: grad * 3)
        (b * a).sum().backward()
        found.append((np.asarray(a.grad), np.asarray(b.grad.detach())))
        assert library
    np.testing.assert_allclose(found[0][0], found[1][0], 1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], 1e-6)
