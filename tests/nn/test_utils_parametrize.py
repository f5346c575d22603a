"""Parametrised, normalised and pruned parameters, and calls with others, beside PyTorch's."""

import copy

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.nn import utils
from einkorn.nn.utils import parametrizations, parametrize, prune

LAYERS = {
    "linear": lambda library: library.Linear(3, 4),
    "conv": lambda library: library.Conv2d(2, 3, 2),
    "transposed": lambda library: library.ConvTranspose2d(2, 3, 2),
}
SHAPES = {"linear": (2, 3), "conv": (2, 2, 4, 4), "transposed": (2, 2, 4, 4)}
RANDOM = np.random.default_rng(0)


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T

    def right_inverse(self, x):
        return x.triu()


class Outer(nn.Module):
    """A matrix as a product of two vectors."""

    def forward(self, left, right):
        return left.unsqueeze(-1) @ right.unsqueeze(-2)

    def right_inverse(self, x):
        left, sizes, right = np.linalg.svd(x.numpy(), full_matrices=False)
        root = np.sqrt(sizes[0])
        return ek.tensor(left[:, 0] * root), ek.tensor(right[0] * root)


class Twice(nn.Module):
    def forward(self, x):
        return 2 * x


def both(make_ours, make_theirs, kind):
    """Our layer and PyTorch's with the same state, and an input."""
    torch = pytest.importorskip("torch")
    ours = make_ours(LAYERS[kind](nn).double())
    theirs = make_theirs(LAYERS[kind](torch.nn).double())
    state = {name: value.numpy() for name, value in ours.state_dict().items()}
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    return torch, ours, theirs, RANDOM.normal(size=SHAPES[kind])


