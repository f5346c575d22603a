"""The gradient checks find wrong gradients."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import Operator, gradcheck, gradgradcheck
from einkorn.autograd.checks import GradcheckError
from einkorn.autograd.tape import retain_inputs


class Cube(Operator):
    """x³, with a first and a second derivative that can be made wrong."""

    __slots__ = ("first", "second")
    retain = retain_inputs

    def __init__(self, first=3.0, second=3.0):
        self.first = first
        self.second = second

    def forward(self, x):
        return x**3

    def backward(self, grad, x):
        return grad * x**2 * self.first

    def compose_backward(self, grad, x):
        # With a wrong factor the value is right and the derivative of the gradient is not.
        return grad * x**2 * self.second + (grad * x**2).detach() * (self.first - self.second)


def leaf(*values):
    return ek.tensor(np.array(values), requires_grad=True)


def test_right_derivatives_pass():
    assert gradcheck(lambda x: Cube().apply(x), leaf(0.5, -2.0))
    assert gradgradcheck(lambda x: Cube().apply(x), leaf(0.5, -2.0))


def test_a_wrong_gradient_is_found_and_described():
    with pytest.raises(GradcheckError, match="element 1 of the input is 16, by differences 12"):
        gradcheck(lambda x: Cube(first=4.0).apply(x), leaf(0.5, -2.0))
    assert not gradcheck(lambda x: Cube(first=4.0).apply(x), leaf(0.5), raise_exception=False)


def test_a_wrong_second_derivative_is_found():
    assert gradcheck(lambda x: Cube(second=2.0).apply(x), leaf(0.5, -2.0))
    assert not gradgradcheck(
        lambda x: Cube(second=2.0).apply(x), leaf(0.5, -2.0), raise_exception=False
    )


def test_a_missing_gradient_is_found():
    with pytest.raises(GradcheckError):
        gradcheck(lambda x, y: x + y.detach() * y, (leaf(1.0), leaf(2.0)))


def test_passes_that_differ_are_found():
    noise = iter(range(100))

    class Noisy(Operator):
        __slots__ = ()

        def forward(self, x):
            return x

        def backward(self, grad):
            return grad * (1 + 1e-7 * next(noise))

    with pytest.raises(GradcheckError, match="two backward passes"):
        gradcheck(lambda x: Noisy().apply(x), leaf(1.0))
    assert gradcheck(lambda x: Noisy().apply(x), leaf(1.0), nondet_tol=1e-5)


def test_inputs_that_cannot_be_checked_are_refused():
    with pytest.raises(ValueError, match="float64"):
        gradcheck(lambda x: x, ek.ones(1, requires_grad=True))
    with pytest.raises(ValueError, match="at least one"):
        gradcheck(lambda x: x, ek.ones(1))


def test_several_outputs_and_constants():
    x = leaf(1.0, 2.0)
    assert gradcheck(lambda x, k: (x * k, (x > 0), x.sum()), (x, ek.tensor([3.0])))
    assert gradgradcheck(
        lambda x: x.exp(), x, ek.tensor(np.ones(2)), gen_non_contig_grad_outputs=True
    )
