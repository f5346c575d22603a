"""Multi-head attention gives PyTorch's results, weights and gradients."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor

torch = pytest.importorskip("torch")

CAUSAL = np.triu(np.ones((4, 6), bool), 1)
PADDING = np.array([[False] * 6, [False, False, True, False, True, True], [False] * 5 + [True]])
ADDED = np.random.default_rng(5).standard_normal((6, 4, 6))

LAYERS = [
    {},
    {"bias": False},
    {"kdim": 5, "vdim": 7},
    {"add_bias_kv": True},
    {"add_zero_attn": True, "add_bias_kv": True},
    {"batch_first": True},
]
CALLS = [
    {},
    {"attn_mask": CAUSAL},
    {"attn_mask": CAUSAL, "is_causal": True},
    {"attn_mask": ADDED},
    {"key_padding_mask": PADDING},
    {"key_padding_mask": PADDING, "attn_mask": CAUSAL, "average_attn_weights": False},
    {"need_weights": False},
]


def twins(options):
    theirs = torch.nn.MultiheadAttention(8, 2, dtype=torch.float64, **options)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(parameter.numel()))
    ours = nn.MultiheadAttention(8, 2, dtype=np.float64, **options)
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def inputs(layer, batched):
    source = np.random.default_rng(0)
    widths = (8, layer.get("kdim", 8), layer.get("vdim", 8))
    shapes = [(n, 3, w) if batched else (n, w) for n, w in zip((4, 6, 6), widths, strict=True)]
    arrays = [source.standard_normal(shape) for shape in shapes]
    if layer.get("batch_first") and batched:
        arrays = [np.ascontiguousarray(a.swapaxes(0, 1)) for a in arrays]
    return arrays


def compare(layer, options, batched):
    ours, theirs = twins(layer)
    arrays = inputs(layer, batched)
    mine = [as_tensor(a.copy()).requires_grad_() for a in arrays]
    peer = [torch.tensor(a, requires_grad=True) for a in arrays]
    masks = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    output, weights = ours(*mine, **options)
    expected, expected_weights = theirs(*peer, **masks)
    np.testing.assert_allclose(output.detach().numpy(), expected.detach().numpy(), rtol=1e-9)
    assert (weights is None) == (expected_weights is None)
    if weights is not None:
        np.testing.assert_allclose(
            weights.detach().numpy(), expected_weights.detach().numpy(), rtol=1e-9
        )
    factor = np.random.default_rng(1).standard_normal(output.shape)
    (output * as_tensor(factor)).sum().backward()
    (expected * torch.tensor(factor)).sum().backward()
    pairs = [
        *zip(mine, peer, strict=True),
        *zip(ours.parameters(), theirs.parameters(), strict=True),
    ]
    for our, their in pairs:
        np.testing.assert_allclose(our.grad.numpy(), their.grad.numpy(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("options", CALLS, ids=lambda o: ",".join(o) or "plain")
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_equals_pytorch(layer, options):
    compare(layer, options, batched=True)


@pytest.mark.parametrize("options", [{}, {"attn_mask": CAUSAL}, {"key_padding_mask": PADDING[1]}])
def test_a_single_sample_equals_pytorch(options):
    compare({}, options, batched=False)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_state_has_pytorch_s_names_and_order(layer):
    ours, theirs = twins(layer)
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_dropout_acts_in_training_only():
    layer = nn.MultiheadAttention(8, 2, dropout=0.5)
    x = np.random.default_rng(0).standard_normal((6, 3, 8)).astype(np.float32)
    one, two = layer(x, x, x)[0].numpy(), layer(x, x, x)[0].numpy()
    assert (one != two).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x, x, x)[0].numpy(), layer(x, x, x)[0].numpy())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"query": np.ones((4, 3, 7))}, "widths"),
        ({"key": np.ones((6, 2, 8))}, "batch"),
        ({"value": np.ones((5, 3, 8))}, "length"),
        ({"key": np.ones((6, 8))}, "ranks"),
        ({"attn_mask": np.ones((4, 5), bool)}, "attn_mask"),
        ({"key_padding_mask": np.ones((6, 3), bool)}, "key_padding_mask"),
    ],
    ids=str,
)
def test_bad_shapes_are_named(change, match):
    arguments = {
        "query": np.ones((4, 3, 8)),
        "key": np.ones((6, 3, 8)),
        "value": np.ones((6, 3, 8)),
    }
    arguments = {k: as_tensor(v) for k, v in (arguments | change).items()}
    with pytest.raises(ValueError, match=match):
        nn.MultiheadAttention(8, 2, dtype=np.float64)(**arguments)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="num_heads"):
        nn.MultiheadAttention(8, 3)
    with pytest.raises(RuntimeError, match="attn_mask"):
        nn.MultiheadAttention(8, 2)(*[as_tensor(np.ones((4, 8)))] * 3, is_causal=True)