def assert_alike(torch, ours, theirs, x):
    """Outputs, gradients and states agree, in training twice and in evaluation."""
    for training in (True, True, False):
        ours.train(training), theirs.train(training)
        ours.zero_grad(), theirs.zero_grad()
        y, expected = ours(x), theirs(torch.tensor(x))
        np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-9)
        (y * y).sum().backward()
        (expected * expected).sum().backward()
        gradients = {name: p.grad for name, p in theirs.named_parameters()}
        for name, parameter in ours.named_parameters():
            wanted = gradients[name].numpy()
            np.testing.assert_allclose(parameter.grad.numpy(), wanted, rtol=1e-7, atol=1e-9)
        for name, value in theirs.state_dict().items():
            found = ours.state_dict()[name].numpy()
            np.testing.assert_allclose(found, value.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("place", ["hook", "parametrized"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weight_norm_is_torchs(kind, dim, place):
    def of(library):
        home = library if place == "hook" else library.parametrizations
        return lambda layer: home.weight_norm(layer, dim=dim)

    torch = pytest.importorskip("torch")
    torch, ours, theirs, x = both(of(utils), of(torch.nn.utils), kind)
    assert_alike(torch, ours, theirs, x)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("place", ["hook", "parametrized"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_spectral_norm_is_torchs(kind, place):
    def of(library):
        home = library if place == "hook" else library.parametrizations
        return lambda layer: home.spectral_norm(layer, n_power_iterations=2)

    torch = pytest.importorskip("torch")
    torch, ours, theirs, x = both(of(utils), of(torch.nn.utils), kind)
    assert_alike(torch, ours, theirs, x)


def test_spectral_norm_converges_to_the_largest_singular_value():
    layer = utils.spectral_norm(nn.Linear(5, 4), n_power_iterations=200)
    layer(np.zeros((1, 5)))
    weight = layer.weight_orig.numpy()
    np.testing.assert_allclose(
        layer.weight.numpy(), weight / np.linalg.svd(weight)[1][0], rtol=1e-4, atol=1e-6
    )
    vector = parametrizations.spectral_norm(nn.LayerNorm(4, dtype=np.float64))
    assert np.linalg.norm(vector.weight.numpy()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("apply", "remove"),
    [
        (utils.weight_norm, utils.remove_weight_norm),
        (utils.spectral_norm, utils.remove_spectral_norm),
    ],
)
def test_hooks_leave_when_removed(apply, remove):
    layer = apply(nn.Linear(3, 2))
    x = np.ones((1, 3))
    layer.eval()
    before = layer(x).numpy()
    with pytest.raises(RuntimeError, match="already"):
        apply(layer)
    remove(layer)
    np.testing.assert_array_equal(layer(x).numpy(), before)
    assert isinstance(layer.weight, nn.Parameter)
    assert not layer._call_hooks
    with pytest.raises(ValueError, match="not found"):
        remove(layer)


def test_in_a_sequential_the_weights_are_recomputed():
    net = nn.Sequential(utils.weight_norm(nn.Linear(2, 2, bias=False)), nn.ReLU())
    x = np.abs(RANDOM.normal(size=(3, 2)))
    net(x)
    net[0].weight_g.numpy()[...] = 0
    assert (net(x).numpy() == 0).all()
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU())
    net(x)
    parametrizations.weight_norm(net[0])
    net[0].parametrizations.weight.original0.numpy()[...] = 0
    assert (net(x).numpy() == 0).all()


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6)])
@pytest.mark.parametrize("name", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal(shape, name, trivial):
    torch = pytest.importorskip("torch")
    options = {"orthogonal_map": name, "use_trivialization": trivial}
    ours = parametrizations.orthogonal(nn.Linear(*shape).double(), **options)
    theirs = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(*shape).double(), **options)
    original = ours.parametrizations.weight.original
    if name != "householder":
        original.numpy()[...] += RANDOM.normal(size=original.shape)
    state = {key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()}
    assert set(state) == set(theirs.state_dict())
    theirs.load_state_dict(state)
    q = ours.weight
    small = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    if name != "householder" or trivial:
        np.testing.assert_allclose(small.detach().numpy(), np.eye(min(shape)), atol=1e-12)
    np.testing.assert_allclose(q.detach().numpy(), theirs.weight.detach().numpy(), atol=1e-12)
    weights = RANDOM.normal(size=q.shape)
    (q * ek.tensor(weights)).sum().backward()
    (theirs.weight * torch.tensor(weights)).sum().backward()
    expected = theirs.parametrizations.weight.original.grad.numpy()
    np.testing.assert_allclose(original.grad.numpy(), expected, atol=1e-10)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6)])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal_takes_what_is_assigned(shape, trivial):
    layer = parametrizations.orthogonal(
        nn.Linear(*shape).double(), orthogonal_map="householder", use_trivialization=trivial
    )
    tall = np.linalg.qr(RANDOM.normal(size=(max(shape), min(shape))))[0]
    wanted = tall if shape[1] >= shape[0] else tall.T
    layer.weight = ek.tensor(wanted)
    np.testing.assert_allclose(layer.weight.detach().numpy(), wanted, atol=1e-12)


def test_orthogonal_refuses():
    with pytest.raises(ValueError, match="two axes"):
        parametrizations.orthogonal(nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match="matrix_exp"):
        parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="other")
    layer = parametrizations.orthogonal(nn.Linear(2, 2), use_trivialization=False)
    with pytest.raises(NotImplementedError, match="nothing can be assigned"):
        layer.weight = ek.tensor(np.eye(2, dtype=np.float32))


@pytest.mark.parametrize("name", ["matrix_exp", "cayley"])
def test_second_derivatives_of_orthogonal_maps(name):
    made = utils.orthogonal.Orthogonal((3, 3), name, False)
    x = ek.tensor(RANDOM.normal(size=(3, 3)), requires_grad=True)
    assert ek.autograd.gradcheck(made, (x,))
    assert ek.autograd.gradgradcheck(made, (x,))


