"""A training step in steady state touches no fresh page, and memory does not grow."""

import subprocess
import sys

import numpy as np
import pytest

from einkorn import kernels

resource = pytest.importorskip("resource")

COUNT_FAULTS = """
import resource
import numpy as np
import einkorn as ek
from einkorn import nn, optim

F = nn.functional
generator = np.random.default_rng(0)


def normal(*shape):
    return ek.tensor(generator.standard_normal(shape, dtype=np.float32))


def classes(count, *shape):
    return ek.tensor(generator.integers(0, count, shape))


def lenet():
    features = [nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5)]
    head = [nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 10)]
    model = nn.Sequential(*features, nn.Tanh(), nn.MaxPool2d(2), *head)
    return model, F.cross_entropy, normal(64, 1, 28, 28), classes(10, 64)


def mlp():
    layers = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]
    return nn.Sequential(*layers), F.cross_entropy, normal(128, 784), classes(10, 128)


model, loss, x, target = {name}()
optimizer = optim.Adam(model.parameters())


def faults_of(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(x), target).backward()
        optimizer.step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


faults_of(60)
print(faults_of(100))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux's page faults")
@pytest.mark.parametrize("name", ["lenet", "mlp"])
def test_training_steps_touch_no_fresh_pages(name):
    # In a process of its own: the test session's garbage would be counted too.
    result = subprocess.run(
        [sys.executable, "-c", COUNT_FAULTS.replace("{name}", name)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(result.stdout) <= 10


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_resident_memory_is_flat_over_random_shapes():
    generator = np.random.default_rng(0)
    x = generator.standard_normal(1 << 20, dtype=np.float32)

    def call_kernels(times):
        for size in generator.integers(1, len(x), times):
            kernels.relu_grad(kernels.tanh(x[:size]), kernels.relu(x[:size]))
        return resident_bytes()

    settled = call_kernels(300)
    assert call_kernels(700) < settled + (16 << 20)
    statistics = kernels.memory_statistics()
    assert statistics["cached"] <= statistics["limit"]
    kernels.empty_cache()
    assert kernels.memory_statistics()["cached"] == 0
