"""The machinery of `Module`: registration, traversal, state, conversion, hooks, text."""

import copy

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import Tensor, as_tensor, tensor


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.scale = nn.Parameter(np.ones(4, np.float32))
        self.second = nn.Sequential(nn.Tanh(), nn.Linear(4, 2, bias=False))
        self.register_buffer("count", np.zeros((), np.int64))
        self.register_buffer("cache", np.zeros(2, np.float32), persistent=False)

    def forward(self, x):
        return self.second(self.first(x) * self.scale)


NAMES = ["scale", "first.weight", "first.bias", "second.1.weight"]


def test_names_come_in_pytorch_s_order():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert list(net.state_dict()) == ["scale", "count", *NAMES[1:]]
    assert [name for name, _ in net.named_buffers()] == ["count", "cache"]
    assert [name for name, _ in net.named_modules()] == [
        "",
        "first",
        "second",
        "second.0",
        "second.1",
    ]
    assert [name for name, _ in net.named_children()] == ["first", "second"]
    assert [name for name, _ in net.named_parameters(prefix="net", recurse=False)] == ["net.scale"]


def test_shared_modules_and_parameters_come_once():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(list(net.parameters())) == 2
    assert len(list(net.modules())) == 3
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_attributes_and_registries_agree():
    net = Net()
    replacement = nn.Parameter(np.zeros(4, np.float32))
    net.scale = replacement
    assert net.get_parameter("scale") is replacement
    net.scale = None
    assert net.scale is None
    assert "scale" not in dict(net.named_parameters())
    del net.first
    assert not hasattr(net, "first")
    assert "first" not in dict(net.named_children())
    net.count = np.ones((), np.int64)
    assert isinstance(net.count, Tensor)
    assert net.get_buffer("count") is net.count


def test_a_name_can_change_its_kind():
    net = Net()
    net.first = nn.Parameter(np.zeros(1))
    assert "first" not in dict(net.named_children())
    assert net.get_parameter("first") is net.first


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda net: setattr(net, "scale", np.zeros(4)), TypeError, "a ndarray as parameter"),
        (lambda net: setattr(net, "first", 3), TypeError, "a int as module 'first'"),
        (lambda net: setattr(net, "count", "x"), TypeError, "buffer 'count' must be"),
        (lambda net: net.register_parameter("a.b", None), KeyError, "contain '.'"),
        (lambda net: net.register_parameter("", None), KeyError, "must not be empty"),
        (lambda net: net.register_buffer("forward", None), KeyError, "already exists"),
        (lambda net: net.register_parameter("p", tensor([1.0])), TypeError, "got Tensor"),
        (lambda net: net.add_module("m", 3), TypeError, "must be a Module or None, got int"),
        (lambda net: net.add_module(3, None), TypeError, "name must be a str"),
        (lambda net: net.get_submodule("second.7"), AttributeError, "has no module '7'"),
        (lambda net: net.get_parameter("first.w"), AttributeError, "has no parameter 'w'"),
        (lambda net: net.train("yes"), ValueError, "mode must be a bool"),
        (lambda net: net.to(np.int64), TypeError, "floating-point, got int64"),
        (lambda net: net.to(colour="red"), TypeError, "argument 'colour'"),
        (lambda net: nn.Module()(1), NotImplementedError, "Module defines no forward"),
    ],
)
def test_misuse_is_refused(act, error, message):
    with pytest.raises(error, match=message):
        act(Net())


def test_assignment_before_init_is_refused():
    class Early(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\) before assigning 'layer'"):
        Early()


def test_mode_and_gradients():
    net = Net()
    net.eval()
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())
    net(np.ones((2, 3))).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all((parameter.grad.numpy() == 0).all() for parameter in net.parameters())
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())
    net.requires_grad_(False)
    assert not net(np.ones((2, 3))).requires_grad


def test_apply_visits_children_first():
    visited = []
    net = Net()
    net.apply(visited.append)
    assert visited == [net.first, net.second[0], net.second[1], net.second, net]


def test_arrays_are_cast_and_tensors_are_not():
    net = Net()
    assert net(np.ones((2, 3), np.float64)).dtype == np.float32
    assert net.double()(np.ones((2, 3), np.float32)).dtype == np.float64
    assert net.first(np.ones((2, 3), np.int64)).dtype == np.float64
    assert net(x=np.ones((2, 3), np.float32)).dtype == np.float64
    with pytest.raises((TypeError, RuntimeError, ValueError), match="float32"):
        net(as_tensor(np.ones((2, 3), np.float32)))


