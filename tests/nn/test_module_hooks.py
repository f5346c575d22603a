"""Hooks around gradients and state, of one module and of all, as PyTorch's."""

import copy
import warnings

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.nn.modules import module as everywhere


class Two(nn.Module):
    """Two arguments and two outputs."""

    def forward(self, a, b, scale=2.0):
        return a * b, a * scale


def seen_in(library, as_tensor, register, build):
    """What the hooks of ``build``'s module see, and the gradients that are left."""
    seen = []
    a = as_tensor(np.array([1.0, 2.0]), True)
    b = as_tensor(np.array([3.0, 5.0]), False)
    module = build(library)
    register(module, seen)
    first, second = module(a, b)
    (first.sum() + (second * second).sum()).backward()
    plain = [
        [None if x is None else np.asarray(x.detach()).tolist() for x in grads] for grads in seen
    ]
    return plain, np.asarray(a.grad).tolist()


def ours(values, requires_grad):
    return ek.tensor(values, requires_grad=requires_grad)


def make(library):
    class Module(library.Module):
        forward = Two.forward

    return Module()


def see_both(module, seen):
    module.register_full_backward_hook(lambda m, gi, go: seen.extend([gi, go]))
    module.register_full_backward_pre_hook(lambda m, go: seen.append(go))


def replace_both(module, seen):
    module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10, None))
    module.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
    module.register_full_backward_hook(lambda m, gi, go: seen.append(go), prepend=True)
    module.register_full_backward_pre_hook(lambda m, go: (go[0] * 3, go[1]))


@pytest.mark.parametrize("register", [see_both, replace_both])
def test_backward_hooks_see_and_replace_what_torchs_do(register):
    torch = pytest.importorskip("torch")

    def theirs(values, requires_grad):
        return torch.tensor(values, requires_grad=requires_grad)

    expected = seen_in(torch.nn, theirs, register, make)
    assert seen_in(nn, ours, register, make) == expected


def test_backward_hooks_by_hand():
    layer = nn.Linear(2, 1, bias=False, dtype=np.float64)
    x = ek.tensor(np.ones((1, 2)), requires_grad=True)
    seen = []
    handle = layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    net = nn.Sequential(layer, nn.Tanh())
    net(x).sum().backward()
    ((grad_input, grad_output),) = seen
    slope = 1 - np.tanh(layer.weight.numpy().sum()) ** 2
    np.testing.assert_allclose(grad_output[0].numpy(), [[slope]])
    np.testing.assert_allclose(grad_input[0].numpy(), slope * layer.weight.numpy())
    handle.remove()
    net(x).sum().backward()
    assert len(seen) == 1


def test_backward_hooks_where_no_input_needs_a_gradient():
    layer = nn.Linear(2, 1)
    seen = []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
    layer(np.ones((1, 2), np.float32)).sum().backward()
    assert seen == [(None,)]
    layer.register_full_backward_hook(lambda m, gi, go: (go[0],))
    with pytest.raises(RuntimeError, match="must return None for all"):
        layer(np.ones((1, 2), np.float32)).sum().backward()


def test_backward_hooks_must_return_a_gradient_for_each():
    layer = nn.Tanh()
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    x = ek.tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="must return 1 gradients"):
        layer(x).sum().backward()


def test_backward_hooks_take_part_in_second_derivatives():
    layer = nn.Tanh()
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    x = ek.tensor(np.array([0.3]), requires_grad=True)
    (first,) = ek.autograd.grad(layer(x).sum(), x, create_graph=True)
    (second,) = ek.autograd.grad(first.sum(), x)
    y = np.tanh(0.3)
    assert first.item() == pytest.approx(2 * (1 - y * y))
    # 2 d/dx (1 - y^2)
    assert second.item() == pytest.approx(-4 * y * (1 - y * y))


def test_hooks_of_all_modules_come_first_and_go():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    order = []
    net[0].register_forward_hook(lambda m, a, out: order.append("own"))
    with (
        everywhere.register_module_forward_pre_hook(lambda m, a: order.append(type(m).__name__)),
        everywhere.register_module_forward_hook(lambda m, a, out: order.append("all")),
    ):
        net(np.ones((1, 2)))
    assert order == ["Sequential", "Linear", "all", "own", "ReLU", "all", "all"]
    order.clear()
    net(np.ones((1, 2)))
    assert order == ["own"]
    x = ek.tensor([1.0], requires_grad=True)
    with (
        everywhere.register_module_full_backward_hook(lambda m, gi, go: order.append(len(gi))),
        everywhere.register_module_full_backward_pre_hook(lambda m, go: order.append("before")),
    ):
        nn.Tanh()(x).backward()
    assert order == ["own", "before", 1]


def test_hooks_of_all_registrations():
    seen = []

    def note(module, name, value):
        seen.append(name)

    def frozen(module, name, param):
        return param if param is None else nn.Parameter(param, requires_grad=False)

    with (
        everywhere.register_module_parameter_registration_hook(frozen),
        everywhere.register_module_buffer_registration_hook(note),
        everywhere.register_module_module_registration_hook(note),
    ):
        net = nn.Sequential(nn.BatchNorm1d(2))
    assert seen == ["running_mean", "running_var", "num_batches_tracked", "0"]
    assert not any(p.requires_grad for p in net.parameters())
    assert nn.Linear(1, 1).weight.requires_grad


def test_an_always_called_hook_that_fails_warns():
    layer = nn.Linear(2, 2)

    def fail(module, args, output):
        raise KeyError("mine")

    layer.register_forward_hook(fail, always_call=True)
    with pytest.warns(UserWarning, match="mine"), pytest.raises(RuntimeError, match="shape"):
        layer(np.ones((1, 3)))
    with warnings.catch_warnings(), pytest.raises(KeyError, match="mine"):
        warnings.simplefilter("error")
        layer(np.ones((1, 2)))


