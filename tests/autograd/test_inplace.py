"""Changes in place: values, versions, the graph, refusals."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import gradcheck


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("add", (2.0,)),
        ("sub", (2.0,)),
        ("mul", (2.0,)),
        ("div", (2.0,)),
        ("pow", (3,)),
        ("clamp", (0.6, 1.2)),
        ("exp", ()),
        ("sqrt", ()),
        ("neg", ()),
        ("round", ()),
    ],
)
def test_the_underscore_forms_equal_the_plain_ones(name, arguments):
    x = ek.tensor([0.5, 1.0, 1.5])
    expected = getattr(x, name)(*arguments)
    memory = x.numpy()
    assert getattr(x, f"{name}_")(*arguments) is x
    assert x.numpy() is memory
    assert ek.equal(x, expected)


def test_operators_with_equals_signs():
    x = ek.ones(2)
    alias = x
    x += 1
    x *= 3
    x -= 2
    x /= 2
    assert alias is x
    assert x.tolist() == [2.0, 2.0]


def test_filling():
    x = ek.zeros(2, 2)
    assert x.fill_(3).tolist() == [[3.0, 3.0]] * 2
    assert x.zero_().tolist() == [[0.0, 0.0]] * 2
    assert x.copy_(ek.tensor([1, 2])).tolist() == [[1.0, 2.0]] * 2
    generator = np.random.default_rng(0)
    assert (x.uniform_(2, 3, generator=generator) >= 2).all()
    assert float(ek.zeros(1000).normal_(5, 0.1, generator=generator).mean()) == pytest.approx(
        5, 0.01
    )


def test_assignment_by_index():
    x = ek.zeros(3, 2)
    x[0] = 1
    x[1:, 0] = ek.tensor([2, 3])
    x[[2], 1] = 4
    x[x == 0] = -1
    assert x.tolist() == [[1, 1], [2, -1], [3, 4]]
    with pytest.raises(IndexError):
        x[3] = 1


def test_gradients_flow_through_assignment():
    x = ek.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    v = ek.tensor(np.ones(2), requires_grad=True)

    def function(x, v):
        y = x * 1
        y[:, 1] = v * v
        y[0] = y[1] * 2
        return y * y

    assert gradcheck(function, (x, v))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda y, x: y.mul_(x), lambda x: 4 * x),
        (lambda y, x: y.div_(4), lambda x: 0.5 + 0 * x),
        (lambda y, x: y.pow_(2), lambda x: 8 * x),
        (lambda y, x: y.clamp_(max=5.0), lambda x: 2.0 * (2 * x <= 5)),
        (lambda y, x: y.exp_().add_(y), lambda x: 4 * np.exp(2 * x)),
    ],
)
def test_changes_keep_the_values_that_their_gradients_need(change, expected):
    x = ek.tensor([1.0, 2.0, 3.0], dtype=np.float64, requires_grad=True)
    y = x * 2
    change(y, x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, expected(x.numpy()))


def test_a_plain_tensor_times_a_variable_keeps_its_values_for_the_gradient():
    x = ek.tensor([1.0, 2.0], requires_grad=True)
    y = ek.tensor([3.0, 4.0])
    y *= x
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_a_change_still_spoils_what_others_saved():
    x = ek.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y * x
    y += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        z.sum().backward()


def test_assignment_makes_a_plain_tensor_part_of_the_graph():
    y = ek.zeros(3)
    x = ek.ones(2, requires_grad=True)
    y[1:] = x * 3
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_change_raises_the_version_of_all_views():
    x = ek.ones(2, 2)
    w = ek.ones(2, 2, requires_grad=True)
    row = x[0]
    y = (x * w).sum()
    row.zero_()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_copy_does_not_share_its_version():
    x = ek.ones(2, 2)
    w = ek.ones(4, requires_grad=True)
    y = (x.mT.reshape(4) * w).sum()
    x.zero_()
    y.backward()
    assert w.grad.tolist() == [1.0] * 4


def test_changes_that_do_not_fit_are_refused():
    x = ek.ones(2)
    with pytest.raises(RuntimeError, match="shape"):
        x += ek.ones(3, 2)
    i = ek.tensor([1, 2])
    with pytest.raises(RuntimeError, match="float32"):
        i += 0.5
    assert i.tolist() == [1, 2]


def test_increment_version_announces_foreign_changes():
    w = ek.ones(2, requires_grad=True)
    y = (w * w).sum()
    w.numpy()[:] = 5
    ek.autograd.increment_version(w)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()
