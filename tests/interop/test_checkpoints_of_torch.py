"""A checkpoint that PyTorch trained, as safetensors, gives the same outputs here."""

from collections import OrderedDict

import numpy as np
import pytest

import einkorn as ek
from einkorn import models, nn

torch = pytest.importorskip("torch")
save_file = pytest.importorskip("safetensors.torch").save_file

RTOL = 1e-4


def scrambled(module, seed):
    """Give every parameter and buffer a value that no initialisation has."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                scale = 0.5 / max(1, tensor[0].numel()) ** 0.5 if tensor.dim() > 1 else 0.2
                noise = torch.randn(tensor.shape, generator=generator)
                tensor.copy_(noise * scale if tensor.dim() > 1 else 1 + scale * noise.tanh())
    return module.eval()


def carried(theirs, ours, folder):
    """Load their state from a file into our module."""
    path = folder / "model.safetensors"
    save_file(theirs.state_dict(), path)
    ours.load_state_dict(ek.load(path))
    return ours.eval()


def assert_close(ours, theirs):
    """Compare within the tolerance of a checkpoint in float32."""
    reference = theirs.detach().numpy()
    np.testing.assert_allclose(ours.numpy(), reference, RTOL, RTOL * np.abs(reference).max())


def inputs(*shape):
    """Return the same standard normal numbers in every run."""
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def lenet5_of_torch():
    """LeNet-5 as its paper draws it, in PyTorch."""
    conv, pool, tanh = torch.nn.Conv2d, torch.nn.AvgPool2d, torch.nn.Tanh
    features = OrderedDict(
        conv1=conv(1, 6, 5), tanh1=tanh(), pool1=pool(2),
        conv2=conv(6, 16, 5), tanh2=tanh(), pool2=pool(2),
        conv3=conv(16, 120, 5), tanh3=tanh(),
    )  # fmt: skip
    classifier = OrderedDict(fc1=torch.nn.Linear(120, 84), tanh=tanh(), fc2=torch.nn.Linear(84, 10))
    return torch.nn.Sequential(
        OrderedDict(
            features=torch.nn.Sequential(features),
            flatten=torch.nn.Flatten(),
            classifier=torch.nn.Sequential(classifier),
        )
    )


class BlockOfTorch(torch.nn.Module):
    """Two 3×3 convolutions beside a skip, with torchvision's names."""

    def __init__(self, inplanes, planes, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(planes)
        self.conv2 = torch.nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inplanes != planes:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(inplanes, planes, 1, stride, bias=False),
                torch.nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + skip).relu()


def resnet18_of_torch():
    """Return ResNet-18 (He et al., 2016) with torchvision's names."""
    layers = OrderedDict(
        conv1=torch.nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        bn1=torch.nn.BatchNorm2d(64),
        relu=torch.nn.ReLU(),
        maxpool=torch.nn.MaxPool2d(3, 2, 1),
    )
    inplanes = 64
    for stage, planes in enumerate((64, 128, 256, 512), start=1):
        stride = 1 if stage == 1 else 2
        layers[f"layer{stage}"] = torch.nn.Sequential(
            BlockOfTorch(inplanes, planes, stride), BlockOfTorch(planes, planes, 1)
        )
        inplanes = planes
    layers.update(
        avgpool=torch.nn.AdaptiveAvgPool2d(1),
        flatten=torch.nn.Flatten(),
        fc=torch.nn.Linear(512, 1000),
    )
    return torch.nn.Sequential(layers)


@pytest.mark.parametrize(
    ("theirs", "ours", "shape"),
    [
        (lenet5_of_torch, models.lenet5, (4, 1, 32, 32)),
        (resnet18_of_torch, models.resnet18, (2, 3, 96, 96)),
    ],
    ids=["lenet5", "resnet18"],
)
def test_convolutional_network(theirs, ours, shape, tmp_path):
    reference = scrambled(theirs(), 0)
    model = carried(reference, ours(), tmp_path)
    x = inputs(*shape)
    assert_close(model(x), reference(torch.from_numpy(x)))


def test_bidirectional_lstm_of_two_layers(tmp_path):
    sizes = {"num_layers": 2, "bidirectional": True}
    reference = scrambled(torch.nn.LSTM(12, 20, **sizes), 1)
    model = carried(reference, nn.LSTM(12, 20, **sizes), tmp_path)
    x = inputs(7, 3, 12)
    output, states = model(x)
    expected, expected_states = reference(torch.from_numpy(x))
    assert_close(output, expected)
    for state, wanted in zip(states, expected_states, strict=True):
        assert_close(state, wanted)


def test_multi_head_attention(tmp_path):
    reference = scrambled(torch.nn.MultiheadAttention(16, 4), 2)
    model = carried(reference, nn.MultiheadAttention(16, 4), tmp_path)
    query, key = inputs(5, 2, 16), inputs(9, 2, 16)
    output, weights = model(query, key, key)
    expected, expected_weights = reference(*map(torch.from_numpy, (query, key, key)))
    assert_close(output, expected)
    assert_close(weights, expected_weights)
