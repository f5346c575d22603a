"""The compiled tape keeps the manners of Python objects, and sums gradients without harm."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.autograd import Operator, grad


def leaf(*values):
    return ek.tensor(np.array(values, np.float64), requires_grad=True)


class Scale(Operator):
    """An operator with attributes in slots, in a dictionary and in the base."""

    __slots__ = ("factor",)

    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        self.extra = x.shape
        return x * self.factor

    def backward(self, g):
        return g * self.factor


class Named(Scale):
    """The same, with a dictionary."""

    def forward(self, x):
        self.name = "named"
        return super().forward(x)


def test_leaves_survive_pickling():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    y = pickle.loads(pickle.dumps(x))
    assert y.requires_grad
    assert y.is_leaf
    assert y.tolist() == [1.0, 2.0]
    assert y.grad.tolist() == [2.0, 4.0]
    parameter = pickle.loads(pickle.dumps(nn.Parameter(np.ones(2))))
    assert type(parameter) is nn.Parameter
    assert parameter.requires_grad


def test_a_module_survives_pickling():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.BatchNorm1d(4))
    copied = pickle.loads(pickle.dumps(net)).eval()
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(copied(x).numpy(), net.eval()(x).numpy())


def test_a_shallow_copy_shares_memory_and_version():
    x = ek.ones(2)
    y = copy.copy(x)
    w = leaf(1.0, 2.0)
    z = (y.double() * w).sum()
    assert y.numpy() is x.numpy()
    z.backward()
    product = (y * ek.ones(2, requires_grad=True)).sum()
    x.zero_()
    with pytest.raises(RuntimeError, match="changed in place"):
        product.backward()


@pytest.mark.parametrize("kind", [Scale, Named])
def test_an_operator_s_record_can_be_copied(kind):
    x = leaf(1.0, 2.0)
    node = kind(3.0).apply(x).grad_fn
    copied = copy.copy(node)
    assert type(copied) is kind
    assert copied.sources == node.sources
    assert (copied.order, copied.factor, copied.extra) == (node.order, 3.0, (2,))
    assert getattr(copied, "name", "named") == "named"
    pruned = node.restricted((False,))
    assert (pruned.needs, node.needs) == ((False,), (True,))


def test_a_graph_survives_pickling():
    x = leaf(2.0)
    y, z = pickle.loads(pickle.dumps((x, x * x * 3.0)))
    z.backward()
    assert y.grad.tolist() == [12.0]
    parts = pickle.loads(pickle.dumps(leaf(1.0, 2.0).split([1, 1])))
    assert type(parts[1].grad_fn).__name__ == "Split"


def test_tensors_can_be_referred_to_weakly():
    x = leaf(1.0)
    gone = weakref.ref(x)
    assert gone() is x
    del x
    assert gone() is None


def test_a_cycle_through_an_operator_is_collected():
    class Holder(Operator):
        def forward(self, x):
            return x.copy()

        def backward(self, g):
            return g

    y = Holder().apply(leaf(1.0))
    y.grad_fn.output = y
    gone = weakref.ref(y)
    del y
    gc.collect()
    assert gone() is None


def test_a_deep_graph_is_freed_without_recursion():
    y = leaf(1.0)
    for _ in range(200_000):
        y = y + 1.0
    del y


def test_tensors_of_what_is_no_array_are_refused():
    with pytest.raises(TypeError):
        Scale(2.0).apply(np.ones(2))


def test_results_are_tensors_whatever_forward_returns():
    class Total(Operator):
        def forward(self, x):
            return x.sum()

        def backward(self, g):
            return np.ones(2) * g

    y = Total().apply(leaf(1.0, 2.0))
    assert type(y) is ek.Tensor
    assert type(y.numpy()) is np.ndarray
    assert y.shape == ()


def test_the_first_gradient_becomes_the_leaf_s_without_a_copy():
    made = []

    class Spy(Operator):
        def forward(self, x):
            return x.copy()

        def backward(self, g):
            made.append(g + 1)
            return made[-1]

    x = leaf(1.0, 2.0)
    Spy().apply(x).backward(np.ones(2))
    assert x.grad.numpy() is made[0]


def test_summing_gradients_spoils_none_that_others_hold():
    """Each way a gradient can be shared: handed on, viewed, wanted, the caller's own."""
    x = leaf(1.0, 2.0, 3.0)
    start = np.ones(3)
    a = x * 2.0
    b = a + a.exp()
    c = b.reshape(3, 1).reshape(3) + b
    by_c, gb, ga, gx = grad([c], [c, b, a, x], [start])
    assert start.tolist() == [1.0, 1.0, 1.0]
    assert by_c.tolist() == [1.0, 1.0, 1.0]
    assert gb.tolist() == [2.0, 2.0, 2.0]
    np.testing.assert_allclose(ga, 2 + 2 * np.exp(a.detach().numpy()))
    np.testing.assert_allclose(gx, 2 * ga.numpy())


def test_an_output_s_gradient_that_is_handed_on_is_not_summed_into():
    class Both(Operator):
        outputs = 2

        def forward(self, x, y):
            return x.copy(), y.copy()

        def backward(self, grads):
            return tuple(grads)

    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    p, q = x * 2.0, y * 3.0
    first, second = Both().apply_many(p, q)
    shared = first + second
    total = shared + p * p + q * q
    total.backward(np.ones(2))
    np.testing.assert_allclose(x.grad, 2 * (1 + 2 * p.detach().numpy()))
    np.testing.assert_allclose(y.grad, 3 * (1 + 2 * q.detach().numpy()))


def test_recording_is_a_flag_of_each_thread():
    from threading import Thread

    seen = []
    with ek.no_grad():
        thread = Thread(target=lambda: seen.append(ek.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_many_operators_arrive_in_any_order():
    """The heap of operators hands out the youngest first whatever the order of arrival."""
    source = np.random.default_rng(0)
    x = leaf(1.0)
    layer = [x * float(i) for i in range(50)]
    for _ in range(5):
        chosen = source.permutation(50)
        layer = [layer[i] + layer[j] for i, j in zip(chosen, chosen[::-1], strict=True)]
    total = layer[0]
    for i in source.permutation(49) + 1:
        total = total + layer[i]
    total.backward()
    assert x.grad.item() == 2**5 * sum(range(50))
