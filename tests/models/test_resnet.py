"""Residual networks."""

import numpy as np

from einkorn import models, nn


def test_parameters_bear_torchvision_s_names():
    names = set(models.resnet18().state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "fc.bias"} <= names
    assert {"layer2.0.downsample.0.weight", "layer2.0.downsample.1.num_batches_tracked"} <= names
    assert "layer1.0.downsample.0.weight" not in names
    assert len(names) == 122


def test_maps_shrink_stage_by_stage():
    net = models.ResNet((1, 1, 1, 1), num_classes=3).eval()
    shapes = []
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        stage.register_forward_hook(lambda module, args, output: shapes.append(output.shape))
    assert net(np.zeros((2, 3, 64, 64), np.float32)).shape == (2, 3)
    assert shapes == [(2, 64, 16, 16), (2, 128, 8, 8), (2, 256, 4, 4), (2, 512, 2, 2)]


def test_a_block_adds_its_input():
    block = models.resnet.BasicBlock(4, 4).eval()
    nn.init.zeros_(block.bn2.weight)
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(block(x).numpy(), np.maximum(x, 0))


def test_every_parameter_receives_a_gradient():
    net = models.ResNet((1, 1, 1, 1), num_classes=3)
    images = np.random.default_rng(1).normal(size=(2, 3, 32, 32)).astype(np.float32)
    nn.functional.cross_entropy(net(images), np.array([0, 2])).backward()
    assert all(p.grad.numpy().any() for p in net.parameters())
