"""Neighbours computed as one: same results and gradients, and only where nobody can tell."""

import copy
import pickle

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.autograd import grad, gradcheck, gradgradcheck
from einkorn.nn.fusion import activated_sum

FIRST = {
    "linear": (lambda: nn.Linear(6, 4), (3, 6)),
    "linear without bias": (lambda: nn.Linear(6, 4, bias=False), (2, 3, 6)),
    "linear on a vector": (lambda: nn.Linear(6, 4), (6,)),
    "conv": (lambda: nn.Conv2d(2, 4, 3, padding=1), (2, 2, 5, 6)),
    "conv without bias": (lambda: nn.Conv2d(2, 4, 2, stride=2, bias=False), (2, 2, 6, 6)),
    "conv as large as its input": (lambda: nn.Conv2d(2, 4, (5, 6)), (3, 2, 5, 6)),
    "conv of one image": (lambda: nn.Conv2d(2, 4, 3, groups=2), (2, 5, 5)),
    "reflected border": (
        lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"),
        (1, 2, 4, 4),
    ),
    "same": (lambda: nn.Conv2d(2, 3, 2, padding="same"), (1, 2, 4, 4)),
    "transposed": (lambda: nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1), (2, 2, 3, 4)),
    "transposed, one image": (lambda: nn.ConvTranspose2d(2, 3, 3), (2, 3, 3)),
}
NORMS = {
    "batch norm": (lambda: nn.BatchNorm2d(3), (4, 3, 5, 6)),
    "batch norm of rows": (lambda: nn.BatchNorm1d(3), (7, 3)),
    "batch norm of volumes": (lambda: nn.BatchNorm3d(3), (2, 3, 2, 3, 4)),
    "batch norm in use": (lambda: nn.BatchNorm2d(3).eval(), (4, 3, 5, 6)),
    "batch norm alone": (lambda: nn.BatchNorm2d(3, affine=False), (4, 3, 5, 6)),
}
SECOND = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def operators_behind(tensor):
    """Names of the operators that made a tensor, the last first."""
    names, waiting = [], [tensor.grad_fn]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ek.autograd.Operator):
            names.append(type(node).__name__)
            waiting += [source for source in node.sources if source is not None]
    return names


def pair(first, second, dtype):
    make, shape = FIRST[first]
    net = nn.Sequential(make(), SECOND[second]()).to(dtype)
    x = ek.tensor(np.random.default_rng(0).standard_normal(shape).astype(dtype), requires_grad=True)
    return net, x


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_a_pair_has_the_results_and_gradients_of_its_parts(first, second, dtype):
    net, x = pair(first, second, dtype)
    fused, apart = net(x), net[1](net[0](x))
    assert len(operators_behind(fused)) == len(operators_behind(apart)) - 1
    start = np.random.default_rng(1).standard_normal(fused.shape).astype(dtype)
    variables = [x, *net.parameters()]
    rtol = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(fused.detach(), apart.detach(), rtol, rtol)
    for a, b in zip(grad(fused, variables, start), grad(apart, variables, start), strict=True):
        np.testing.assert_allclose(a, b, rtol, rtol)


POOLED = {
    "conv": lambda: nn.Conv2d(2, 3, 3, padding=1),
    "transposed": lambda: nn.ConvTranspose2d(2, 3, 3, padding=1),
    "normalised": lambda: nn.BatchNorm2d(2),
    "nothing": nn.Identity,
}
WINDOWS = {"apart": (2,), "overlapping": (3, 2, 1), "dilated": (2, 1, 0, 2)}


@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize("first", POOLED)
def test_relu_and_max_pooling_change_places_unseen(first, windows):
    layer, relu, pool = POOLED[first](), nn.ReLU(), nn.MaxPool2d(*WINDOWS[windows])
    net = nn.Sequential(layer, relu, pool)
    values = np.random.default_rng(0).standard_normal((3, 2, 7, 6)).astype(np.float32)
    values[0, 0, 2:6, 1:4] = -1, np.nan, -2
    values[1] = -abs(values[1])
    x = ek.tensor(values, requires_grad=True)
    swapped, apart = net(x), pool(relu(layer(x)))
    assert operators_behind(swapped)[:2] == ["ReLU", "CodedMaxPool2d"]
    np.testing.assert_array_equal(swapped.detach(), apart.detach())
    start = np.random.default_rng(1).standard_normal(swapped.shape).astype(np.float32)
    variables = [x, *net.parameters()]
    for a, b in zip(grad(swapped, variables, start), grad(apart, variables, start), strict=True):
        np.testing.assert_array_equal(a, b)
    with ek.no_grad():
        np.testing.assert_array_equal(net(x), apart.detach())


