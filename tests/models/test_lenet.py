"""LeNet-5."""

import numpy as np
import pytest

from einkorn import models, nn, optim


def test_sizes_are_the_paper_s():
    net = models.lenet5()
    maps = net.features(np.zeros((2, 1, 32, 32), np.float32))
    assert maps.shape == (2, 120, 1, 1)
    assert net(np.zeros((2, 1, 32, 32))).shape == (2, 10)
    shapes = {name: p.shape for name, p in net.named_parameters() if name.endswith("weight")}
    assert shapes == {
        "features.conv1.weight": (6, 1, 5, 5),
        "features.conv2.weight": (16, 6, 5, 5),
        "features.conv3.weight": (120, 16, 5, 5),
        "classifier.fc1.weight": (84, 120),
        "classifier.fc2.weight": (10, 84),
    }


def test_a_modern_variant():
    net = models.lenet5(3, activation=nn.ReLU, pooling="max")
    kinds = [type(module).__name__ for module in net.modules()]
    assert kinds.count("ReLU") == 4
    assert kinds.count("MaxPool2d") == 2
    assert net(np.zeros((1, 1, 32, 32))).shape == (1, 3)
    with pytest.raises(ValueError, match="pooling must be 'avg' or 'max', got 'sum'"):
        models.lenet5(pooling="sum")


def test_it_learns_a_handful_of_images_by_heart():
    source = np.random.default_rng(0)
    images, labels = source.normal(size=(8, 1, 32, 32)), np.arange(8)
    net = models.lenet5()
    adam = optim.Adam(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = nn.functional.cross_entropy(net(images), labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[0] > 1.5
    assert losses[-1] < 0.1
    assert (net(images).numpy().argmax(1) == labels).all()
