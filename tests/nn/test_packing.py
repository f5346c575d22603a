"""Affine maps of a packed weight: those of the weight, also after it has changed."""

import copy

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.kernels import packed
from einkorn.nn.inference import prepare
from einkorn.nn.packing import PackedLinear
from einkorn.testing import references
from einkorn.testing.isa import forced, variants
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

ROWS = (1, packed.FEWEST_ROWS - 1, packed.FEWEST_ROWS, 100, packed.MOST_ROWS, packed.MOST_ROWS + 1)


def operands(rows, inputs, outputs, dtype):
    source = np.random.default_rng(0)
    x, weight = source.standard_normal((rows, inputs)), source.standard_normal((outputs, inputs))
    weight /= np.sqrt(inputs)
    return [array.astype(dtype) for array in (x, weight, source.standard_normal(outputs))]


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("shape", ((1, 5, 128), (50, 300, 192), (130, 1000, 256), (300, 7, 128)))
@pytest.mark.parametrize("activation", (None, "relu", "sigmoid", "tanh"))
def test_product_equals_the_reference(shape, activation, dtype, isa):
    x, weight, bias = operands(*shape, dtype)
    with forced(isa):
        panels = packed.pack_weight(weight)
        for b in (bias, None):
            found = packed.packed_linear(x, panels, b, activation=activation)
            assert found.dtype == dtype
            assert_close(found, references.linear(x, weight, b, activation=activation))


def test_threads_do_not_matter():
    x, weight, bias = operands(130, 700, 256, np.float32)
    panels = packed.pack_weight(weight)
    assert_same_for_threads(lambda: packed.packed_linear(x, panels, bias, activation="relu"))


@pytest.mark.parametrize("shape", ((10, 100), (64, 100), (200, 100), (256, 0), (256, 5000), (256,)))
def test_weights_that_gain_nothing_have_no_panels(shape):
    assert packed.pack_weight(np.ones(shape, np.float32)) is None
    assert packed.pack_weight(np.ones((256, 100), np.int64)) is None


def test_bad_input_is_refused():
    x, weight, bias = operands(50, 100, 128, np.float32)
    panels = packed.pack_weight(weight)
    with pytest.raises(ValueError, match="x: expected 2 dimensions"):
        packed.packed_linear(x[0], panels)
    with pytest.raises(ValueError, match="panels: expected shape"):
        packed.packed_linear(x[:, 1:], panels)
    with pytest.raises(ValueError, match="panels: expected shape"):
        packed.packed_linear(x, panels[0])
    with pytest.raises(ValueError, match="bias: expected shape"):
        packed.packed_linear(x, panels, bias[1:])
    with pytest.raises(ValueError, match="activation"):
        packed.packed_linear(x, panels, activation="magic")
    with pytest.raises(TypeError, match="panels"):
        packed.packed_linear(x, panels.astype(np.float64))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("ending", [nn.ReLU, nn.Tanh, nn.ELU])
def test_prepared_maps_equal_the_model_s(rows, bias, ending):
    net = nn.Sequential(nn.Linear(40, 128, bias), ending(), nn.Linear(128, 10)).eval()
    x = np.random.default_rng(1).standard_normal((rows, 40)).astype(np.float32)
    fast = prepare(net)
    assert type(fast.module[0]) is PackedLinear
    np.testing.assert_allclose(fast(x), net(x).detach(), 1e-4, 1e-5)
    # Gradients are to be had from the copy's layers as from any others.
    out = fast.module[0](ek.tensor(x, requires_grad=True))
    assert out.requires_grad


def changes():
    def by_loading(layer, weight):
        layer.load_state_dict({"weight": weight, "bias": layer.bias})

    def by_an_operator(layer, weight):
        with ek.no_grad():
            layer.weight.copy_(ek.tensor(weight))

    def by_another(layer, weight):
        layer.weight = nn.Parameter(ek.tensor(weight))

    return (by_loading, by_an_operator, by_another)


@pytest.mark.parametrize("change", changes())
def test_changed_weights_are_packed_anew(change):
    x, weight, _ = operands(60, 40, 128, np.float32)
    fast = prepare(nn.Sequential(nn.Linear(40, 128)))
    before = fast(x).numpy().copy()
    twin = copy.deepcopy(fast)
    change(fast.module[0], weight)
    expected = references.linear(x, weight, fast.module[0].bias.numpy())
    assert_close(fast(x).numpy(), expected)
    np.testing.assert_array_equal(twin(x), before)


@pytest.mark.parametrize("outputs, type_", [(16, nn.Linear), (84, nn.Linear), (64, PackedLinear)])
def test_layers_that_cannot_gain_stay_as_they_are(outputs, type_):
    net = nn.Sequential(nn.Linear(4, outputs)).eval()
    assert type(prepare(net).module[0]) is type_
