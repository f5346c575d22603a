"""Recurrent variants against loops in NumPy, PyTorch's forms among them, and learned states."""

import itertools

import numpy as np
import pytest

from einkorn import manual_seed, nn
from einkorn.autograd import as_tensor, gradcheck
from einkorn.nn.utils.rnn import PackedSequence, pack_sequence, unpack_sequence

LSTM_FORMS = [
    {"peephole": peephole, "coupled": coupled, "output_tanh": output_tanh}
    for peephole, coupled, output_tanh in itertools.product((False, True), repeat=3)
]
GRU_FORMS = [
    {"reset_after": reset_after, "z_keeps": z_keeps}
    for reset_after, z_keeps in itertools.product((False, True), repeat=2)
]
LAYERS = [(nn.LSTMVariant, form) for form in LSTM_FORMS] + [(nn.GRUVariant, f) for f in GRU_FORMS]
CELLS = [(nn.LSTMVariantCell, form) for form in LSTM_FORMS] + [
    (nn.GRUVariantCell, form) for form in GRU_FORMS
]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def made(kind, *sizes, **options):
    manual_seed(1)
    return kind(*sizes, dtype=np.float64, **options)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rows(weights, name, gate, size):
    """Return what one gate gets of a matrix or vector; 0 of one that is not there."""
    return weights[name][gate * size : (gate + 1) * size] if name in weights else 0


def lstm_step(x, h, c, weights, *, peephole, coupled, output_tanh):
    """One example's step, a gate at a time."""
    size = len(h)
    order = "igo" if coupled else "ifgo"
    seen = "io" if coupled else "ifo"

    def total(gate, cell):
        k = order.index(gate)
        a = rows(weights, "weight_ih", k, size) @ x + rows(weights, "weight_hh", k, size) @ h
        a = a + rows(weights, "bias_ih", k, size) + rows(weights, "bias_hh", k, size)
        if peephole and gate in seen:
            a = a + rows(weights, "weight_peephole", seen.index(gate), size) * cell
        return a

    i = sigmoid(total("i", c))
    f = 1 - i if coupled else sigmoid(total("f", c))
    after = f * c + i * np.tanh(total("g", c))
    return sigmoid(total("o", after)) * (np.tanh(after) if output_tanh else after), after


def gru_step(x, h, weights, *, reset_after, z_keeps):
    size = len(h)

    def of_x(k):
        return rows(weights, "weight_ih", k, size) @ x + rows(weights, "bias_ih", k, size)

    def of_h(k, state):
        return rows(weights, "weight_hh", k, size) @ state + rows(weights, "bias_hh", k, size)

    r, z = sigmoid(of_x(0) + of_h(0, h)), sigmoid(of_x(1) + of_h(1, h))
    n = np.tanh(of_x(2) + (r * of_h(2, h) if reset_after else of_h(2, r * h)))
    return ((1 - z) * n + z * h if z_keeps else (1 - z) * h + z * n,)


def step_of(kind):
    return lstm_step if kind in (nn.LSTMVariant, nn.LSTMVariantCell) else gru_step


def arrays(module, suffix=""):
    return {
        name.removesuffix(suffix): value.numpy()
        for name, value in module.state_dict().items()
        if name.endswith(suffix)
    }


