"""Training steps and inference of whole networks, in einkorn and in PyTorch.

``networks(name)`` builds the same network with the same weights once a library and returns what
can be timed: ``{"einkorn": {"train": call, "infer": call}, "torch": {...}}``. A training step
clears the gradients, computes the loss of one fixed batch, its gradients and the optimiser's
step, and returns the loss; inference returns the outputs, in einkorn of a network prepared for it,
in PyTorch of one in evaluation and inference mode. einkorn bears PyTorch's names, so that one
description builds both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

import einkorn as ek
from einkorn import models, nn, optim  # noqa: F401 - ek.optim is imported when first used
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import torch

CHARACTERS = 96


@dataclass(frozen=True)
class Network:
    """How to make a network in a library, what it is fed, and how it is trained.

    `products` gives (m, k, n) of the matrix products of inference where they are what takes the
    time. Training has two more of each, for the factors' gradients, but none for images.
    """

    make: Callable[[ModuleType], Any]
    batch: tuple[int, ...]
    products: tuple[tuple[int, int, int], ...] = ()
    loss: str = "cross_entropy"
    optimizer: str = "SGD"
    settings: dict[str, float] = field(default_factory=lambda: {"lr": 1e-3, "momentum": 0.9})
    classes: int = 10

    def cost(self, direction: str) -> Cost:
        """Operations and traffic of the products, none where others matter."""
        if not self.products:
            return Cost(0, 0)
        flops = sum(2 * m * k * n for m, k, n in self.products)
        traffic = sum(4 * (m * k + k * n + m * n) for m, k, n in self.products)
        if direction == "infer":
            return Cost(flops, traffic)
        m, k, n = self.products[0]
        spared = 0 if self.make is char_lstm else 2 * m * k * n
        return Cost(3 * flops - spared, 3 * traffic)


def lenet(lib):
    """LeNet-5 of 1998: tanh and mean pooling."""
    nn = lib.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def mlp(lib):
    nn = lib.nn
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))


def tiny_mlp(lib):
    nn = lib.nn
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))


def vgg11_bn(lib):
    """VGG-11 with batch normalisation for images of 32×32: one affine map at the end."""
    nn = lib.nn
    layers, channels = [], 3
    for planes in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0):
        if planes:
            convolution = nn.Conv2d(channels, planes, 3, padding=1)
            layers += [convolution, nn.BatchNorm2d(planes), nn.ReLU(inplace=True)]
            channels = planes
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


def conv_autoencoder(lib):
    nn = lib.nn
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 3, 4, stride=2, padding=1), nn.Sigmoid()),
    )


def resnet18(lib):
    """ResNet-18 with the stem for small images."""
    net = models.resnet18(10) if lib is ek else torch_resnet18()
    net.conv1 = lib.nn.Conv2d(3, 64, 3, padding=1, bias=False)
    net.maxpool = lib.nn.Identity()
    return net


def torch_resnet18():
    """The twin of `einkorn.models.resnet18` with ten classes."""
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[name-defined]  # nn is an argument's
        def __init__(self, in_planes, planes, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(planes)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(planes)
            self.downsample = None
            if stride != 1:
                self.downsample = nn.Sequential(
                    nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
                )

        def forward(self, x):
            identity = x if self.downsample is None else self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out += identity
            return self.relu(out)

    class ResNet(nn.Module):  # type: ignore[name-defined]  # nn is an argument's
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
            self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
            self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
            self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(512, 10)

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(self.avgpool(x).flatten(1))

    return ResNet()


def char_lstm(lib):
    """Scores of the next character at every step of (T, B) characters, as rows."""
    nn = lib.nn

    class CharLSTM(nn.Module):  # type: ignore[name-defined]  # nn is an argument's
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(CHARACTERS, CHARACTERS)
            self.lstm = nn.LSTM(CHARACTERS, 256, num_layers=2)
            self.output = nn.Linear(256, CHARACTERS)

        def forward(self, x):
            hidden, _ = self.lstm(self.embedding(x))
            return self.output(hidden).flatten(0, 1)

    return CharLSTM()


ADAM: dict[str, Any] = {"optimizer": "Adam", "settings": {"lr": 1e-4}}
NETWORKS = {
    "lenet-b64": Network(lenet, (64, 1, 32, 32)),
    "lenet-b1": Network(lenet, (1, 1, 32, 32)),
    "mlp-b128": Network(mlp, (128, 784), ((128, 784, 256), (128, 256, 10)), **ADAM),
    "mlp-4-16-2-b1": Network(tiny_mlp, (1, 4), settings={"lr": 1e-3}, classes=2),
    "vgg11-bn-b64": Network(vgg11_bn, (64, 3, 32, 32)),
    "conv-ae-b64": Network(conv_autoencoder, (64, 3, 32, 32), loss="mse_loss", **ADAM),
    "resnet18-b64": Network(resnet18, (64, 3, 32, 32)),
    "char-lstm": Network(
        char_lstm,
        (64, 32),
        ((2048, 96 + 256, 1024), (2048, 256 + 256, 1024), (2048, 256, CHARACTERS)),
        classes=CHARACTERS,
        **ADAM,
    ),
}


def networks(name: str) -> dict[str, dict[str, Callable[[], Any]]]:
    """The network's training step and inference, a library each."""
    network = NETWORKS[name]
    inputs, target = draw(network)
    ours = network.make(ek)
    weights = {key: np.array(value) for key, value in ours.state_dict().items()}
    calls = {"einkorn": einkorn_calls(network, weights, inputs, target)}
    if torch is not None:
        calls["torch"] = torch_calls(network, weights, inputs, target)
    if network.make is tiny_mlp:
        calls["numpy"] = numpy_calls(weights, inputs, target, **network.settings)
    return calls


