"""Operators that users define behave as PyTorch's."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import Function, grad, gradcheck, gradgradcheck, once_differentiable


def leaf(*values):
    return ek.tensor(np.array(values), requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx, x, scale=1.0):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x**3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * ctx.scale * x**2 * grad, None


class Exp(Function):
    """Saves its output."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return y * grad


class SinCos(Function):
    """Several outputs, saved as well; written with setup_context."""

    @staticmethod
    def forward(x):
        return x.sin(), x.cos()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*output)

    @staticmethod
    def backward(ctx, sin_grad, cos_grad):
        sin, cos = ctx.saved_tensors
        return sin_grad * cos - cos_grad * sin


def test_gradients_and_second_derivatives():
    x = leaf(0.5, -1.0, 2.0)
    assert gradcheck(lambda x: Cube.apply(x, 2.0), (x,))
    for function in (Cube.apply, Exp.apply, lambda x: SinCos.apply(x)[0] * SinCos.apply(x)[1]):
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))


def test_an_output_without_a_gradient_gets_zeros_or_none():
    seen = []

    class Pair(Function):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            return 2 * x, 3 * x

        @staticmethod
        def backward(ctx, a, b):
            seen.append(b)
            return 2 * a, None

    x = leaf(1.0, 2.0)
    for materialize in (True, False):
        Pair.apply(x, materialize)[0].sum().backward()
    assert seen[0].tolist() == [0.0, 0.0]
    assert seen[1] is None
    assert x.grad.tolist() == [4.0, 4.0]


def test_what_needs_a_gradient():
    class Product(Function):
        @staticmethod
        def forward(ctx, a, b):
            assert not ek.is_grad_enabled()
            ctx.save_for_backward(a, None, b)
            Product.needs = ctx.needs_input_grad
            return a * b

        @staticmethod
        def backward(ctx, grad):
            a, none, b = ctx.saved_tensors
            assert none is None
            return grad * b, None

    x = leaf(2.0)
    y = Product.apply(x, ek.tensor([3.0]).to(np.float64))
    y.sum().backward()
    assert Product.needs == (True, False)
    assert x.grad.tolist() == [3.0]
    assert not Product.apply(x.detach(), x.detach()).requires_grad
    with ek.no_grad():
        assert not Product.apply(x, x).requires_grad


def test_marked_as_not_differentiable():
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            values, order = x.sort()
            ctx.mark_non_differentiable(order)
            ctx.save_for_backward(order)
            return values, order

        @staticmethod
        def backward(ctx, grad, _):
            (order,) = ctx.saved_tensors
            gx = ek.zeros_like(grad)
            return gx.scatter_add(0, order, grad)

    x = leaf(3.0, 1.0, 2.0)
    values, order = Sorted.apply(x)
    assert values.requires_grad
    assert not order.requires_grad
    (values * ek.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [100.0, 1.0, 10.0]


def test_a_saved_value_changed_in_place_is_an_error():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = Cube.apply(y)
    with ek.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.sum().backward()


def test_freed_after_backward():
    x = leaf(1.0)
    y = Cube.apply(x)
    y.backward(np.ones(1))
    with pytest.raises(RuntimeError, match="second time"):
        y.backward(np.ones(1))


def test_once_differentiable():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = leaf(3.0)
    (g,) = grad(Once.apply(x).sum(), x)
    assert g.tolist() == [6.0]
    (g,) = grad((Once.apply(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiable once only"):
        g.sum().backward()


def test_bad_functions():
    class NoTensor(Function):
        @staticmethod
        def forward(ctx, x):
            return 1

    class TooFew(Cube):
        @staticmethod
        def backward(ctx, grad):
            return grad

    class WrongShape(Cube):
        @staticmethod
        def backward(ctx, grad):
            return ek.ones(7), None

    x = leaf(1.0)
    with pytest.raises(TypeError, match=r"NoTensor.forward: expected Tensors, output 0 is int"):
        NoTensor.apply(x)
    with pytest.raises(RuntimeError, match="expected 2 gradients, one for each argument, got 1"):
        TooFew.apply(x, 1.0).backward(np.ones(1))
    with pytest.raises(RuntimeError, match=r"expected a gradient of shape \(1,\)"):
        WrongShape.apply(x, 1.0).backward(np.ones(1))
    with pytest.raises(NotImplementedError, match="static method forward"):
        Function.apply(x)