def test_the_exponential_of_large_and_small_matrices():
    torch = pytest.importorskip("torch")
    for size in (0.0, 1e-3, 1.0, 30.0):
        a = size * RANDOM.normal(size=(2, 4, 4))
        expected = torch.matrix_exp(torch.tensor(a)).numpy()
        found = utils.orthogonal.matrix_exp(ek.tensor(a)).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


def test_parametrizations_follow_one_another_and_leave():
    layer = nn.Linear(3, 3).double()
    kept = layer.weight
    before = kept.detach().clone().numpy()
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert layer.parametrizations.weight.original is kept
    assert type(layer).__name__ == "ParametrizedLinear"
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    parametrize.register_parametrization(layer, "weight", Twice())
    upper = np.triu(before)
    expected = 2 * (upper + np.triu(before, 1).T)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), expected)
    layer(np.ones((1, 3))).sum().backward()
    assert kept.grad is not None
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    with pytest.raises(RuntimeError, match="no right_inverse"):
        layer.weight = ek.tensor(np.eye(3))
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert layer.weight is kept
    np.testing.assert_array_equal(layer.weight.detach().numpy(), expected)
    assert sorted(layer.state_dict()) == ["bias", "weight"]


def test_parametrization_can_leave_the_original():
    layer = nn.Linear(2, 2)
    before = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Twice())
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), before.numpy())


def test_several_originals():
    layer = nn.Linear(3, 4).double()
    parametrize.register_parametrization(layer, "weight", Outer())
    assert sorted(layer.state_dict()) == [
        "bias",
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    ]
    wanted = np.outer([1.0, 2, 3, 4], [1.0, 0, -1])
    layer.weight = ek.tensor(wanted)
    np.testing.assert_allclose(layer.weight.detach().numpy(), wanted, atol=1e-12)
    with pytest.raises(ValueError, match="2 originals"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    np.testing.assert_allclose(layer.weight.detach().numpy(), wanted, atol=1e-12)
    assert isinstance(layer.weight, nn.Parameter)


def test_copies_and_two_names():
    layer = nn.BatchNorm1d(2)
    parametrize.register_parametrization(layer, "weight", Twice())
    parametrize.register_parametrization(layer, "running_mean", Twice())
    assert "parametrizations.running_mean.original" in dict(layer.named_buffers())
    other = copy.deepcopy(layer)
    parametrize.remove_parametrizations(layer, "weight")
    assert not parametrize.is_parametrized(layer, "weight")
    assert parametrize.is_parametrized(layer, "running_mean")
    assert other.weight.tolist() == [2.0, 2.0]
    assert other.parametrizations.weight.original is not layer.weight


def test_cached_values_are_computed_once():
    calls = []

    class Counted(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 1

    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Counted(), unsafe=True)
    with parametrize.cached():
        layer(np.ones((1, 2)))
        layer(np.ones((1, 2)))
    assert len(calls) == 1
    layer(np.ones((1, 2)))
    assert len(calls) == 2


def test_parametrizations_must_keep_shape_and_dtype():
    class Half(nn.Module):
        def forward(self, x):
            return x[:1]

    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="keep dtype float32 and shape"):
        parametrize.register_parametrization(layer, "weight", Half())
    assert type(layer) is nn.Linear
    assert isinstance(layer.weight, nn.Parameter)
    parametrize.register_parametrization(layer, "weight", Twice())
    with pytest.raises(ValueError, match="keep dtype"):
        parametrize.register_parametrization(layer, "weight", Half())
    parametrize.register_parametrization(layer, "weight", Half(), unsafe=True)
    assert layer.weight.shape == (1, 2)
    with pytest.raises(ValueError, match="parameter or buffer"):
        parametrize.register_parametrization(layer, "other", Twice())
    with pytest.raises(ValueError, match="parametrised"):
        parametrize.remove_parametrizations(layer, "bias")


def test_old_states_load_into_parametrized_weights():
    old = utils.weight_norm(nn.Linear(3, 2))
    new = parametrizations.weight_norm(nn.Linear(3, 2))
    new.load_state_dict(old.state_dict())
    x = np.ones((1, 3))
    np.testing.assert_array_equal(new(x).numpy(), old(x).numpy())


