"""Attention of encoders and decoders against loops in NumPy."""

import numpy as np
import pytest

from einkorn import manual_seed, nn
from einkorn.autograd import as_tensor, gradcheck

PADDING = np.array(
    [[False] * 5, [False, False, True, True, True], [True, False, False, False, True]]
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def made(kind, *sizes, **options):
    manual_seed(1)
    return kind(*sizes, dtype=np.float64, **options)


def additive(state, q, k):
    hidden = state["query_proj.weight"] @ q + state["key_proj.weight"] @ k
    return state["score.weight"][0] @ np.tanh(hidden + state.get("key_proj.bias", 0))


SCORES = {
    "additive": (lambda: made(nn.BahdanauAttention, 4, 6, 3), additive),
    "additive without bias": (lambda: made(nn.BahdanauAttention, 4, 6, 3, bias=False), additive),
    "dot": (lambda: made(nn.LuongAttention, 4, 4), lambda state, q, k: q @ k),
    "general": (
        lambda: made(nn.LuongAttention, 4, 6, "general"),
        lambda state, q, k: q @ state["key_proj.weight"] @ k,
    ),
    "concat": (lambda: made(nn.LuongAttention, 4, 6, "concat", hidden_dim=3), additive),
}


def weighted(scores, values, skipped):
    powers = np.where(skipped, 0, np.exp(scores))
    weights = powers / powers.sum()
    return weights @ values, weights


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("valued", [True, False])
@pytest.mark.parametrize("padding", [None, PADDING])
def test_context_and_weights_are_their_formulas(name, single, valued, padding):
    make, score = SCORES[name]
    layer = make()
    state = {k: v.numpy() for k, v in layer.state_dict().items()}
    query, key = normal(3, 2, 4), normal(3, 5, layer.key_dim, seed=1)
    value = normal(3, 5, 7, seed=2) if valued else key
    asked = query[:, 0] if single else query
    context, weights = layer(asked, key, value if valued else None, padding)
    assert context.shape == (*asked.shape[:-1], value.shape[-1])
    for b in range(3):
        skipped = np.zeros(5, bool) if padding is None else padding[b]
        for t in range(1 if single else 2):
            scores = np.array([score(state, query[b, t], k) for k in key[b]])
            where = b if single else (b, t)
            mean, shares = weighted(scores, value[b], skipped)
            np.testing.assert_allclose(weights.numpy()[where], shares, rtol=1e-10)
            np.testing.assert_allclose(context.numpy()[where], mean, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("padding", [None, PADDING])
def test_attention_over_time(padding):
    layer, x = made(nn.FeedForwardAttention, 4), normal(3, 5, 4)
    context, weights = layer(x, padding)
    for b in range(3):
        scores = np.tanh(x[b] @ layer.score.weight.numpy()[0] + layer.score.bias.numpy())
        skipped = np.zeros(5, bool) if padding is None else padding[b]
        mean, shares = weighted(scores, x[b], skipped)
        np.testing.assert_allclose(weights.numpy()[b], shares, rtol=1e-12)
        np.testing.assert_allclose(context.numpy()[b], mean, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", SCORES)
def test_gradients(name):
    layer = SCORES[name][0]()
    inputs = [normal(3, 2, 4), normal(3, 5, layer.key_dim, seed=1), normal(3, 5, 2, seed=2)]
    inputs = [as_tensor(x).requires_grad_() for x in inputs]
    assert gradcheck(lambda q, k, v, *_: layer(q, k, v, PADDING), (*inputs, *layer.parameters()))


def test_gradients_over_time():
    layer = made(nn.FeedForwardAttention, 4)
    x = as_tensor(normal(3, 5, 4)).requires_grad_()
    assert gradcheck(lambda x, *_: layer(x, PADDING), (x, *layer.parameters()))


def test_what_is_left_out_does_not_matter():
    layer, query, key = SCORES["additive"][0](), normal(3, 4), normal(3, 5, 6)
    expected = layer(query, key, key_padding_mask=PADDING)[0].numpy()
    key[PADDING] = 1e3
    np.testing.assert_array_equal(layer(query, key, key_padding_mask=PADDING)[0].numpy(), expected)


@pytest.mark.parametrize("name", [*SCORES, "over time"])
def test_state_round_trip(name):
    make = SCORES[name][0] if name in SCORES else lambda: made(nn.FeedForwardAttention, 4)
    first, second = make(), make()
    for parameter in second.parameters():
        parameter.numpy()[...] = 0
    second.load_state_dict(first.state_dict())
    x = normal(3, 5, 4)
    inputs = (x,) if name == "over time" else (x, normal(3, 6, first.key_dim))
    for a, b in zip(first(*inputs), second(*inputs), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def dot(*inputs, **options):
    return nn.LuongAttention(4, 4)(*inputs, **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.BahdanauAttention(4, 0, 2), ValueError, "key_dim must be at least 1, got 0"),
        (lambda: nn.BahdanauAttention(4, 4, 0), ValueError, "hidden_dim must be at least 1"),
        (lambda: nn.LuongAttention(4, 4, "sum"), ValueError, "method must be .*, got 'sum'"),
        (lambda: nn.LuongAttention(4, 5), ValueError, "key_dim must be query_dim, 4.*got 5"),
        (lambda: nn.FeedForwardAttention(0), ValueError, "features must be at least 1, got 0"),
        (lambda: nn.FeedForwardAttention(2)(normal(3, 2)), ValueError, "input: expected shape"),
        (lambda: dot(normal(3, 5), normal(3, 5, 4)), ValueError, r"query: .*got \(3, 5\)"),
        (lambda: dot(normal(2, 4), normal(3, 5, 4)), ValueError, r"query: .*got \(2, 4\)"),
        (lambda: dot(normal(3, 4), normal(5, 4)), ValueError, r"key: .*got \(5, 4\)"),
        (
            lambda: dot(normal(3, 4), normal(3, 5, 4), normal(3, 6, 4)),
            ValueError,
            r"value: expected shape .*got \(3, 6, 4\)",
        ),
        (
            lambda: dot(normal(3, 4), normal(3, 5, 4), key_padding_mask=PADDING[:2]),
            ValueError,
            r"key_padding_mask: expected shape \(3, 5\), got \(2, 5\)",
        ),
        (
            lambda: dot(normal(3, 4), normal(3, 5, 4), key_padding_mask=PADDING | True),
            ValueError,
            "key_padding_mask: expected a False in each row",
        ),
        (
            lambda: dot(normal(3, 4), normal(3, 5, 4), key_padding_mask=PADDING.astype(int)),
            TypeError,
            "key_padding_mask: expected booleans, got int64",
        ),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