def test_max_pooling_that_tells_where_comes_after_relu():
    x = ek.tensor(-np.arange(16.0).reshape(1, 1, 4, 4))
    relu, pool = nn.ReLU(), nn.MaxPool2d(2, return_indices=True)
    for a, b in zip(nn.Sequential(relu, pool)(x), pool(relu(x)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_both_backwards_of_a_pair_agree(first, second):
    net, x = pair(first, second, np.float64)
    y = net(x)
    start = np.random.default_rng(1).standard_normal(y.shape)
    variables = [x, *net.parameters()]
    composed = grad(y, variables, start, create_graph=True)
    for a, b in zip(composed, grad(y, variables, start), strict=True):
        np.testing.assert_allclose(a.detach(), b, 1e-9, 1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", NORMS)
def test_a_normalisation_and_its_relu_are_one_operator(first, dtype):
    """To the last bit, running statistics included; and both backwards agree."""
    make, shape = NORMS[first]
    rng = np.random.default_rng(0)
    pairs = [nn.Sequential(make(), nn.ReLU()).to(dtype) for _ in range(2)]
    for p in pairs[0].parameters():
        p.data[...] = rng.standard_normal(p.shape)
    pairs[1].load_state_dict(pairs[0].state_dict())
    values = rng.standard_normal(shape).astype(dtype)
    x = [ek.tensor(values, requires_grad=True) for _ in pairs]
    fused, apart = pairs[0](x[0]), pairs[1][1](pairs[1][0](x[1]))
    assert operators_behind(fused) == ["BatchNorm"]
    np.testing.assert_array_equal(fused.detach(), apart.detach())
    start = rng.standard_normal(shape).astype(dtype)
    kept = [x[0], *pairs[0].parameters()]
    composed = grad(fused, kept, start, create_graph=True)
    ours = grad(fused, kept, start)
    theirs = grad(apart, [x[1], *pairs[1].parameters()], start)
    for a, b, c in zip(ours, theirs, composed, strict=True):
        np.testing.assert_array_equal(a, b)
        tolerance = 1e-4 if dtype == np.float32 else 1e-9
        np.testing.assert_allclose(a, c.detach(), tolerance, tolerance)
    for name, buffer in pairs[0].named_buffers():
        np.testing.assert_array_equal(buffer, dict(pairs[1].named_buffers())[name])


@pytest.mark.parametrize("second", ["sigmoid", "tanh"])
@pytest.mark.parametrize("first", ["linear", "conv", "transposed"])
def test_derivatives_of_a_pair(first, second):
    net, x = pair(first, second, np.float64)

    def function(x, *parameters):
        for name, value in zip(("weight", "bias"), parameters, strict=True):
            net[0].__dict__[name] = value
        return net(x)

    variables = [x, *net.parameters()]
    assert gradcheck(function, variables)
    assert gradgradcheck(function, variables)


def test_a_saved_output_changed_in_place_is_noticed():
    net, x = pair("linear", "tanh", np.float64)
    y = net(x)
    with ek.no_grad():
        y.mul_(2.0)
    with pytest.raises(RuntimeError, match="Linear saved"):
        y.sum().backward()


def test_new_values_of_parameters_and_new_parameters_count():
    net, x = pair("linear", "relu", np.float64)
    net(x)
    net[0].weight = nn.Parameter(np.ones((4, 6)))
    nn.init.zeros_(net[0].bias)
    expected = np.maximum(x.detach().numpy().sum(1, keepdims=True), 0) * np.ones(4)
    np.testing.assert_allclose(net(x).detach(), expected)


def test_hooks_see_what_goes_between():
    net, x = pair("linear", "tanh", np.float64)
    assert operators_behind(net(x)) == ["Linear"]
    seen = []
    for module in (net[0], net[1]):
        handle = module.register_forward_hook(lambda module, args, output: seen.append(output))
        y = net(x)
        np.testing.assert_allclose(
            seen[-1].detach(), (y if module is net[1] else net[0](x)).detach()
        )
        assert operators_behind(y) == ["Tanh", "Linear"]
        handle.remove()
        assert operators_behind(net(x)) == ["Linear"]
    with net[0].register_forward_pre_hook(lambda module, args: (args[0] * 0,)):
        np.testing.assert_allclose(net(x).detach()[0], net[0].bias.tanh().detach())


def change_module(net):
    net[1] = nn.ReLU()


def remove_module(net):
    del net[1]


def change_forward(net):
    net[1].forward = nn.functional.relu


def change_class(net):
    net[1].__class__ = nn.ReLU


def insert_module(net):
    net.insert(1, nn.ReLU())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_module, lambda h: np.maximum(h, 0)),
        (remove_module, lambda h: h),
        (change_forward, lambda h: np.maximum(h, 0)),
        (change_class, lambda h: np.maximum(h, 0)),
        (insert_module, lambda h: np.tanh(np.maximum(h, 0))),
    ],
)
def test_a_change_of_the_structure_is_noticed(change, expected):
    net, x = pair("linear", "tanh", np.float64)
    net(x)
    change(net)
    np.testing.assert_allclose(net(x).detach(), expected(net[0](x).detach().numpy()))


