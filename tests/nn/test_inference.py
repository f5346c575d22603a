"""Networks prepared for inference: equal outputs, and normalisation folded where it can be."""

import numpy as np
import pytest

import einkorn as ek
from einkorn import models, nn
from einkorn.nn.inference import prepare

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
LAYERS = {
    "conv": (lambda: nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d, (2, 4, 5, 5)),
    "conv without bias": (lambda: nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d, (2, 4, 5, 5)),
    "grouped": (lambda: nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d, (2, 4, 5, 5)),
    "transposed": (lambda: nn.ConvTranspose2d(4, 6, 4, stride=2), nn.BatchNorm2d, (2, 4, 3, 3)),
    "transposed, grouped": (
        lambda: nn.ConvTranspose2d(4, 6, 2, groups=2),
        nn.BatchNorm2d,
        (2, 4, 3, 3),
    ),
    "linear": (lambda: nn.Linear(4, 6), nn.BatchNorm1d, (5, 4)),
    "signals": (lambda: nn.Conv1d(4, 6, 3, padding=1), nn.BatchNorm1d, (2, 4, 7)),
    "signals, transposed": (
        lambda: nn.ConvTranspose1d(4, 6, 4, stride=2, groups=2),
        nn.BatchNorm1d,
        (2, 4, 5),
    ),
    "volumes": (lambda: nn.Conv3d(4, 6, 3, padding=1), nn.BatchNorm3d, (2, 4, 3, 4, 5)),
    "volumes, transposed": (
        lambda: nn.ConvTranspose3d(4, 6, 2, stride=2, bias=False),
        nn.BatchNorm3d,
        (2, 4, 3, 2, 3),
    ),
}


def settle(model):
    """Give batch normalisations parameters and statistics that matter."""
    source = np.random.default_rng(0)
    for module in model.modules():
        if isinstance(module, NORMS):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                if tensor is not None:
                    nn.init.uniform_(tensor, 0.5, 1.5, generator=source)
    return model.eval()


def images(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def assert_equal_outputs(model, prepared, *args):
    model.eval()
    expected = model(*args)
    np.testing.assert_allclose(prepared(*args), expected.detach(), 1e-4, 1e-5)


def norms(model):
    return [m for m in model.modules() if isinstance(m, NORMS)]


@pytest.mark.parametrize("with_example", [False, True])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("kind", LAYERS)
def test_normalisation_is_folded(kind, affine, with_example):
    make, norm, shape = LAYERS[kind]
    net = settle(nn.Sequential(make(), norm(6, affine=affine), nn.ReLU()))
    x = images(*shape)
    prepared = prepare(net, *([x] if with_example else []))
    assert not norms(prepared)
    assert len(norms(net)) == 1
    assert_equal_outputs(net, prepared, x)


@pytest.mark.parametrize("kind", LAYERS)
def test_pytorch_s_functions_fold_a_pair(kind):
    make, norm, shape = LAYERS[kind]
    layer, bn = settle(nn.Sequential(make(), norm(6)))
    if kind == "linear":
        fused = nn.utils.fuse_linear_bn_eval(layer, bn)
    else:
        fused = nn.utils.fuse_conv_bn_eval(layer, bn, transpose="transposed" in kind)
    assert type(fused) is type(layer)
    x = images(*shape)
    np.testing.assert_allclose(fused(x).detach(), bn(layer(x)).detach(), 1e-5, 1e-5)


def test_pairs_in_training_or_without_statistics_are_refused():
    conv, bn = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)
    with pytest.raises(ValueError, match="evaluation mode"):
        nn.utils.fuse_conv_bn_eval(conv, bn)
    bn = nn.BatchNorm2d(1, track_running_stats=False).eval()
    with pytest.raises(ValueError, match="running statistics"):
        nn.utils.fuse_conv_bn_eval(conv.eval(), bn)


def test_a_residual_network_is_folded_by_example():
    net = settle(models.ResNet((1, 1, 1, 1), num_classes=5))
    x = images(2, 3, 32, 32)
    prepared = prepare(net, x)
    assert not norms(prepared)
    assert_equal_outputs(net, prepared, x)
    assert_equal_outputs(net, prepared, images(3, 3, 48, 40))


def test_without_an_example_only_neighbours_in_sequences_are_folded():
    net = settle(models.ResNet((1, 1, 1, 1), num_classes=5))
    prepared = prepare(net)
    assert len(norms(prepared)) == len(norms(net)) - 3
    assert_equal_outputs(net, prepared, images(2, 3, 32, 32))


class Reads(nn.Module):
    """A layer and a normalisation, and what a test does with them."""

    def __init__(self, forward):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.bn = nn.BatchNorm2d(3)
        self.how = forward

    def forward(self, x):
        return self.how(self, x)