def draw(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """A batch and its targets, the same in every run."""
    source = np.random.default_rng(0)
    if network.make is char_lstm:
        inputs = source.integers(0, CHARACTERS, network.batch)
        return inputs, source.integers(0, CHARACTERS, inputs.size)
    images = source.random(network.batch, np.float32)
    if network.loss == "mse_loss":
        return images, images
    return images, source.integers(0, network.classes, network.batch[0])


def training_step(lib, network, model, inputs, target):
    """A step as users write it; returns the loss."""
    loss_of = getattr(lib.nn.functional, network.loss)
    optimizer = getattr(lib.optim, network.optimizer)(model.parameters(), **network.settings)

    def step():
        optimizer.zero_grad()
        loss = loss_of(model(inputs), target)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def einkorn_calls(network, weights, inputs, target):
    def fresh():
        model = network.make(ek)
        model.load_state_dict(weights)
        return model

    x, t = ek.as_tensor(inputs), ek.as_tensor(target)
    prepared = nn.inference.prepare(fresh(), x)
    return {
        "train": training_step(ek, network, fresh(), x, t),
        "infer": lambda: prepared(x),
    }


def torch_calls(network, weights, inputs, target):
    def fresh():
        model = network.make(torch)
        model.load_state_dict({key: torch.from_numpy(w.copy()) for key, w in weights.items()})
        return model

    x, t = torch.from_numpy(inputs), torch.from_numpy(target)
    model = fresh().eval()

    def infer():
        with torch.inference_mode():
            return model(x)

    return {"train": training_step(torch, network, fresh(), x, t), "infer": infer}


def numpy_calls(weights, x, target, lr):
    """The MLP of one hidden layer written by hand for one sample: what a step needs, no more."""
    names = ("0.weight", "0.bias", "2.weight", "2.bias")
    kept = [weights[name] for name in names]
    w1, b1, w2, b2 = (array.copy() for array in kept)
    x, target = x[0], int(target[0])

    def infer():
        v1, c1, v2, c2 = kept
        return (v2 @ np.tanh(v1 @ x + c1) + c2)[None]

    def train():
        hidden = np.tanh(w1 @ x + b1)
        scores = w2 @ hidden + b2
        grad = np.exp(scores - scores.max())
        total = grad.sum()
        loss = np.log(total) - np.log(grad[target])
        grad /= total
        grad[target] -= 1
        grad_hidden = grad @ w2 * (1 - hidden * hidden)
        w2[...] -= lr * np.outer(grad, hidden)
        b2[...] -= lr * grad
        w1[...] -= lr * np.outer(grad_hidden, x)
        b1[...] -= lr * grad_hidden
        return loss

    return {"train": train, "infer": infer}