def test_a_lazy_layer_is_joined_once_it_has_its_sizes():
    net = nn.Sequential(nn.LazyLinear(3), nn.Tanh())
    x = np.ones((2, 5), np.float32)
    assert operators_behind(net(x)) == ["Tanh", "Linear"]
    assert operators_behind(net(x)) == ["Linear"]


def test_subclasses_are_left_alone():
    class Doubling(nn.Linear):
        def forward(self, input):
            return super().forward(input) * 2

    class Shifted(nn.ReLU):
        def forward(self, input):
            return super().forward(input) + 1

    class Counting(nn.Linear):
        calls = 0

        def __call__(self, *args):
            self.calls += 1
            return super().__call__(*args)

    x = ek.ones(2, 6)
    net = nn.Sequential(Doubling(6, 4), nn.ReLU())
    np.testing.assert_array_equal(net(x).detach(), net[0](x).relu().detach())
    net = nn.Sequential(nn.Linear(6, 4), Shifted())
    np.testing.assert_array_equal(net(x).detach(), (net[0](x).relu() + 1).detach())
    net = nn.Sequential(Counting(6, 4), nn.ReLU())
    net(x)
    assert net[0].calls == 1


def test_a_sum_and_its_relu_are_one_operator():
    source = np.random.default_rng(0)
    x, y = (ek.tensor(source.standard_normal((2, 3, 4)), requires_grad=True) for _ in range(2))
    relu, start = nn.ReLU(), source.standard_normal((2, 3, 4))
    joined, apart = activated_sum(x, y, relu), relu(x + y)
    assert operators_behind(joined)[0] == "AddReLU"
    np.testing.assert_array_equal(joined.detach(), apart.detach())
    expected = grad(apart, [x, y], start)
    for create_graph in (False, True):
        for a, b in zip(grad(joined, [x, y], start, True, create_graph), expected, strict=True):
            np.testing.assert_array_equal(a.detach(), b)
    seen = []
    with relu.register_forward_hook(lambda module, args, output: seen.append(output)):
        assert activated_sum(x, y, relu) is seen[0]
    wide = ek.ones(3, 1)
    np.testing.assert_array_equal(activated_sum(x, wide, relu).detach(), relu(x + wide).detach())
    assert operators_behind(activated_sum(x, y, nn.Tanh()))[0] == "Tanh"


def test_gradients_of_a_rectified_sum_do_not_spoil_each_other():
    """Both operands receive one array, and each of them has another reader."""
    source = np.random.default_rng(0)
    leaves = [ek.tensor(source.standard_normal(5), requires_grad=True) for _ in range(2)]
    relu = nn.ReLU()

    def total(add):
        a, b = leaves[0] * 2.0, leaves[1] * 3.0
        return (add(a, b) + a.exp() + b * b).sum()

    joined = grad(total(lambda a, b: activated_sum(a, b, relu)), leaves)
    for a, b in zip(joined, grad(total(lambda a, b: relu(a + b)), leaves), strict=True):
        np.testing.assert_array_equal(a, b)


def test_copies_look_for_pairs_anew():
    net, x = pair("linear", "tanh", np.float64)
    expected = net(x).detach().numpy()
    for copied in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(copied(x).detach(), expected)
        copied[1] = nn.Identity()
        np.testing.assert_array_equal(copied(x).detach(), net[0](x).detach())
    np.testing.assert_array_equal(net(x).detach(), expected)


def test_arrays_and_other_values_pass_through_a_sequence():
    class Both(nn.Module):
        def forward(self, x):
            return x, x

    class Sum(nn.Module):
        def forward(self, pair):
            return pair[0] + pair[1]

    net = nn.Sequential(Both(), Sum(), nn.Linear(2, 1), nn.ReLU())
    assert net(np.ones((3, 2))).shape == (3, 1)
    table = nn.Sequential(nn.Embedding(5, 2), nn.Tanh())
    assert table(np.array([1, 2])).shape == (2, 2)
