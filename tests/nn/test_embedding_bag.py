"""`nn.EmbeddingBag` and its function."""

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.autograd import gradcheck, gradgradcheck
from einkorn.nn import functional as F

INDEX = np.array([1, 4, 0, 4, 4, 2])
OFFSETS = np.array([0, 2, 2, 5])
WEIGHTS = np.linspace(-1, 1, 6)
OPTIONS = [
    {},
    {"mode": "sum"},
    {"mode": "max"},
    {"padding_idx": 4},
    {"mode": "max", "padding_idx": -1},
    {"mode": "sum", "padding_idx": 0},
    {"scale_grad_by_freq": True},
    {"mode": "sum", "scale_grad_by_freq": True},
    {"max_norm": 0.5},
    {"mode": "sum", "max_norm": 0.5, "norm_type": 1.0},
    {"sparse": True},
    {"sparse": True, "mode": "sum", "padding_idx": 4},
]


def start():
    return np.random.default_rng(0).standard_normal((5, 3))


def calls():
    yield INDEX, OFFSETS, {}
    yield INDEX.reshape(2, 3), None, {}
    yield INDEX, np.append(OFFSETS, 6), {"include_last_offset": True}
    yield INDEX.astype(np.int32), OFFSETS.astype(np.int32), {}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("index", "offsets", "more"), list(calls()))
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_pytorch(options, index, offsets, more, weighted):
    torch = pytest.importorskip("torch")
    options = options | more
    weighted = weighted and options.get("mode") == "sum"
    layer = nn.EmbeddingBag(5, 3, **options)
    twin = torch.nn.EmbeddingBag(5, 3, **options, dtype=torch.float64)
    assert repr(layer) == repr(twin)
    layer.double().load_state_dict({"weight": start()})
    twin.load_state_dict({"weight": torch.tensor(start())})
    ours = theirs = ()
    if weighted:
        values = WEIGHTS[: index.size].reshape(index.shape)
        ours = (ek.tensor(values, requires_grad=True),)
        theirs = (torch.tensor(values, requires_grad=True),)
    y = layer(index, offsets, *ours)
    z = twin(torch.tensor(index), None if offsets is None else torch.tensor(offsets), *theirs)
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), 1e-12)
    (y**2).sum().backward()
    (z**2).sum().backward()
    gradient, expected = layer.weight.grad, twin.weight.grad
    assert gradient.is_sparse == expected.is_sparse
    if expected.is_sparse:
        gradient, expected = gradient.to_dense(), expected.to_dense()
    np.testing.assert_allclose(gradient.numpy(), expected.numpy(), 1e-12)
    np.testing.assert_allclose(layer.weight.numpy(), twin.weight.detach().numpy(), 1e-12)
    if weighted:
        np.testing.assert_allclose(ours[0].grad.numpy(), theirs[0].grad.numpy(), 1e-12)


@pytest.mark.parametrize("options", OPTIONS[:8], ids=str)
def test_second_derivatives(options):
    table = ek.tensor(start(), requires_grad=True)
    weights = ek.tensor(WEIGHTS, requires_grad=True)

    def of_table(table):
        return F.embedding_bag(INDEX, table, OFFSETS, **options) ** 2

    def of_both(table, weights):
        options_of_sums = {k: v for k, v in options.items() if k != "scale_grad_by_freq"}
        y = F.embedding_bag(INDEX, table, OFFSETS, per_sample_weights=weights, **options_of_sums)
        return y**2

    if not {"padding_idx", "scale_grad_by_freq"} & options.keys():
        assert gradcheck(of_table, [table])
        assert gradgradcheck(of_table, [table])
    if options.get("mode") == "sum" and "padding_idx" not in options:
        assert gradcheck(of_both, [table, weights])
        assert gradgradcheck(of_both, [table, weights])
    y = of_table(table).sum()
    (kernel,) = ek.autograd.grad(y, table, retain_graph=True)
    (composed,) = ek.autograd.grad(y, table, create_graph=True)
    np.testing.assert_allclose(composed.numpy(), kernel.numpy(), 1e-12)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_of_nothing_are_zero(mode):
    table = ek.tensor(start(), requires_grad=True)
    for index, offsets in ((np.zeros((3, 0), np.int64), None), (INDEX[:0], np.zeros(3, int))):
        y = F.embedding_bag(index, table, offsets, mode=mode)
        np.testing.assert_array_equal(y.numpy(), np.zeros((3, 3)))
        (gradient,) = ek.autograd.grad(y.sum(), table)
        assert not gradient.numpy().any()