@pytest.mark.parametrize(
    ("forward", "folded"),
    [
        (lambda m, x: m.bn(m.conv(x)), True),
        (lambda m, x: m.bn(m.conv(x)).relu() + x, True),
        (lambda m, x: m.bn(m.conv(x).relu()), False),
        (lambda m, x: m.bn(h := m.conv(x)) + h, False),
        (lambda m, x: m.bn(m.conv(m.conv(x))), False),
        (lambda m, x: m.bn(m.bn(m.conv(x))), False),
        (lambda m, x: m.conv(m.bn(x)), False),
    ],
)
def test_only_what_nobody_else_reads_is_folded(forward, folded):
    net = settle(Reads(forward))
    x = images(2, 3, 4, 4)
    prepared = prepare(net, x)
    assert (not norms(prepared)) == folded
    assert_equal_outputs(net, prepared, x)


def test_what_operators_do_not_see_is_noticed_by_the_answer():
    net = settle(Reads(lambda m, x: m.bn(h := m.conv(x)) * h.detach()))
    with pytest.raises(RuntimeError, match="answers otherwise"):
        prepare(net, images(2, 3, 4, 4))


def test_an_output_that_is_returned_is_kept():
    class Two(Reads):
        def forward(self, x):
            h = self.conv(x)
            return {"map": h, "normal": [self.bn(h)]}

    net = settle(Two(None))
    x = images(2, 3, 4, 4)
    prepared = prepare(net, x)
    assert len(norms(prepared)) == 1
    np.testing.assert_allclose(prepared(x)["map"], net(x)["map"].detach(), 1e-5, 1e-5)


def test_a_layer_used_twice_is_not_folded():
    conv = nn.Conv2d(3, 3, 1)
    net = settle(nn.Sequential(conv, nn.BatchNorm2d(3), conv, nn.BatchNorm2d(3)))
    assert len(norms(prepare(net))) == 2
    assert_equal_outputs(net, prepare(net), images(1, 3, 2, 2))


def test_hooks_stay_where_they_are():
    net = settle(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    net[0].register_forward_hook(lambda module, args, output: output * 2)
    prepared = prepare(net)
    assert len(norms(prepared)) == 1
    assert_equal_outputs(net, prepared, images(1, 3, 2, 2))


def test_the_model_is_left_as_it_is():
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Dropout(0.5))
    state = {name: np.array(value) for name, value in net.state_dict().items()}
    prepared = prepare(net, images(1, 3, 2, 2))
    assert net.training
    assert not prepared.training
    assert all(p.requires_grad for p in net.parameters())
    assert all((np.asarray(net.state_dict()[name]) == state[name]).all() for name in state)
    x = ek.ones(1, 3, 2, 2, requires_grad=True)
    assert not prepared(x).requires_grad


def test_double_precision_keeps_its_accuracy():
    net = settle(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Tanh())).double()
    x = np.random.default_rng(2).standard_normal((2, 3, 6, 6))
    np.testing.assert_allclose(prepare(net)(x), net(x).detach(), 1e-12, 1e-13)


SHIFTED = {
    "sequences": (lambda: nn.Linear(4, 6), (2, 3, 4), 3),
    "as many steps as features": (lambda: nn.Linear(4, 6), (2, 6, 4), 6),
    "a signal without a batch": (lambda: nn.Conv1d(4, 6, 3, padding=1), (4, 6), 6),
    "the same, transposed": (lambda: nn.ConvTranspose1d(4, 6, 3, padding=1), (4, 6), 6),
}


@pytest.mark.parametrize("kind", SHIFTED)
@pytest.mark.parametrize("ending", [nn.ReLU, nn.ELU])
def test_a_norm_of_another_axis_than_the_layer_s_is_left(kind, ending):
    make, shape, features = SHIFTED[kind]
    net = settle(nn.Sequential(make(), nn.BatchNorm1d(features), ending()))
    x = images(*shape)
    prepared = prepare(net, x)
    assert len(norms(prepared)) == 1
    assert_equal_outputs(net, prepared, x)
    if features == 6:
        # Nothing says what comes, so the pair is folded: batches are right, others refused.
        folded = prepare(net)
        assert not norms(folded)
        assert_equal_outputs(net, folded, images(5, 4) if "step" in kind else images(2, 4, 6))
        with pytest.raises(RuntimeError, match=r"input: expected \d dimensions .* got shape"):
            folded(x)


def test_norms_of_as_many_features_as_the_layer_has_not_are_left_without_an_example():
    net = settle(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(3)))
    prepared = prepare(net)
    assert len(norms(prepared)) == 1
    assert_equal_outputs(net, prepared, images(2, 3, 4))