def parts_of(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kind", "form"), CELLS)
def test_a_step_is_its_formula(kind, form, bias):
    cell = made(kind, 3, 4, bias=bias, **form)
    count = 2 if kind is nn.LSTMVariantCell else 1
    x, state = normal(5, 3), [normal(5, 4, seed=k + 1) for k in range(count)]
    after = parts_of(cell(x, tuple(map(as_tensor, state)) if count == 2 else state[0]))
    for n in range(5):
        expected = step_of(kind)(x[n], *(part[n] for part in state), arrays(cell), **form)
        for part, wanted in zip(after, expected, strict=True):
            np.testing.assert_allclose(part.numpy()[n], wanted, rtol=1e-12)


@pytest.mark.parametrize(("kind", "form"), LAYERS)
def test_layers_of_both_directions_step_through_sequences_of_unequal_lengths(kind, form):
    layer = made(kind, 3, 4, num_layers=2, bidirectional=True, **form)
    count = 2 if kind is nn.LSTMVariant else 1
    sequences = [normal(length, 3, seed=length) for length in (2, 5, 3)]
    start = [normal(4, 3, 4, seed=k + 1) for k in range(count)]
    given = tuple(map(as_tensor, start)) if count == 2 else start[0]
    packed = pack_sequence([as_tensor(s) for s in sequences], enforce_sorted=False)
    output, last = layer(packed, given)
    for n, sequence in enumerate(sequences):
        for number in range(2):
            both = []
            for direction, suffix in enumerate(("", "_reverse")):
                state = tuple(part[2 * number + direction, n] for part in start)
                weights = arrays(layer, f"_l{number}{suffix}")
                outputs = []
                for x in sequence[:: -1 if direction else 1]:
                    state = step_of(kind)(x, *state, weights, **form)
                    outputs.append(state[0])
                both.append(np.array(outputs[:: -1 if direction else 1]))
                for part, wanted in zip(parts_of(last), state, strict=True):
                    actual = part.numpy()[2 * number + direction, n]
                    np.testing.assert_allclose(actual, wanted, rtol=1e-10)
            sequence = np.concatenate(both, axis=1)
        np.testing.assert_allclose(unpack_sequence(output)[n].numpy(), sequence, rtol=1e-10)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    ("kind", "plain"), [(nn.LSTMVariant, nn.LSTM), (nn.GRUVariant, nn.GRU)], ids=["LSTM", "GRU"]
)
def test_the_defaults_are_the_usual_layers(kind, plain, batch_first):
    options = {"num_layers": 2, "bidirectional": True, "batch_first": batch_first}
    ours, usual = made(kind, 3, 4, **options), made(plain, 3, 4, **options)
    usual.load_state_dict(ours.state_dict())
    for x in (normal(6, 2, 3), normal(6, 3)):
        for actual, expected in zip(ours(x), usual(x), strict=True):
            for part, wanted in zip(parts_of(actual), parts_of(expected), strict=True):
                np.testing.assert_allclose(part.numpy(), wanted.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_roles_of_z_change_with_the_sign_of_its_rows(reset_after):
    keeps = made(nn.GRUVariant, 3, 4, num_layers=2, reset_after=reset_after)
    replaces = made(nn.GRUVariant, 3, 4, num_layers=2, reset_after=reset_after, z_keeps=False)
    sign = np.repeat([1.0, -1.0, 1.0], 4)
    state = {k: (v.numpy().T * sign).T for k, v in keeps.state_dict().items()}
    replaces.load_state_dict(state)
    x = normal(6, 2, 3)
    np.testing.assert_allclose(replaces(x)[0].numpy(), keeps(x)[0].numpy(), rtol=1e-12)


@pytest.mark.parametrize(("kind", "form"), LAYERS)
def test_gradients(kind, form):
    layer = made(kind, 2, 2, bidirectional=True, **form)
    x = as_tensor(normal(3, 2, 2)).requires_grad_()
    assert gradcheck(lambda x, *_: layer(x)[0], (x, *layer.parameters()))


@pytest.mark.parametrize(("kind", "form"), [*LAYERS, *CELLS])
def test_state_round_trip(kind, form):
    first, second = made(kind, 3, 4, **form), kind(3, 4, dtype=np.float64, **form)
    second.load_state_dict(first.state_dict())
    x = normal(2, 3)
    for a, b in zip(parts_of(first(x)), parts_of(second(x)), strict=True):
        for part, wanted in zip(parts_of(a), parts_of(b), strict=True):
            np.testing.assert_array_equal(part.numpy(), wanted.numpy())
    assert any("peephole" in name for name in first.state_dict()) == form.get("peephole", False)


def test_a_form_shows_what_is_not_usual():
    assert repr(nn.LSTMVariant(3, 4, coupled=True)) == "LSTMVariant(3, 4, coupled=True)"
    assert repr(nn.GRUVariantCell(3, 4, z_keeps=False)) == "GRUVariantCell(3, 4, z_keeps=False)"


RECURRENT = [
    (nn.RNN, 3),
    (nn.LSTM, 3),
    (nn.GRU, 3),
    (nn.LSTMVariant, 3),
    (nn.RNNCell, 2),
    (nn.LSTMCell, 2),
    (nn.GRUVariantCell, 2),
]


@pytest.mark.parametrize(("kind", "ndim"), RECURRENT)
def test_learned_states_are_the_first_states_of_all_sequences(kind, ndim):
    layer = nn.LearnedState(made(kind, 3, 4))
    x = normal(5, 2, 3) if ndim == 3 else normal(2, 3)
    plain = layer.recurrent(x)
    parts = [p for name, p in layer.named_parameters() if name in ("h0", "c0")]
    for a, b in zip(parts_of(layer(x)), parts_of(plain), strict=True):
        np.testing.assert_array_equal(parts_of(a)[0].numpy(), parts_of(b)[0].numpy())
    for k, part in enumerate(parts):
        part.numpy()[...] = normal(*part.shape, seed=k)
    for single in (False, True):
        states = [p.numpy().squeeze(-2) if single else p.numpy().repeat(2, -2) for p in parts]
        now = (x[:, 0] if ndim == 3 else x[0]) if single else x
        given = tuple(map(as_tensor, states)) if len(states) == 2 else states[0]
        for a, b in zip(parts_of(layer(now)), parts_of(layer.recurrent(now, given)), strict=True):
            np.testing.assert_array_equal(parts_of(a)[0].numpy(), parts_of(b)[0].numpy())


@pytest.mark.parametrize(("kind", "ndim"), RECURRENT)
def test_gradients_of_learned_states(kind, ndim):
    layer = nn.LearnedState(made(kind, 2, 2))
    x = normal(3, 2, 2) if ndim == 3 else normal(2, 2)
    parts = [p for name, p in layer.named_parameters() if name in ("h0", "c0")]
    assert len(parts) == (2 if "LSTM" in kind.__name__ else 1)
    assert gradcheck(lambda *_: parts_of(layer(x))[0], tuple(parts))


def test_learned_states_of_packed_and_continued_sequences():
    layer = nn.LearnedState(made(nn.GRU, 3, 4, batch_first=True))
    layer.h0.numpy()[...] = normal(1, 1, 4)
    sequences = [as_tensor(normal(length, 3, seed=length)) for length in (2, 4)]
    output, _ = layer(pack_sequence(sequences, enforce_sorted=False))
    assert isinstance(output, PackedSequence)
    for result, sequence in zip(unpack_sequence(output), sequences, strict=True):
        expected, _ = layer(sequence.unsqueeze(0))
        np.testing.assert_allclose(result.numpy(), expected.numpy()[0], rtol=1e-12)
    whole, _ = layer(sequences[1])
    first, state = layer(sequences[1][:2])
    second, _ = layer(sequences[1][2:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole.numpy(), rtol=1e-12)


def test_learned_states_are_saved():
    layer, other = (nn.LearnedState(nn.LSTM(3, 4)) for _ in range(2))
    layer.c0.numpy()[...] = 2.0
    other.load_state_dict(layer.state_dict())
    assert other.c0.tolist() == [[[2.0] * 4]]
    assert {"h0", "c0", "recurrent.weight_hh_l0"} <= set(layer.state_dict())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.LSTMVariant(0, 2), ValueError, "input_size must be at least 1, got 0"),
        (lambda: nn.GRUVariantCell(2, 0), ValueError, "hidden_size must be at least 1, got 0"),
        (lambda: nn.GRUVariant(2, 3)(normal(4, 2, 5)), ValueError, "input must have 2 features"),
        (
            lambda: nn.LSTMVariant(2, 3)(normal(4, 2, 2), (normal(1, 2, 3), normal(1, 3, 3))),
            ValueError,
            r"c of hx must have shape \(1, 2, 3\), got \(1, 3, 3\)",
        ),
        (lambda: nn.LearnedState(nn.Linear(2, 2)), TypeError, "recurrent must be .*, got Linear"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
