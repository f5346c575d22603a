"""What holds for layers on their own: refusals, gradients, state, randomness."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor, gradcheck, gradgradcheck, no_grad, random, tensor

F = nn.functional


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


CHECKED = {
    "Linear": (lambda: nn.Linear(4, 3), (2, 4)),
    "Conv2d": (lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), (2, 2, 5, 4)),
    "Conv2d reflected": (
        lambda: nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
        (1, 2, 4, 3),
    ),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, 3, 2, 1, 1), (2, 2, 3, 2)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), (2, 2, 4, 4)),
    "AvgPool2d": (lambda: nn.AvgPool2d(2, 1, 1, count_include_pad=False), (1, 2, 3, 3)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), (1, 2, 5, 4)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), (4, 3)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(2), (2, 2, 3, 2)),
    "LSTM": (lambda: nn.LSTM(3, 2, 2, bidirectional=True), (3, 2, 3)),
    "GRU": (lambda: nn.GRU(3, 2, 2, bidirectional=True), (3, 2, 3)),
    "RNN": (lambda: nn.RNN(3, 2, 2, bidirectional=True), (3, 2, 3)),
    "GELU": (lambda: nn.GELU(), (3, 4)),
    "Softplus": (lambda: nn.Softplus(2.0), (3, 4)),
    "Softmax": (lambda: nn.Softmax(1), (3, 4)),
}


@pytest.mark.parametrize("name", CHECKED)
def test_gradients_of_input_and_parameters(name):
    make, shape = CHECKED[name]
    layer = make().double()
    parameters = list(layer.parameters())

    def run(x, *values):
        # gradcheck varies the very parameters, which it was given.
        output = layer(x)
        return output[0] if isinstance(output, tuple) else output

    x = as_tensor(normal(*shape)).requires_grad_()
    assert gradcheck(run, (x, *parameters))


def test_gradients_of_unpooling():
    values, indices = nn.MaxPool2d(2, return_indices=True)(normal(1, 2, 4, 4))
    unpool = nn.MaxUnpool2d(2)
    assert gradcheck(lambda v: unpool(v, indices), (values.detach().requires_grad_(),))


BAD_CALLS = [
    (lambda: nn.Linear(3, 2)(normal(2, 4)), RuntimeError, r"weight: expected shape \(\*, 4\)"),
    (lambda: nn.Conv2d(2, 4, 3, groups=0), ValueError, "groups must be at least 1, got 0"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "in_channels must be divisible"),
    (lambda: nn.Conv2d(2, 3, 3, groups=2), ValueError, "out_channels must be divisible"),
    (lambda: nn.Conv2d(2, 3, "3"), ValueError, "kernel_size must be an int or a pair"),
    (lambda: nn.Conv2d(2, 3, (1, 2, 3)), ValueError, "kernel_size must be an int or a pair"),
    (lambda: nn.Conv2d(2, 3, 3, padding="full"), ValueError, "padding must be 'same', 'valid'"),
    (lambda: nn.Conv2d(2, 3, 3, 2, "same"), ValueError, "needs stride 1"),
    (lambda: nn.Conv2d(2, 3, 3, padding_mode="x"), ValueError, "padding_mode must be"),
    (lambda: nn.Conv2d(2, 3, 3, stride=0)(normal(1, 2, 5, 5)), ValueError, "stride"),
    (lambda: nn.Conv2d(2, 3, 3)(normal(1, 2, 2, 5)), ValueError, "kernel"),
    (lambda: nn.Conv2d(2, 3, 3)(normal(1, 4, 5, 5)), ValueError, "channel"),
    (
        lambda: nn.ConvTranspose2d(2, 3, 3, padding_mode="reflect"),
        ValueError,
        "padding_mode must be 'zeros'",
    ),
    (
        lambda: nn.ConvTranspose2d(2, 3, 3, 2)(normal(1, 2, 4, 4), output_size=(20, 9)),
        ValueError,
        r"cannot be reached .*between \(9, 9\) and \(10, 10\)",
    ),
    (
        lambda: nn.ConvTranspose2d(2, 3, 3, 2)(normal(1, 2, 4, 4), output_size=(9,)),
        ValueError,
        "output_size must have 2 or 4 entries",
    ),
    (lambda: nn.MaxPool2d(0)(normal(1, 2, 4, 4)), ValueError, "kernel_size"),
    (lambda: nn.MaxPool2d(2, padding=2)(normal(1, 2, 4, 4)), ValueError, "padding"),
    (lambda: nn.AvgPool2d(2)(normal(4, 4)), (RuntimeError, ValueError), "input"),
    (lambda: nn.BatchNorm2d(2)(normal(3, 2)), ValueError, "input must be 4-D"),
    (lambda: nn.BatchNorm1d(2)(normal(3, 2, 2, 2)), ValueError, "input must be 2-D or 3-D"),
    (lambda: nn.BatchNorm1d(2)(normal(1, 2)), ValueError, "more than one value per channel"),
    (lambda: nn.Dropout(1.5), ValueError, r"p must be in \[0, 1\]"),
    (lambda: nn.Hardtanh(1.0, -1.0), ValueError, "must be below"),
    (lambda: nn.Softmax()(normal(2, 2)), TypeError, "dim"),
    (lambda: nn.Embedding(3, 2, padding_idx=3), ValueError, "padding_idx 3 is outside of 3"),
    (lambda: nn.Embedding(3, 2, _weight=tensor([[1.0]])), ValueError, "must have shape"),
    (lambda: nn.Embedding(3, 2)(np.array([0.5])), TypeError, "expected integers, got float"),
    (lambda: nn.LSTM(0, 3), ValueError, "input_size must be at least 1"),
    (lambda: nn.LSTM(3, 3, 0), ValueError, "num_layers must be at least 1"),
    (lambda: nn.LSTM(3, 3, dropout=-1), ValueError, "dropout must be in"),
    (lambda: nn.LSTM(3, 3, proj_size=3), ValueError, r"proj_size must be in \[0, 3\)"),
    (lambda: nn.RNN(3, 3, nonlinearity="sin"), ValueError, "nonlinearity must be"),
    (lambda: nn.RNNCell(3, 3, nonlinearity="sin"), ValueError, "nonlinearity must be"),
    (lambda: nn.GRU(3, 3)(normal(5, 2, 3), normal(1, 2, 4)), ValueError, "hx must have shape"),
    (lambda: nn.LSTM(3, 3)(normal(3)), ValueError, "2-D or 3-D"),
    (lambda: nn.LSTM(3, 3)(normal(5, 2, 4)), ValueError, "must have 3 features"),
    (
        lambda: nn.LSTM(3, 3)(normal(5, 2, 3), (normal(1, 2, 4), normal(1, 2, 3))),
        ValueError,
        r"h of hx must have shape \(1, 2, 3\), got \(1, 2, 4\)",
    ),
    (lambda: nn.LSTM(3, 3)(normal(5, 2, 3), normal(1, 2, 3)), ValueError, "hx must be a pair"),
    (lambda: nn.LSTMCell(3, 3)(normal(5, 2, 3)), ValueError, r"\(B, I\) or \(I,\)"),
    (lambda: nn.MSELoss(reduction="all"), ValueError, "reduction"),
    (lambda: nn.MaxUnpool2d(2)(normal(1, 1, 1, 1), np.array([[[[4]]]])), IndexError, "4"),
    (lambda: nn.MaxUnpool2d(2)(normal(1, 1, 1, 1), np.array([[[[-1]]]])), IndexError, "-1"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD_CALLS)
def test_bad_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


BAD_INDICES = [-1, 7, 2**32 + 3, np.iinfo(np.int64).min]


@pytest.mark.parametrize("bad", BAD_INDICES)
def test_bad_indices_raise(bad):
    index = np.array([0, bad, 1])
    with pytest.raises(IndexError, match=str(bad)):
        nn.Embedding(7, 2)(index)
    with pytest.raises(IndexError, match=str(bad)):
        F.one_hot(index, 7)
    with pytest.raises(IndexError, match=str(bad)):
        nn.CrossEntropyLoss()(normal(3, 7), index)
    with pytest.raises(IndexError, match=str(bad)):
        nn.NLLLoss()(normal(3, 7), index)


def test_tensors_of_another_dtype_are_refused():
    x = as_tensor(normal(2, 3, 5, 5))
    layers = (nn.Conv2d(3, 2, 3), nn.ConvTranspose2d(3, 2, 3), nn.BatchNorm2d(3), nn.Linear(5, 2))
    for layer in layers:
        with pytest.raises((RuntimeError, TypeError), match="float32.*float64|float64.*float32"):
            layer(x)
    for layer in (nn.LSTM(3, 2), nn.LSTMCell(3, 2)):
        with pytest.raises(TypeError, match="expected float64 as the other arrays, got float32"):
            layer(as_tensor(normal(4, 3)))


def test_integers_are_cast_where_they_are_computed_with():
    images = np.random.default_rng(0).integers(0, 255, (2, 1, 6, 6), dtype=np.uint8)
    for layer in (nn.Conv2d(1, 2, 3), nn.BatchNorm2d(1), nn.Sequential(nn.Conv2d(1, 2, 3))):
        assert layer(images).dtype == np.float32


def test_targets_take_the_prediction_s_dtype():
    prediction = tensor([1.0, 2.0])
    assert nn.MSELoss()(prediction, np.array([1.0, 4.0])).dtype == np.float32


def test_batches_are_counted_and_statistics_follow():
    layer, x = nn.BatchNorm1d(2).double(), normal(50, 2) * 3 + 1
    layer(x)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * x.mean(0))
    np.testing.assert_allclose(layer.running_var.numpy(), 0.9 + 0.1 * x.var(0, ddof=1))
    layer.eval()(x)
    assert layer.num_batches_tracked.item() == 1
    layer.reset_running_stats()
    assert layer.num_batches_tracked.item() == 0
    assert (layer.running_var.numpy() == 1).all()


def test_old_checkpoints_without_the_counter_load():
    layer = nn.BatchNorm2d(3)
    state = layer.state_dict()
    del state["num_batches_tracked"]
    assert layer.load_state_dict(state).missing_keys == []


def test_dropout_is_seeded_and_scaled():
    layer, x = nn.Dropout(0.25), np.ones((200, 200), np.float32)
    random.manual_seed(1)
    first = layer(x).numpy().copy()
    random.manual_seed(1)
    np.testing.assert_array_equal(layer(x).numpy(), first)
    assert set(np.unique(first)) == {np.float32(0), np.float32(4 / 3)}
    assert abs((first == 0).mean() - 0.25) < 0.02
    np.testing.assert_array_equal(layer.eval()(x).numpy(), x)
    assert (nn.Dropout(1.0)(x).numpy() == 0).all()


def test_lstm_drops_between_layers_in_training_only():
    random.manual_seed(0)
    lstm, x = nn.LSTM(3, 8, 2, dropout=1.0), normal(4, 2, 3)
    dropped, _ = lstm(x)
    lstm.eval()
    kept, (h, _) = lstm(x)
    assert np.abs(dropped.numpy() - kept.numpy()).max() > 1e-3
    np.testing.assert_allclose(kept.numpy()[-1], h.numpy()[-1])


def test_embedding_from_a_table():
    table = normal(4, 3)
    layer = nn.Embedding.from_pretrained(table, padding_idx=1)
    assert not layer.weight.requires_grad
    np.testing.assert_array_equal(layer(np.array([2, 0])).numpy(), table[[2, 0]])
    with pytest.raises(ValueError, match="2-D"):
        nn.Embedding.from_pretrained(table[0])


def test_second_derivatives_of_embedding():
    index = np.array([[0, 2], [2, 1]])
    table = as_tensor(normal(3, 2)).requires_grad_()

    def run(weight):
        return F.embedding(index, weight) ** 2

    assert gradcheck(run, (table,))
    assert gradgradcheck(run, (table,))


def test_one_hot():
    assert F.one_hot(np.array([[2, 0]])).tolist() == [[[0, 0, 1], [1, 0, 0]]]
    assert F.one_hot(tensor([1]), 3).tolist() == [[0, 1, 0]]
    assert F.one_hot(np.zeros(0, np.int64), 4).shape == (0, 4)
    with pytest.raises(TypeError, match="expected integers"):
        F.one_hot(np.array([0.0]))


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(3, 2), nn.Conv2d(3, 2, 1), nn.BatchNorm2d(3), nn.MaxPool2d(1), nn.ReLU()],
    ids=lambda layer: type(layer).__name__,
)
def test_empty_batches(layer):
    shape = (0, 3) if isinstance(layer, nn.Linear) else (0, 3, 4, 4)
    assert layer(np.zeros(shape)).shape[0] == 0


def test_an_empty_batch_leaves_the_running_statistics():
    layer = nn.BatchNorm1d(3)
    layer(np.zeros((0, 3))).sum().backward()
    assert layer.running_mean.tolist() == [0.0] * 3
    assert layer.running_var.tolist() == [1.0] * 3
    assert layer.num_batches_tracked.item() == 1
    assert layer.weight.grad.tolist() == [0.0] * 3


def test_layers_without_recording():
    with no_grad():
        assert not nn.Linear(3, 2)(normal(1, 3)).requires_grad
