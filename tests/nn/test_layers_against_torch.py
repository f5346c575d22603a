"""Every layer gives PyTorch's values, gradients, state and text."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor
from einkorn.testing.tolerances import assert_close

torch = pytest.importorskip("torch")

FEATURES = [(5, 6), (2, 3, 6), (6,)]
IMAGES = [(2, 4, 9, 8), (4, 9, 8)]

# What the layer is called, its arguments, and shapes of input.
CASES = [
    ("Identity", (), FEATURES),
    ("Linear", (6, 4), FEATURES),
    ("Linear", (6, 4, False), FEATURES),
    ("Conv2d", (4, 6, 3), IMAGES),
    ("Conv2d", (4, 6, (3, 2), (2, 1), (0, 1)), IMAGES),
    ("Conv2d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "padding": "same"}, IMAGES),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 6, "kernel_size": (4, 3), "padding": "same"},
        IMAGES,
    ),
    ("Conv2d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "padding": "valid"}, IMAGES),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 8, "kernel_size": 3, "groups": 4, "bias": False},
        IMAGES,
    ),
    ("Conv2d", {"in_channels": 4, "out_channels": 2, "kernel_size": 2, "dilation": (2, 3)}, IMAGES),
    *(
        (
            "Conv2d",
            {
                "in_channels": 4,
                "out_channels": 3,
                "kernel_size": 3,
                "stride": 2,
                "padding": (2, 1),
                "padding_mode": mode,
            },
            IMAGES,
        )
        for mode in ("reflect", "replicate", "circular")
    ),
    (
        "Conv2d",
        {
            "in_channels": 4,
            "out_channels": 3,
            "kernel_size": (2, 4),
            "padding": "same",
            "padding_mode": "circular",
        },
        IMAGES,
    ),
    ("ConvTranspose2d", (4, 6, 3), IMAGES),
    ("ConvTranspose2d", (4, 6, 4, 2, 1), IMAGES),
    ("ConvTranspose2d", (4, 6, 3, (2, 3), 1, (1, 2), 2, False), IMAGES),
    (
        "ConvTranspose2d",
        {"in_channels": 4, "out_channels": 2, "kernel_size": 2, "dilation": 3},
        IMAGES,
    ),
    ("MaxPool2d", (2,), IMAGES),
    ("MaxPool2d", (3, 2, 1), IMAGES),
    ("MaxPool2d", {"kernel_size": (3, 2), "stride": 2, "dilation": 2, "ceil_mode": True}, IMAGES),
    ("AvgPool2d", (2,), IMAGES),
    ("AvgPool2d", (3, 2, 1), IMAGES),
    ("AvgPool2d", (3, 2, 1, True, False), IMAGES),
    ("AvgPool2d", {"kernel_size": (3, 2), "divisor_override": 5}, IMAGES),
    ("AdaptiveAvgPool2d", (1,), IMAGES),
    ("AdaptiveAvgPool2d", ((4, None),), IMAGES),
    ("AdaptiveAvgPool2d", ((10, 3),), IMAGES),
    ("BatchNorm1d", (6,), [(5, 6), (3, 6, 4)]),
    ("BatchNorm1d", {"num_features": 6, "momentum": None, "eps": 1e-2}, [(5, 6), (3, 6, 4)]),
    ("BatchNorm2d", (4,), IMAGES[:1]),
    ("BatchNorm2d", {"num_features": 4, "affine": False, "momentum": 0.3}, IMAGES[:1]),
    ("BatchNorm2d", {"num_features": 4, "bias": False}, IMAGES[:1]),
    ("BatchNorm2d", {"num_features": 4, "track_running_stats": False}, IMAGES[:1]),
    ("Dropout", (0.0,), FEATURES),
    ("Flatten", (), IMAGES),
    ("Flatten", (0, 1), IMAGES),
    ("Unflatten", (1, (2, -1)), IMAGES[:1]),
    ("Unflatten", (-1, (2, 4)), IMAGES),
    ("ReLU", (), FEATURES),
    ("ReLU6", (), FEATURES),
    ("LeakyReLU", (0.2,), FEATURES),
    ("ELU", (1.5,), FEATURES),
    ("CELU", (1.5,), FEATURES),
    ("SELU", (), FEATURES),
    ("GELU", (), FEATURES),
    ("GELU", ("tanh",), FEATURES),
    ("SiLU", (), FEATURES),
    ("Mish", (), FEATURES),
    ("Sigmoid", (), FEATURES),
    ("LogSigmoid", (), FEATURES),
    ("Tanh", (), FEATURES),
    ("Hardtanh", (-0.5, 0.7), FEATURES),
    ("Softplus", (2.0, 1.0), FEATURES),
    ("Softsign", (), FEATURES),
    ("Hardshrink", (0.3,), FEATURES),
    ("Softshrink", (0.3,), FEATURES),
    ("Tanhshrink", (), FEATURES),
    ("Threshold", (0.1, 2.0), FEATURES),
    ("Hardswish", (), FEATURES),
    ("PReLU", (), FEATURES),
    ("PReLU", (4, 0.1), IMAGES[:1]),
    ("GLU", (), FEATURES),
    ("Softmin", (-1,), FEATURES),
    ("Softmax2d", (), IMAGES),
    ("LayerNorm", (6,), FEATURES),
    ("LayerNorm", ((9, 8), 1e-3, True, False), IMAGES),
    ("LayerNorm", (6, 1e-5, False), FEATURES),
    ("RMSNorm", (6,), FEATURES),
    ("RMSNorm", ((9, 8), 0.1, False), IMAGES),
    ("GroupNorm", (2, 4), IMAGES[:1]),
    ("GroupNorm", (4, 4, 1e-3, False), IMAGES[:1]),
    ("InstanceNorm1d", (3,), [(2, 3, 6), (3, 6)]),
    ("InstanceNorm2d", (4, 1e-3, 0.2, True, True), IMAGES),
    ("InstanceNorm3d", (2,), [(2, 2, 3, 4, 2), (2, 3, 4, 2)]),
    ("BatchNorm3d", (2,), [(2, 2, 3, 4, 2)]),
    ("LocalResponseNorm", (3, 0.1), IMAGES[:1]),
    ("Unfold", (3, 1, 1, 2), IMAGES),
    ("Fold", ((5, 4), 2), [(2, 12, 12), (12, 12)]),
    ("PixelShuffle", (2,), IMAGES),
    ("PixelUnshuffle", (2,), [(2, 3, 4, 6), (3, 4, 6)]),
    ("ChannelShuffle", (2,), IMAGES[:1]),
    ("Upsample", (5,), [(2, 3, 4)]),
    ("Upsample", {"scale_factor": 1.5, "mode": "bilinear"}, IMAGES[:1]),
    ("Upsample", {"scale_factor": (2, 0.5), "mode": "nearest-exact"}, IMAGES[:1]),
    ("UpsamplingNearest2d", (None, 2), IMAGES[:1]),
    ("UpsamplingBilinear2d", ((5, 12),), IMAGES[:1]),
    ("Softmax", (-1,), FEATURES),
    ("Softmax", (0,), FEATURES),
    ("LogSoftmax", (-1,), FEATURES),
    ("LSTMCell", (6, 4), [(5, 6), (6,)]),
    ("LSTMCell", (6, 4, False), [(5, 6), (6,)]),
    ("LSTM", (6, 4), [(5, 3, 6), (5, 6)]),
    ("LSTM", (6, 4, 2, False), [(5, 3, 6), (5, 6)]),
    ("LSTM", (6, 4, 3, True, True), [(5, 3, 6), (5, 6)]),
    ("LSTM", {"input_size": 6, "hidden_size": 4, "bidirectional": True}, [(5, 3, 6), (5, 6)]),
    (
        "LSTM",
        {
            "input_size": 6,
            "hidden_size": 4,
            "num_layers": 2,
            "bidirectional": True,
            "batch_first": True,
        },
        [(5, 3, 6), (1, 1, 6)],
    ),
    ("LSTM", {"input_size": 6, "hidden_size": 5, "proj_size": 2}, [(5, 3, 6), (5, 6)]),
    (
        "LSTM",
        {
            "input_size": 6,
            "hidden_size": 5,
            "num_layers": 2,
            "bias": False,
            "bidirectional": True,
            "proj_size": 3,
        },
        [(4, 2, 6)],
    ),
    ("GRUCell", (6, 4), [(5, 6), (6,)]),
    ("GRUCell", (6, 4, False), [(5, 6), (6,)]),
    ("RNNCell", (6, 4), [(5, 6), (6,)]),
    ("RNNCell", (6, 4, False, "relu"), [(5, 6), (6,)]),
    *(
        (name, arguments, [(5, 3, 6), (5, 6)])
        for name in ("GRU", "RNN")
        for arguments in (
            (6, 4),
            {"input_size": 6, "hidden_size": 4, "num_layers": 2, "bias": False},
            {"input_size": 6, "hidden_size": 4, "batch_first": True, "bidirectional": True},
        )
    ),
    ("RNN", (6, 4, 2, "relu"), [(5, 3, 6), (5, 6)]),
]


def make(module, arguments):
    return module(**arguments) if isinstance(arguments, dict) else module(*arguments)


def flat(output):
    """Return the arrays of an output, which may be nested tuples."""
    if isinstance(output, tuple):
        return [part for item in output for part in flat(item)]
    return [output]


def twins(name, arguments, dtype):
    """Return a layer of einkorn and one of PyTorch with the same values."""
    torch.manual_seed(0)
    theirs = make(getattr(torch.nn, name), arguments).to(getattr(torch, dtype))
    ours = make(getattr(nn, name), arguments).to(dtype)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.uniform_(-0.7, 0.7)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    return ours, theirs


def compare(ours, theirs, inputs):
    """Run both forward and backward and compare everything that comes out."""
    our_inputs = [as_tensor(x.copy()).requires_grad_() for x in inputs]
    their_inputs = [torch.tensor(x, requires_grad=True) for x in inputs]
    our_outputs, their_outputs = flat(ours(*our_inputs)), flat(theirs(*their_inputs))
    assert len(our_outputs) == len(their_outputs)
    our_sum = their_sum = 0
    source = np.random.default_rng(2)
    for our, their in zip(our_outputs, their_outputs, strict=True):
        assert our.dtype == inputs[0].dtype
        assert_close(our.numpy(), their.detach().numpy(), what="output")
        weight = source.normal(size=our.shape).astype(our.dtype)
        our_sum = our_sum + (our * as_tensor(weight)).sum()
        their_sum = their_sum + (their * torch.tensor(weight)).sum()
    our_sum.backward()
    their_sum.backward()
    for our, their in zip(our_inputs, their_inputs, strict=True):
        assert_close(our.grad.numpy(), their.grad.numpy(), what="gradient of the input")
    their_parameters = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        expected = their_parameters[name].grad.numpy()
        assert_close(parameter.grad.numpy(), expected, what=f"gradient of {name}")
    for name, buffer in theirs.named_buffers():
        assert_close(ours.get_buffer(name).numpy(), buffer.numpy(), what=name)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "shapes"), CASES, ids=str)
def test_layer_equals(name, arguments, shapes, dtype):
    source = np.random.default_rng(1)
    for shape in shapes:
        ours, theirs = twins(name, arguments, dtype)
        compare(ours, theirs, [source.normal(size=shape).astype(dtype)])
        ours.zero_grad()
        theirs.zero_grad()
        compare(ours.eval(), theirs.eval(), [source.normal(size=shape).astype(dtype)])


@pytest.mark.parametrize(("name", "arguments", "shapes"), CASES, ids=str)
def test_text_equals(name, arguments, shapes):
    assert repr(make(getattr(nn, name), arguments)) == repr(
        make(getattr(torch.nn, name), arguments)
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ReLU", (True,)),
        ("ReLU6", (True,)),
        ("LeakyReLU", (0.1, True)),
        ("Hardtanh", (-1.0, 1.0, True)),
        ("Dropout", (0.3, True)),
    ],
)
def test_text_names_inplace(name, arguments):
    assert repr(getattr(nn, name)(*arguments)) == repr(getattr(torch.nn, name)(*arguments))


def test_text_of_nested_modules_equals():
    def build(module):
        return module.Sequential(
            module.ModuleList([module.ReLU(), module.ReLU(), module.Linear(1, 2)]),
            module.Sequential(module.Sequential(module.Tanh()), module.Sequential()),
            module.ModuleDict({"a": module.LSTM(2, 3, proj_size=0), "b": module.Dropout()}),
            module.CrossEntropyLoss(),
        )

    assert repr(build(nn)) == repr(build(torch.nn))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("shape", [(5, 3, 6), (5, 6)])
def test_lstm_with_a_state_equals(shape, batch_first):
    arguments = {
        "input_size": 6,
        "hidden_size": 4,
        "num_layers": 2,
        "bidirectional": True,
        "batch_first": batch_first,
    }
    ours, theirs = twins("LSTM", arguments, "float64")
    batch = () if len(shape) == 2 else (shape[0 if batch_first else 1],)
    source = np.random.default_rng(3)
    arrays = [source.normal(size=s) for s in (shape, (4, *batch, 4), (4, *batch, 4))]

    class WithState:
        def __init__(self, lstm):
            self.lstm = lstm

        def __getattr__(self, name):
            return getattr(self.lstm, name)

        def __call__(self, x, h, c):
            return self.lstm(x, (h, c))

    compare(WithState(ours), WithState(theirs), arrays)
    output, _ = ours(arrays[0], (arrays[1].astype(np.float32), arrays[2]))
    assert output.dtype == np.float64


def test_lstm_cell_with_a_state_equals():
    ours, theirs = twins("LSTMCell", (6, 4), "float64")
    source = np.random.default_rng(3)
    x, h, c = (source.normal(size=s) for s in ((5, 6), (5, 4), (5, 4)))
    expected = theirs(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    for our, their in zip(ours(x, (h, c)), expected, strict=True):
        assert_close(our.numpy(), their.detach().numpy())
    for our, their in zip(
        ours(x[0], (h[0], c[0])),
        theirs(torch.tensor(x[0]), (torch.tensor(h[0]), torch.tensor(c[0]))),
        strict=True,
    ):
        assert_close(our.numpy(), their.detach().numpy())


def packed(x, lengths, module, enforce_sorted):
    tools = torch.nn.utils.rnn if module is torch else nn.utils.rnn
    return tools.pack_padded_sequence(x, lengths, enforce_sorted=enforce_sorted)


@pytest.mark.parametrize("lengths", [[5, 3, 3, 1], [2, 5, 1, 4]], ids=str)
@pytest.mark.parametrize(
    ("name", "options"),
    [("LSTM", {}), ("LSTM", {"proj_size": 2}), ("GRU", {}), ("RNN", {"nonlinearity": "relu"})],
    ids=str,
)
@pytest.mark.parametrize("with_state", [False, True])
def test_sequences_of_unequal_lengths_equal(name, options, lengths, with_state):
    options = {"input_size": 6, "hidden_size": 4, "num_layers": 2, "bidirectional": True} | options
    ours, theirs = twins(name, options, "float64")
    in_order = lengths[0] == max(lengths)
    source = np.random.default_rng(4)
    arrays = [source.normal(size=(5, 4, 6))]
    if with_state:
        arrays.append(source.normal(size=(4, 4, options.get("proj_size", 4))))
        arrays += [source.normal(size=(4, 4, 4))] if name == "LSTM" else []

    class Packed:
        def __init__(self, layer, module):
            self.layer, self.module = layer, module

        def __getattr__(self, name):
            return getattr(self.layer, name)

        def __call__(self, x, *state):
            hx = (state if name == "LSTM" else state[0]) if state else None
            output, last = self.layer(packed(x, lengths, self.module, in_order), hx)
            tools = torch.nn.utils.rnn if self.module is torch else nn.utils.rnn
            padded, _ = tools.pad_packed_sequence(output)
            return padded, output.data, last

    compare(Packed(ours, nn), Packed(theirs, torch), arrays)


@pytest.mark.parametrize("output_size", [(17, 16), (2, 6, 18, 15), None])
def test_transposed_convolution_reaches_a_size(output_size):
    ours, theirs = twins("ConvTranspose2d", (4, 6, 3, 2, 1), "float64")
    x = np.random.default_rng(0).normal(size=(2, 4, 9, 8))
    expected = theirs(torch.tensor(x), output_size=output_size).detach().numpy()
    assert_close(ours(x, output_size=output_size).numpy(), expected)


@pytest.mark.parametrize("output_size", [None, (9, 8), (2, 4, 9, 8)])
@pytest.mark.parametrize("arguments", [(2,), ((2, 3), (2, 1))], ids=str)
def test_unpooling_equals(arguments, output_size):
    x = np.random.default_rng(0).normal(size=(2, 4, 9, 8))
    values, indices = nn.MaxPool2d(*arguments, return_indices=True)(x)
    pooled = torch.nn.MaxPool2d(*arguments, return_indices=True)
    their_values, their_indices = pooled(torch.tensor(x))
    np.testing.assert_array_equal(indices.numpy(), their_indices.numpy())
    theirs = torch.nn.MaxUnpool2d(*arguments)(their_values, their_indices, output_size)
    ours = nn.MaxUnpool2d(*arguments)(values, indices, output_size)
    assert_close(ours.numpy(), theirs.numpy())
    assert repr(nn.MaxUnpool2d(*arguments)) == repr(torch.nn.MaxUnpool2d(*arguments))


EMBEDDINGS = [
    {},
    {"padding_idx": 2},
    {"padding_idx": -1, "scale_grad_by_freq": True},
    {"max_norm": 1.0},
    {"max_norm": 0.5, "norm_type": 1.0},
    {"scale_grad_by_freq": True},
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("arguments", EMBEDDINGS, ids=str)
def test_embedding_equals(arguments, dtype):
    arguments = {"num_embeddings": 7, "embedding_dim": 3} | arguments
    ours, theirs = twins("Embedding", arguments, dtype)
    assert repr(ours) == repr(theirs)
    index = np.array([[0, 2, 2, 6], [5, 2, 6, 0]])
    weight = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(dtype)
    our, their = ours(index), theirs(torch.tensor(index))
    assert_close(our.numpy(), their.detach().numpy())
    (our * as_tensor(weight)).sum().backward()
    (their * torch.tensor(weight)).sum().backward()
    assert_close(ours.weight.grad.numpy(), theirs.weight.grad.numpy())
    assert_close(ours.weight.numpy(), theirs.weight.detach().numpy())


# Losses: arguments, shape of the input, kind of the target.
LOSSES = [
    ("L1Loss", {}, (5, 6), "real"),
    ("MSELoss", {}, (5, 6), "real"),
    ("SmoothL1Loss", {"beta": 0.5}, (5, 6), "real"),
    ("HuberLoss", {"delta": 0.5}, (5, 6), "real"),
    ("BCELoss", {}, (5, 6), "binary"),
    ("BCELoss", {"weight": np.linspace(0.5, 2, 6)}, (5, 6), "binary"),
    ("BCEWithLogitsLoss", {}, (5, 6), "binary"),
    (
        "BCEWithLogitsLoss",
        {"weight": np.linspace(0.5, 2, 6), "pos_weight": np.linspace(3, 1, 6)},
        (5, 6),
        "binary",
    ),
    ("NLLLoss", {}, (5, 6), "class"),
    ("NLLLoss", {"weight": np.linspace(0.5, 2, 6), "ignore_index": 1}, (5, 6), "class"),
    ("CrossEntropyLoss", {}, (5, 6), "class"),
    ("CrossEntropyLoss", {}, (6,), "class"),
    ("CrossEntropyLoss", {}, (5, 6, 2, 3), "class"),
    ("CrossEntropyLoss", {"weight": np.linspace(0.5, 2, 6), "ignore_index": 1}, (5, 6), "class"),
    ("CrossEntropyLoss", {"label_smoothing": 0.2}, (5, 6), "class"),
    (
        "CrossEntropyLoss",
        {"label_smoothing": 0.2, "weight": np.linspace(0.5, 2, 6), "ignore_index": 1},
        (5, 6, 3),
        "class",
    ),
    ("CrossEntropyLoss", {}, (5, 6), "probabilities"),
    ("CrossEntropyLoss", {"label_smoothing": 0.2}, (5, 6, 3), "probabilities"),
]


def target_of(kind, shape, source):
    if kind == "class":
        without_classes = shape[:1] + shape[2:] if len(shape) > 1 else ()
        return source.integers(0, 6, without_classes)
    if kind == "binary":
        return source.integers(0, 2, shape).astype(float)
    values = source.uniform(size=shape)
    return values / values.sum(1, keepdims=True) if kind == "probabilities" else values


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "arguments", "shape", "kind"), LOSSES, ids=str)
def test_loss_equals(name, arguments, shape, kind, reduction):
    source = np.random.default_rng(0)
    x, target = source.normal(size=shape), target_of(kind, shape, source)
    if name == "BCELoss":
        x = 1 / (1 + np.exp(-x))
    ours = getattr(nn, name)(reduction=reduction, **arguments)
    theirs = getattr(torch.nn, name)(
        reduction=reduction,
        **{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in arguments.items()},
    )
    assert list(ours.state_dict()) == list(theirs.state_dict())
    our_x, their_x = as_tensor(x).requires_grad_(), torch.tensor(x, requires_grad=True)
    our, their = ours(our_x, target), theirs(their_x, torch.tensor(target))
    assert_close(our.numpy(), their.detach().numpy())
    our.sum().backward()
    their.sum().backward()
    assert_close(our_x.grad.numpy(), their_x.grad.numpy())


@pytest.mark.parametrize(
    "old",
    [
        {"size_average": False},
        {"reduce": False},
        {"size_average": True, "reduce": True},
    ],
)
def test_old_arguments_of_losses_mean_the_same(old):
    x, target = np.arange(4.0), np.ones(4)
    with pytest.warns(UserWarning):
        theirs = torch.nn.MSELoss(**old)
    expected = theirs(torch.tensor(x), torch.tensor(target)).numpy()
    assert_close(nn.MSELoss(**old)(x, target).numpy(), expected)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Linear", (300, 200)),
        ("Conv2d", (16, 64, 5)),
        ("Conv2d", (16, 64, 5, 1, 0, 1, 4)),
        ("ConvTranspose2d", (16, 64, 5)),
        ("LSTM", (40, 50)),
        ("LSTMCell", (40, 50)),
        ("LSTM", (40, 50, 1, True, False, 0.0, True, 20)),
        ("GRU", (40, 50)),
        ("RNN", (60, 90)),
        ("Embedding", (300, 40)),
    ],
)
def test_initial_distributions_equal(name, arguments):
    """The first draws have PyTorch's range and spread."""
    torch.manual_seed(0)
    theirs = dict(getattr(torch.nn, name)(*arguments).named_parameters())
    for key, parameter in getattr(nn, name)(*arguments).named_parameters():
        our, their = parameter.numpy(), theirs[key].detach().numpy()
        assert our.dtype == their.dtype
        if name != "Embedding":
            bound = np.abs(their).max()
            assert np.abs(our).max() == pytest.approx(bound, rel=0.3 if our.size < 100 else 0.06)
        error = 6 / np.sqrt(our.size)
        assert our.std() == pytest.approx(their.std(), rel=error)
        assert abs(our.mean()) < error * their.std()


def test_lenet_s_state_is_taken_over():
    """A whole network, trained a step there, gives the same there and here."""

    def build(module):
        return module.Sequential(
            module.Conv2d(1, 6, 5, padding=2),
            module.BatchNorm2d(6),
            module.Tanh(),
            module.AvgPool2d(2),
            module.Flatten(),
            module.Linear(6 * 14 * 14, 10),
        )

    theirs, ours = build(torch.nn), build(nn)
    images = np.random.default_rng(0).normal(size=(4, 1, 28, 28)).astype(np.float32)
    torch.nn.functional.cross_entropy(theirs(torch.tensor(images)), torch.arange(4)).backward()
    torch.optim.SGD(theirs.parameters(), lr=0.1).step()
    result = ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    assert not result.missing_keys
    assert not result.unexpected_keys
    expected = theirs.eval()(torch.tensor(images)).detach().numpy()
    assert_close(ours.eval()(images).numpy(), expected)
