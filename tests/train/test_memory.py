"""A training step in steady state touches no fresh page, and memory does not grow."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy._core import multiarray

import einkorn as ek
from einkorn import kernels
from einkorn.autograd.tape import Operator

resource = pytest.importorskip("resource")

COUNT_FAULTS = """
import resource
import numpy as np
import einkorn as ek
from einkorn import models, nn, optim

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


def autoencoder():
    encoder = [nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1)]
    middle = [nn.ReLU(), nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU()]
    decoder = [nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid()]
    x = normal(64, 1, 32, 32)
    return nn.Sequential(*encoder, *middle, *decoder), F.mse_loss, x, x


def vgg():
    layers = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64)):
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    head = [nn.Flatten(), nn.Dropout(), nn.Linear(1024, 10)]
    return nn.Sequential(*layers, *head), F.cross_entropy, normal(32, 3, 32, 32), classes(10, 32)


def resnet():
    return models.resnet18(10), F.cross_entropy, normal(4, 3, 64, 64), classes(10, 4)


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(64, 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.head = nn.Linear(128, 64)

    def forward(self, x):
        return self.head(self.lstm(self.table(x))[0]).reshape(-1, 64)


def charlstm():
    return CharLSTM(), F.cross_entropy, classes(64, 16, 32), classes(64, 16 * 32)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        layers = [nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)]
        self.feed_forward = nn.Sequential(*layers)

    def forward(self, x):
        h = self.norms[0](x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        return x + self.feed_forward(self.norms[1](x))


def transformer():
    x, target = normal(8, 32, 64), normal(8, 32, 64)
    return nn.Sequential(Block(64), Block(64)), F.mse_loss, x, target


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
@pytest.mark.parametrize(
    "name", ["lenet", "mlp", "autoencoder", "vgg", "resnet", "charlstm", "transformer"]
)
def test_training_steps_touch_no_fresh_pages(name):
    # In a process of its own: the test session's garbage would be counted too.
    result = subprocess.run(
        [sys.executable, "-c", COUNT_FAULTS.replace("{name}", name)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(result.stdout) <= 10


def handler_of(tensor):
    return multiarray.get_handler_name(tensor.numpy())


def test_numpy_results_of_operators_come_from_the_allocator():
    x = ek.tensor(np.ones((100, 100), np.float32), requires_grad=True)
    y = ek.exp(x)
    y.sum().backward()
    assert handler_of(y) == handler_of(x.grad) == "einkorn"
    assert multiarray.get_handler_name() == "default_allocator"


def test_gradients_handed_out_come_from_the_allocator():
    x = ek.tensor(np.ones((100, 100), np.float32), requires_grad=True)
    (gradient,) = ek.autograd.grad(ek.exp(x).sum(), x)
    assert handler_of(gradient) == "einkorn"
    assert multiarray.get_handler_name() == "default_allocator"


def test_small_results_do_not():
    assert handler_of(ek.exp(ek.ones(3))) == "default_allocator"


def test_arrays_of_the_user_never_do():
    class Failing(Operator):
        def forward(self, x):
            raise RuntimeError("as it must")

    with pytest.raises(RuntimeError, match="as it must"):
        Failing().apply(ek.ones(100, 100))
    assert multiarray.get_handler_name(np.empty(10000)) == "default_allocator"


def test_pooled_arrays_can_be_resized_and_freed_on_another_thread():
    array = ek.exp(ek.ones(100, 100)).numpy()
    array.resize((200, 100), refcheck=False)
    np.testing.assert_array_equal(array[:100], np.full((100, 100), np.exp(np.float32(1))))
    np.testing.assert_array_equal(array[100:], np.zeros((100, 100), np.float32))
    held, in_use = [array], kernels.memory_statistics()["in_use"]
    del array
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert kernels.memory_statistics()["in_use"] < in_use


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