# Pruning


@pytest.mark.parametrize("amount", [3, 0.25, 0.0, 1.0])
def test_pruning_by_magnitude_is_torchs(amount):
    reference = pytest.importorskip("torch.nn.utils.prune")

    def once(library):
        return lambda layer: library.l1_unstructured(layer, "weight", amount)

    torch, ours, theirs, x = both(once(prune), once(reference), "conv")
    np.testing.assert_array_equal(ours.weight_mask.numpy(), theirs.weight_mask.numpy())
    assert_alike(torch, ours, theirs, x)


@pytest.mark.parametrize(("n", "dim"), [(2, 0), (1, 1), (float("inf"), -1)])
def test_pruning_of_slices_again_is_torchs(n, dim):
    torch = pytest.importorskip("torch")
    reference = pytest.importorskip("torch.nn.utils.prune")
    values = RANDOM.normal(size=(6, 5))
    ours, theirs = nn.Linear(5, 6).double(), torch.nn.Linear(5, 6).double()
    ours.load_state_dict({"weight": values}, strict=False)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(values))
    for amount in (1, 0.5, 1):
        utils.prune.ln_structured(ours, "weight", amount, n, dim)
        reference.ln_structured(theirs, "weight", amount, n, dim)
        np.testing.assert_array_equal(ours.weight_mask.numpy(), theirs.weight_mask.numpy())
    utils.prune.l1_unstructured(ours, "weight", 2)
    reference.l1_unstructured(theirs, "weight", 2)
    np.testing.assert_array_equal(ours.weight_mask.numpy(), theirs.weight_mask.numpy())
    kept = ours.weight_orig
    prune.remove(ours, "weight")
    assert ours.weight is kept
    reference.remove(theirs, "weight")
    np.testing.assert_array_equal(ours.weight.numpy(), theirs.weight.detach().numpy())


def test_pruning_of_all_together():
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    net[0].weight.numpy()[...] = 2
    net[2].weight.numpy()[...] = 1
    places = [(net[0], "weight"), (net[2], "weight")]
    prune.global_unstructured(places, prune.L1Unstructured, amount=6)
    assert (net[2].weight.numpy() == 0).all()
    assert (net[0].weight.numpy() != 0).all()
    prune.global_unstructured(places, prune.RandomUnstructured, amount=0.5)
    assert (net[0].weight.numpy() == 0).sum() == 6
    assert prune.is_pruned(net)
    with pytest.raises(TypeError, match="pruning_method"):
        prune.global_unstructured(places, prune.ln_structured, amount=1)


def test_pruning_at_random_leaves_what_is_pruned():
    layer = nn.Linear(10, 10)
    prune.random_unstructured(layer, "weight", 0.3)
    first = layer.weight_mask.numpy().copy()
    assert (first == 0).sum() == 30
    prune.random_unstructured(layer, "weight", 0.5)
    second = layer.weight_mask.numpy()
    assert (second == 0).sum() == 65
    assert (second[first == 0] == 0).all()
    prune.random_structured(layer, "weight", 1, dim=1)
    layer(np.ones((1, 10))).sum().backward()
    assert (layer.weight_orig.grad.numpy()[layer.weight_mask.numpy() == 0] == 0).all()


def test_pruning_refuses():
    layer = nn.Linear(2, 2)
    for amount in (-1, 1.5, 5):
        with pytest.raises(ValueError, match="amount"):
            prune.l1_unstructured(layer, "weight", amount)
    with pytest.raises(TypeError, match="amount"):
        prune.l1_unstructured(layer, "weight", "all")
    with pytest.raises(IndexError, match="dim"):
        prune.ln_structured(layer, "weight", 1, 2, dim=2)
    with pytest.raises(ValueError, match="mask must have shape"):
        prune.custom_from_mask(layer, "weight", ek.tensor([1.0]))
    with pytest.raises(ValueError, match="not pruned"):
        prune.remove(layer, "weight")
    assert not prune.is_pruned(layer)
    assert list(layer.state_dict()) == ["weight", "bias"]