def test_the_last_offset_ends_the_last_bag():
    """As PyTorch documents; what it computes goes on to the end of the input."""
    table = ek.tensor(start(), requires_grad=True)
    weights = ek.tensor(WEIGHTS, requires_grad=True)
    ends = np.array([0, 2, 4])
    options = {"mode": "sum", "per_sample_weights": weights, "include_last_offset": True}
    y = F.embedding_bag(INDEX, table, ends, **options)
    expected = (start()[INDEX] * WEIGHTS[:, None])[:4].reshape(2, 2, 3).sum(axis=1)
    np.testing.assert_allclose(y.numpy(), expected)
    y.sum().backward()
    np.testing.assert_allclose(weights.grad.numpy()[:4], start()[INDEX[:4]].sum(axis=1))
    assert not weights.grad.numpy()[4:].any()


def test_only_what_is_needed_is_differentiated():
    weights = ek.tensor(WEIGHTS, requires_grad=True)
    table = ek.tensor(start())
    F.embedding_bag(INDEX, table, OFFSETS, mode="sum", per_sample_weights=weights).sum().backward()
    assert table.grad is None
    np.testing.assert_allclose(weights.grad.numpy(), start()[INDEX].sum(axis=1))


BAD_CALLS = [
    ({"input": np.array([0, 5])}, IndexError, r"expected indices in \[0, 5\), got 5"),
    ({"input": np.array([0, -1])}, IndexError, "got -1"),
    ({"input": np.array([0.5, 1.0])}, TypeError, "input: expected integers"),
    ({"input": np.zeros((1, 1, 1), int), "offsets": None}, ValueError, "1 or 2 dimensions"),
    ({"input": np.zeros((2, 3), int)}, ValueError, "offsets: expected None"),
    ({"offsets": None}, ValueError, "offsets: needed"),
    ({"offsets": np.array([0.0])}, TypeError, "offsets: expected integers"),
    ({"offsets": np.array([[0]])}, ValueError, "offsets: expected 1 dimension"),
    ({"offsets": np.array([1, 2])}, ValueError, "offsets: expected 0 first, got 1"),
    ({"offsets": np.array([0, 4, 3])}, ValueError, "got 3 after 4"),
    ({"offsets": np.array([0, 7])}, ValueError, "at most 6.* got 7"),
    ({"offsets": np.array([0, 7]), "include_last_offset": True}, ValueError, "at most 6.* got 7"),
    ({"offsets": np.array([], int), "include_last_offset": True}, ValueError, "the last one"),
    ({"weight": np.ones(3)}, ValueError, "weight: expected a matrix"),
    ({"mode": "median"}, ValueError, "mode: expected .* got 'median'"),
    ({"mode": "max", "sparse": True}, ValueError, "neither sparse"),
    ({"mode": "max", "scale_grad_by_freq": True}, ValueError, "nor scale_grad_by_freq"),
    ({"per_sample_weights": WEIGHTS}, ValueError, "unless mode is 'sum', got 'mean'"),
    ({"per_sample_weights": WEIGHTS[:5], "mode": "sum"}, ValueError, "shape of input"),
    (
        {"per_sample_weights": WEIGHTS.astype(np.float32), "mode": "sum"},
        TypeError,
        "per_sample_weights: expected float64, got float32",
    ),
    ({"padding_idx": 5}, ValueError, r"padding_idx: expected in \[-5, 5\), got 5"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD_CALLS)
def test_bad_arguments_are_refused(arguments, error, message):
    whole = {"input": INDEX, "weight": start(), "offsets": OFFSETS} | arguments
    with pytest.raises(error, match=message):
        F.embedding_bag(**whole)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.EmbeddingBag(3, 2, padding_idx=3), "padding_idx 3 is outside of 3"),
        (lambda: nn.EmbeddingBag(3, 2, _weight=ek.tensor([[1.0]])), "must have shape"),
        (lambda: nn.EmbeddingBag.from_pretrained(np.ones(3)), "must be 2-D"),
    ],
)
def test_bad_modules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_from_pretrained():
    layer = nn.EmbeddingBag.from_pretrained(start(), mode="sum", padding_idx=-1)
    assert not layer.weight.requires_grad
    assert (layer.padding_idx, layer.mode) == (4, "sum")
    np.testing.assert_array_equal(layer.weight.numpy(), start())
    assert nn.EmbeddingBag.from_pretrained(start(), freeze=False).weight.requires_grad
    assert not nn.EmbeddingBag(5, 3, padding_idx=2).weight.numpy()[2].any()


def test_a_step_of_sparse_bags():
    layer = nn.EmbeddingBag(1000, 4, sparse=True)
    before = layer.weight.numpy().copy()
    layer(INDEX, OFFSETS).sum().backward()
    ek.optim.SparseAdam(layer.parameters()).step()
    changed = np.flatnonzero((layer.weight.numpy() != before).any(axis=1))
    np.testing.assert_array_equal(changed, np.unique(INDEX))