@pytest.mark.parametrize(
    "convert",
    [
        lambda net: net.double(),
        lambda net: net.to(np.float64),
        lambda net: net.to("cpu", np.float64),
        lambda net: net.to(dtype="float64"),
        lambda net: net.to(as_tensor(np.zeros(1))),
    ],
)
def test_conversion_keeps_parameters_and_integers(convert):
    net = Net()
    net(np.ones((2, 3))).sum().backward()
    before = dict(net.named_parameters())
    assert convert(net) is net
    for name, parameter in net.named_parameters():
        assert parameter is before[name]
        assert parameter.dtype == np.float64
        assert parameter.grad.dtype == np.float64
    assert net.cache.dtype == np.float64
    assert net.count.dtype == np.int64
    assert net.float().scale.dtype == np.float32
    assert net.cpu() is net


def test_deep_copies_are_independent_and_complete():
    net = Net()
    net.register_forward_hook(lambda module, args, output: None)
    other = copy.deepcopy(net)
    other.scale.numpy()[...] = 5
    assert (net.scale.numpy() == 1).all()
    assert other.get_parameter("scale") is other.scale
    assert other.first is dict(other.named_children())["first"]
    assert list(other.state_dict()) == list(net.state_dict())
    assert other._call_hooks[0] is not net._call_hooks[0]


def test_deep_copies_keep_sharing():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    other = copy.deepcopy(net)
    assert other[1].weight is other[0].weight is not net[0].weight


# State


def test_state_shares_memory_and_loads():
    net, other = Net(), Net()
    state = net.state_dict()
    assert not state["scale"].requires_grad
    assert net.state_dict(keep_vars=True)["scale"] is net.scale
    state["scale"].numpy()[...] = 3
    assert (net.scale.numpy() == 3).all()
    result = other.load_state_dict(state)
    assert repr(result) == "<All keys matched successfully>"
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), state[name].numpy())
    assert other.scale.numpy() is not net.scale.numpy()


def test_arrays_of_other_dtypes_are_cast():
    net = Net()
    state = {name: value.numpy().astype(float) for name, value in net.state_dict().items()}
    state["count"] = np.int32(4)
    net.load_state_dict(state)
    assert net.scale.dtype == np.float32
    assert net.count.item() == 4


def test_everything_wrong_is_said_and_nothing_changed():
    net = Net()
    state = {name: value.numpy() + 1 for name, value in net.state_dict().items()}
    del state["first.bias"]
    state["extra"] = np.zeros(1)
    state["scale"] = np.zeros((4, 1), np.float32)
    state["second.1.weight"] = "text"
    state["count"] = np.zeros(())
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    for part in (
        "does not fit Net",
        "missing keys: first.bias",
        "unexpected keys: extra",
        "scale: shape (4, 1) given, (4,) expected",
        "second.1.weight: expected a Tensor or an array, got str",
        "count: dtype float64 given for int64",
    ):
        assert part in str(caught.value)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])


def test_loading_loosely_reports_keys():
    net = Net()
    result = net.load_state_dict({"scale": np.full(4, 2.0), "extra": 1}, strict=False)
    assert result.missing_keys == ["count", *NAMES[1:]]
    assert result.unexpected_keys == ["extra"]
    assert (net.scale.numpy() == 2).all()
    with pytest.raises(TypeError, match="state_dict must be a mapping, got list"):
        net.load_state_dict([])


def test_assigning_takes_dtype_and_memory():
    net = Net()
    scale = np.full(4, 2.0)
    state = net.state_dict() | {"scale": scale}
    net.load_state_dict(state, assign=True)
    assert net.scale.numpy() is scale
    assert isinstance(net.scale, nn.Parameter)
    assert net.get_parameter("scale") is net.scale


def test_loading_is_noticed_by_backward():
    net = nn.Linear(2, 2)
    loss = (net(as_tensor(np.ones((1, 2), np.float32)).requires_grad_())).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(RuntimeError, match="in place"):
        loss.backward()


# Hooks


def test_hooks_see_and_replace():
    layer = nn.Identity()
    calls = []

    def before(module, args):
        calls.append(("before", module is layer, args))
        return args[0] + 1

    def after(module, args, output):
        calls.append(("after", args, output))
        return output * 10

    handles = layer.register_forward_pre_hook(before), layer.register_forward_hook(after)
    assert layer(1) == 20
    assert calls == [("before", True, (1,)), ("after", (2,), 2)]
    for handle in handles:
        handle.remove()
        handle.remove()
    assert layer(1) == 1


def test_hooks_with_keywords_and_order():
    class Scale(nn.Module):
        def forward(self, x, by=1):
            return x * by

    layer, order = Scale(), []
    layer.register_forward_hook(lambda m, a, k, out: order.append(("last", k)), with_kwargs=True)
    layer.register_forward_hook(lambda m, a, out: order.append("first"), prepend=True)
    layer.register_forward_pre_hook(lambda m, a, k: (a, {"by": 5}), with_kwargs=True)
    assert layer(2, by=3) == 10
    assert order == ["first", ("last", {"by": 5})]


