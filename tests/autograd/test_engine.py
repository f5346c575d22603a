"""The backward engine: order, accumulation, freeing, errors, deep and wide graphs."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import grad


def leaf(*values):
    return ek.tensor(np.array(values, np.float64), requires_grad=True)


def test_a_value_used_twice_receives_the_sum():
    x = leaf(3.0)
    y = x * x
    (y * y + y).sum().backward()
    assert x.grad.item() == 4 * 27 + 6


def test_gradients_accumulate_in_place_over_calls():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    assert x.grad.tolist() == [5.0, 5.0]


def test_the_gradients_of_two_leaves_do_not_share_memory():
    a, b = leaf(1.0), leaf(2.0)
    c = a + b
    c.backward(np.ones(1))
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())
    c = a + b
    c.backward(np.ones(1))
    assert (a.grad.item(), b.grad.item()) == (2.0, 2.0)


def test_the_gradient_handed_in_is_not_taken():
    x = leaf(1.0, 2.0)
    start = np.ones(2)
    x.backward(start)
    x.backward(start)
    assert x.grad.tolist() == [2.0, 2.0]
    assert start.tolist() == [1.0, 1.0]


def test_a_long_chain_needs_no_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y


def test_a_graph_of_exponentially_many_paths_is_walked_once():
    x = leaf(1.0)
    y = x
    for _ in range(64):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**64


def test_a_second_backward_says_what_to_do():
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        grad(y, x)


def test_retain_graph_allows_a_second_backward():
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8.0


def test_backward_frees_what_was_saved():
    x = leaf(2.0)
    y = x.exp()
    node = y.grad_fn
    y.backward()
    assert node.saved is None
    assert node.sources == ()


def test_a_saved_value_changed_in_place_is_noticed():
    x = leaf(1.0, 2.0)
    y = x.exp()
    z = y * 2.0
    with ek.no_grad():
        y.mul_(2.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.sum().backward()


def test_a_saved_value_changed_through_a_view_is_noticed():
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    with ek.no_grad():
        w[:1] += 1.0
    with pytest.raises(RuntimeError, match="Mul saved"):
        y.backward()


def test_a_leaf_may_be_changed_only_outside_the_graph():
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="no_grad"):
        x += 1.0
    with ek.no_grad():
        x += 1.0
    assert x.item() == 2.0
    assert x.requires_grad
    assert x.is_leaf


def test_a_result_changed_in_place_keeps_its_gradient():
    x = leaf(1.0, 2.0)
    y = x * 3.0
    y += x
    y[0] = 7.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 4.0]


def test_a_result_with_views_refuses_changes_in_the_graph():
    y = leaf(1.0, 2.0) * 2.0
    view = y[:1]
    with pytest.raises(RuntimeError, match="views"):
        y += 1.0
    with pytest.raises(RuntimeError, match="views"):
        view += 1.0
    assert y.tolist() == [2.0, 4.0]


def test_a_view_that_outlived_its_base_may_be_changed():
    x = leaf(1.0, 2.0)
    y = (x * 2.0).reshape(2, 1)
    y += 1.0
    y *= 3.0
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_grad_leaves_grad_alone_and_prunes():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    (gy,) = grad(y, x)
    assert gy.item() == 3.0
    assert x.grad is None
    assert w.grad is None


def test_grad_computes_only_what_is_asked_for():
    x, w = leaf(2.0), leaf(3.0)
    asked = []

    class Spy(ek.autograd.Operator):
        __slots__ = ()

        def forward(self, a, b):
            return a * b

        def backward(self, g):
            asked.append(self.needs)
            return g, g

    y = Spy().apply(x, w)
    grad(y, w, retain_graph=True)
    y.backward()
    assert asked == [(False, True), (True, True)]


def test_grad_by_a_result_of_an_operator():
    x = leaf(2.0)
    y = x * x
    z = y * y * x
    gy, gx = grad(z, [y, x])
    assert gy.item() == 2 * 4 * 2
    assert gx.item() == 5 * 2**4


def test_grad_of_unused_inputs():
    x, unused = leaf(2.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        grad(x * x, [x, unused])
    assert grad(x * x, [x, unused], allow_unused=True)[1] is None
    assert grad(x * x, [x, unused], materialize_grads=True)[1].item() == 0.0
    with pytest.raises(RuntimeError, match="does not require"):
        grad(x * x, ek.ones(1))


def test_higher_derivatives():
    x = leaf(2.0)
    y = x**5
    for expected in (5 * 16, 20 * 8, 60 * 4, 120 * 2, 120):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected)


def test_create_graph_gradients_are_part_of_the_graph():
    x = leaf(3.0)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    (second,) = grad(x.grad, x)
    assert second.item() == pytest.approx(18.0)


def test_backward_with_inputs_touches_only_those():
    x, w = leaf(2.0), leaf(3.0)
    (x * w).backward(inputs=[x])
    assert x.grad.item() == 3.0
    assert w.grad is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: (x * 2.0).backward(), "gradient: needed"),
        (lambda x: (x * 2.0).backward(np.ones(3)), r"expected shape \(2,\)"),
        (lambda x: x.detach().sum().backward(), "does not require"),
    ],
)
def test_refusals_name_what_is_wrong(call, message):
    with pytest.raises(RuntimeError, match=message):
        call(leaf(1.0, 2.0))


def test_nothing_is_recorded_without_grad():
    x = leaf(1.0)
    with ek.no_grad():
        assert (x * 2.0).is_leaf
        with ek.enable_grad():
            assert (x * 2.0).requires_grad
        assert not ek.is_grad_enabled()
    assert ek.is_grad_enabled()


def test_the_mode_switches_are_decorators():
    @ek.no_grad()
    def evaluate(x):
        return x * 2.0

    assert not evaluate(leaf(1.0)).requires_grad
    assert evaluate.__name__ == "evaluate"

    @ek.set_grad_enabled(False)
    def other(x):
        return x * 2.0

    assert ek.is_grad_enabled()
    assert not other(leaf(1.0)).requires_grad


def test_set_grad_enabled_works_at_once_and_as_a_block():
    try:
        ek.set_grad_enabled(False)
        assert not ek.is_grad_enabled()
        with ek.set_grad_enabled(True):
            assert ek.is_grad_enabled()
        assert not ek.is_grad_enabled()
    finally:
        ek.set_grad_enabled(True)


def test_an_array_on_the_left_keeps_the_graph():
    x = leaf(1.0, 2.0)
    y = np.array([3.0, 4.0]) * x
    assert isinstance(y, ek.Tensor)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_unused_outputs_count_as_zero():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    first, _, last = x.split([1, 2, 1])
    (first * 2 + last * 3).sum().backward()
    assert x.grad.tolist() == [2.0, 0.0, 0.0, 3.0]


def test_no_cycles_keep_activations_alive():
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0)
        y = x.exp()
        gone = weakref.ref(y)
        z = y.tanh() if hasattr(y, "tanh") else y.exp()
        del y, z
        assert gone() is None
    finally:
        gc.enable()


def test_an_operator_without_slots_can_be_pruned():
    class Plain(ek.autograd.Operator):
        def __init__(self, factor):
            self.factor = factor

        def forward(self, a, b):
            return a + self.factor * b

        def backward(self, g):
            return g if self.needs[0] else None, g * self.factor if self.needs[1] else None

    x, w = leaf(2.0), leaf(3.0)
    assert grad(Plain(5.0).apply(x, w), w)[0].item() == 5.0


def test_threads_record_and_differentiate_independently():
    from concurrent.futures import ThreadPoolExecutor

    w = leaf(*np.linspace(-1, 1, 50))

    def job(i):
        with ek.set_grad_enabled(i % 2 == 0):
            y = (w * float(i)).exp().sum()
            return y.requires_grad and grad(y, w)[0].numpy()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(job, range(64)))
    for i, g in enumerate(found):
        if i % 2:
            assert g is False
        else:
            np.testing.assert_allclose(g, i * np.exp(w.numpy() * i))
    assert ek.is_grad_enabled()


def test_gradients_by_several_outputs_and_targets():
    x = leaf(1.0, 2.0, 3.0)
    a, b = x.split([1, 2])
    y = a * b
    ga, gb, gx = grad([y, a], [a, b, x], [np.array([1.0, 1.0]), np.array([10.0])])
    assert ga.tolist() == [2.0 + 3.0 + 10.0]
    assert gb.tolist() == [1.0, 1.0]
    assert gx.tolist() == [15.0, 1.0, 1.0]


def test_backward_works_while_recording_is_off():
    x = leaf(2.0)
    y = x * x
    with ek.no_grad():
        y.backward()
    assert x.grad.item() == 4.0


def test_the_only_part_of_a_split_can_be_a_target():
    x = leaf(1.0, 2.0)
    (part,) = x.split(2)
    (g,) = grad((part * part).sum(), part)
    assert g.tolist() == [2.0, 4.0]


def test_a_pruned_pass_frees_what_was_saved():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    grad(y, w)
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        grad(y, x)