# Other parameters, and none


def test_functional_call_is_torchs():
    torch = pytest.importorskip("torch")
    ours = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).double()
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2)).double()
    x = RANDOM.normal(size=(5, 2))
    given = {
        "0.weight": RANDOM.normal(size=(2, 2)),
        "0.bias": RANDOM.normal(size=2),
        "1.running_mean": np.zeros(2),
    }
    own = {name: ek.tensor(value) for name, value in given.items()}
    other = {name: torch.tensor(value) for name, value in given.items()}
    before = {name: value.numpy().copy() for name, value in ours.state_dict().items()}
    y = utils.stateless.functional_call(ours, own, ek.tensor(x))
    expected = torch.func.functional_call(theirs, other, torch.tensor(x))
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-9)
    for name in given:
        np.testing.assert_allclose(own[name].numpy(), other[name].numpy(), rtol=1e-9)
    assert (own["1.running_mean"].numpy() != 0).any()
    for name in ("0.weight", "0.bias", "1.running_mean"):
        np.testing.assert_array_equal(ours.state_dict()[name].numpy(), before[name])
    assert isinstance(ours[0].weight, nn.Parameter)


def test_functional_call_ties_and_checks():
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    net[1].weight = net[0].weight
    call = utils.stateless.functional_call
    x, two, three = ek.tensor([[1.0]]), ek.tensor([[2.0]]), ek.tensor([[3.0]])
    assert call(net, {"0.weight": two}, x).item() == 4
    both = {"0.weight": two, "1.weight": three}
    with pytest.raises(ValueError, match="two values"):
        call(net, both, x)
    assert call(net, both, (x,), tie_weights=False).item() == 6
    with pytest.raises(RuntimeError, match="missing"):
        call(net, {}, x, strict=True)
    with pytest.raises(RuntimeError, match="unexpected"):
        call(net, {**both, "other": two}, x, strict=True, tie_weights=False)
    with pytest.raises((RuntimeError, ValueError), match="fit"):
        call(net, {"0.weight": ek.tensor([1.0, 2.0])}, x)
    assert net[0].weight.shape == (1, 1)


def test_skip_init():
    state = ek.get_rng_state()
    layer = utils.skip_init(nn.Conv2d, 2, 3, kernel_size=3, dtype=np.float64)
    assert type(layer) is nn.Conv2d
    assert layer.weight.dtype == np.float64
    assert repr(ek.get_rng_state()) == repr(state)
    with pytest.raises(RuntimeError, match="device"):
        utils.skip_init(nn.Tanh)
    with pytest.raises(RuntimeError, match="Module"):
        utils.skip_init(int)


@pytest.mark.parametrize("transpose", [False, True])
def test_fused_weights_are_torchs(transpose):
    torch = pytest.importorskip("torch")
    weight = RANDOM.normal(size=(3, 4, 2, 2))
    channels = weight.shape[1 if transpose else 0]
    parts = [weight, None, *(np.abs(RANDOM.normal(size=channels)) for _ in range(2))]
    more = [RANDOM.normal(size=channels), None]

    def fused(make, library):
        first, last = ([None if x is None else make(x) for x in xs] for xs in (parts, more))
        return library.fuse_conv_bn_weights(*first, 1e-5, *last, transpose)

    ours, theirs = fused(ek.tensor, utils), fused(torch.tensor, torch.nn.utils)
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our.numpy(), their.detach().numpy(), rtol=1e-12)


def test_the_old_name_of_clipping_warns():
    w = nn.Parameter(np.zeros(2))
    (w * np.array([3.0, 4.0])).sum().backward()
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        assert utils.clip_grad_norm(w, 1.0).item() == 5