def test_hooks_called_after_a_failure():
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError

    layer, seen = Broken(), []
    layer.register_forward_hook(lambda m, a, out: seen.append("never"))
    layer.register_forward_hook(lambda m, a, out: seen.append(out), always_call=True)
    with pytest.raises(ZeroDivisionError):
        layer(1)
    assert seen == [None]


def test_a_handle_is_a_context_manager():
    layer = nn.Identity()
    with layer.register_forward_hook(lambda m, a, out: 7):
        assert layer(1) == 7
    assert layer(1) == 1


# Containers


def test_sequential_is_a_list():
    net = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
    net.append(nn.Linear(2, 3)).insert(1, nn.Tanh())
    assert [type(layer).__name__ for layer in net] == ["Linear", "Tanh", "ReLU", "Linear"]
    assert net[-1].out_features == 3
    assert list(net[1:3].state_dict()) == []
    assert isinstance(net[:2], nn.Sequential)
    del net[1]
    assert list(dict(net.named_children())) == ["0", "1", "2"]
    assert isinstance(net.pop(1), nn.ReLU)
    net[1] = nn.Linear(2, 5)
    assert net(np.ones((4, 1))).shape == (4, 5)
    assert len(net + nn.Sequential(nn.ReLU())) == 3
    net += [nn.Sigmoid()]
    assert net[2] in net
    assert len(net) == 3
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 3 modules"):
            net[index]


def test_sequential_with_names():
    from collections import OrderedDict

    net = nn.Sequential(OrderedDict(hidden=nn.Linear(1, 2), act=nn.ReLU(), out=nn.Linear(2, 1)))
    assert net.hidden is net[0]
    assert list(net.state_dict()) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    del net[1]
    assert list(dict(net.named_children())) == ["hidden", "out"]


def test_module_list():
    layers = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    layers.extend([nn.Tanh()]).insert(0, nn.Sigmoid())
    assert list(dict(layers.named_children())) == ["0", "1", "2", "3"]
    assert isinstance(layers[1:], nn.ModuleList)
    assert len(layers + [nn.ReLU()]) == 5
    del layers[:2]
    assert [type(layer).__name__ for layer in layers] == ["ReLU", "Tanh"]
    with pytest.raises(TypeError, match="must be a Module, got int"):
        layers.insert(0, 3)
    with pytest.raises(IndexError, match="index 9"):
        layers.insert(9, nn.ReLU())


def test_module_dict():
    layers = nn.ModuleDict({"a": nn.Linear(1, 1)})
    layers["b"] = nn.ReLU()
    layers.update([("c", nn.Tanh())])
    assert list(layers) == list(layers.keys()) == ["a", "b", "c"]
    assert "b" in layers
    assert len(layers) == 3
    assert list(layers.state_dict()) == ["a.weight", "a.bias"]
    assert isinstance(layers.pop("b"), nn.ReLU)
    del layers["a"]
    assert [name for name, _ in layers.items()] == ["c"]
    layers.clear()
    assert list(layers.values()) == []
    with pytest.raises(KeyError, match="already exists"):
        layers["keys"] = nn.ReLU()


# Lazy


def test_lazy_layers_take_their_shape_from_state_too():
    lazy, state = nn.LazyLinear(2), nn.Linear(3, 2).state_dict()
    with pytest.raises(RuntimeError, match="no shape yet"):
        lazy.weight.shape  # noqa: B018
    lazy.load_state_dict(state)
    assert lazy(np.ones((1, 3))).shape == (1, 2)
    assert type(lazy) is nn.Linear
    assert type(lazy.weight) is nn.Parameter
    assert repr(lazy) == "Linear(in_features=3, out_features=2, bias=True)"


def test_lazy_layers_have_no_state_to_save():
    with pytest.raises(RuntimeError, match="'1.weight' has no shape yet"):
        nn.Sequential(nn.ReLU(), nn.LazyLinear(2)).state_dict()


def test_lazy_layers_draw_like_linear():
    layer = nn.LazyLinear(50)
    layer(np.ones((1, 400)))
    assert np.abs(layer.weight.numpy()).max() <= 1 / 20
    assert np.abs(layer.weight.numpy()).max() > 0.9 / 20


def test_parameters_copy_arrays_and_share_tensors():
    array = np.zeros(2)
    nn.Parameter(array).numpy()[...] = 1
    assert (array == 0).all()
    shared = as_tensor(array)
    nn.Parameter(shared).numpy()[...] = 1
    assert (array == 1).all()
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(np.zeros(2, np.int64))
    assert repr(nn.Parameter(np.zeros(1, np.float32))).startswith("Parameter containing:\ntensor(")