def test_a_forward_pre_hook_with_kwargs_must_return_both():
    layer = nn.ReLU()
    layer.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True)
    with pytest.raises(RuntimeError, match="args, kwargs"):
        layer(np.ones(3))


def with_state_hooks(library, log):
    net = library.Sequential(library.Linear(1, 1), library.Linear(1, 1))
    net[0].register_state_dict_pre_hook(lambda m, prefix, keep: log.append(("pre", prefix, keep)))

    def after(module, state, prefix, metadata):
        log.append(("post", prefix, metadata["version"]))
        state[prefix + "renamed"] = state.pop(prefix + "bias")

    def before_load(module, state, prefix, metadata, strict, missing, unexpected, errors):
        log.append(("load", prefix, strict, metadata["version"]))
        state[prefix + "bias"] = state.pop(prefix + "renamed")

    net[0].register_state_dict_post_hook(after)
    net[0].register_load_state_dict_pre_hook(before_load)
    return net


@pytest.mark.parametrize("name", ["einkorn", "torch"])
def test_state_hooks(name):
    library = nn if name == "einkorn" else pytest.importorskip("torch").nn
    log = []
    net = with_state_hooks(library, log)
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.renamed", "1.weight", "1.bias"]
    assert log == [("pre", "0.", False), ("post", "0.", 1)]
    log.clear()
    net.load_state_dict(state)
    assert log == [("load", "0.", True, 1)]
    assert list(state) == ["0.weight", "0.renamed", "1.weight", "1.bias"]


@pytest.mark.parametrize("name", ["einkorn", "torch"])
def test_hooks_after_loading_judge_the_keys(name):
    library = nn if name == "einkorn" else pytest.importorskip("torch").nn
    net = library.Sequential(library.Linear(1, 1), library.Linear(1, 1))
    state = net.state_dict()
    del state["0.bias"]
    with pytest.raises(RuntimeError, match="0.bias"):
        net.load_state_dict(state)
    order = []

    def forgive(module, keys):
        order.append(len(keys.missing_keys))
        keys.missing_keys.clear()

    net.register_load_state_dict_post_hook(forgive)
    net[0].register_load_state_dict_post_hook(lambda m, keys: order.append("child"))
    assert net.load_state_dict(state).missing_keys == []
    assert order == ["child", 1]


def test_hooks_of_the_state_must_return_nothing():
    net = nn.Linear(1, 1)
    handle = net.register_state_dict_post_hook(lambda *args: 1)
    with pytest.raises(RuntimeError, match="must return None"):
        net.state_dict()
    handle.remove()
    net.register_load_state_dict_post_hook(lambda *args: 1)
    with pytest.raises(RuntimeError, match="must return None"):
        net.load_state_dict(net.state_dict())


@pytest.mark.parametrize("name", ["einkorn", "torch"])
def test_extra_state(name):
    library = nn if name == "einkorn" else pytest.importorskip("torch").nn

    class Counting(library.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    first, second = library.Sequential(Counting()), library.Sequential(Counting())
    first[0].count = 3
    state = first.state_dict()
    assert dict(state) == {"0._extra_state": {"count": 3}}
    second.load_state_dict(state)
    assert second[0].count == 3
    with pytest.raises(RuntimeError, match="_extra_state"):
        second.load_state_dict({})


def test_a_subclass_without_extra_state_says_so():
    with pytest.raises(RuntimeError, match="get_extra_state"):
        nn.Module().get_extra_state()
    with pytest.raises(RuntimeError, match="set_extra_state"):
        nn.Module().set_extra_state(1)


def test_assigned_buffers():
    net = nn.Module()
    net.kept = nn.parameter.Buffer(np.zeros(2))
    net.passing = nn.parameter.Buffer(ek.tensor([1.0]), persistent=False)
    assert list(net.state_dict()) == ["kept"]
    assert [name for name, _ in net.named_buffers()] == ["kept", "passing"]
    other = copy.deepcopy(net)
    assert other.passing.persistent is False
    assert list(other.state_dict()) == ["kept"]
    net.kept = nn.parameter.Buffer(np.zeros(2), persistent=False)
    assert list(net.state_dict()) == []


def test_set_submodule():
    net = nn.Sequential(nn.Sequential(nn.Linear(1, 1)), nn.ReLU())
    net.set_submodule("0.0", nn.Tanh())
    assert isinstance(net[0][0], nn.Tanh)
    assert net(np.zeros((1, 1))).shape == (1, 1)
    net.set_submodule("0.extra", nn.ReLU())
    assert len(net[0]) == 2
    with pytest.raises(AttributeError, match="no module 'other'"):
        net.set_submodule("0.other", nn.Tanh(), strict=True)
    with pytest.raises(AttributeError, match="not a Module"):
        net.set_submodule("training", nn.Tanh())
    with pytest.raises(ValueError, match="empty"):
        net.set_submodule("", nn.Tanh())
    with pytest.raises(ValueError, match="Module"):
        net.set_submodule("0", 3)


def test_conversions_of_everything():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    weight = net[0].weight
    net.type(np.float64)
    assert net[0].weight is weight
    assert {str(value.dtype) for value in net.state_dict().values()} == {"float64"}
    assert next(net.half().parameters()).dtype == np.float16
    with pytest.raises(RuntimeError, match="CuPy"):
        net.cuda(0)
    shapes = [p.shape for p in net.parameters()]
    assert [p.shape for p in net.to_empty(device="cpu").parameters()] == shapes
