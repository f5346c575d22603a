from __future__ import annotations

import numpy as np
import pytest

from einkorn import nn
from einkorn.train import summary


def lenet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
        nn.Linear(84, 10),
    )  # fmt: skip


def test_lenet() -> None:
    table = summary(lenet(), (2, 1, 32, 32))
    assert [layer.name for layer in table.layers] == [str(n) for n in range(12)]
    assert table.parameters == 61_706
    first, pool, last = table.layers[0], table.layers[2], table.layers[-1]
    assert first.output == (2, 6, 28, 28) and first.parameters == 156
    assert first.operations == 2 * 6 * 28 * 28 * (2 * 25 + 1)
    assert first.bytes == 4 * (156 + 2 * 6 * 28 * 28)
    assert pool.output == (2, 6, 14, 14) and pool.operations == 2 * 6 * 28 * 28
    assert last.operations == 2 * 10 * (2 * 84 + 1)
    assert table.operations == sum(layer.operations for layer in table.layers)


def test_a_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
    model[2].eval()
    before = {name: np.array(value) for name, value in model.state_dict().items()}
    summary(model, (2, 1, 8, 8))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(np.asarray(value), before[name])
    assert [module.training for module in model] == [True, True, False]
    assert not any(module._call_hooks for module in model.modules())
    with pytest.raises((ValueError, RuntimeError)):
        summary(model, (2, 3, 8, 8))
    assert not any(module._call_hooks for module in model.modules())


@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_and_grouped_convolutions(groups: int) -> None:
    transposed = nn.ConvTranspose2d(4, 6, 3, stride=2, groups=groups, bias=False)
    (layer,) = summary(transposed, (1, 4, 5, 5)).layers
    assert layer.operations == 2 * (4 * 25) * (6 // groups) * 9
    grouped = nn.Conv2d(4, 6, 3, groups=groups, bias=False)
    (layer,) = summary(grouped, (1, 4, 5, 5)).layers
    assert layer.operations == 2 * (6 * 9) * (4 // groups) * 9


def test_shared_layers_are_counted_once_but_work_twice() -> None:
    shared = nn.Linear(4, 4)
    table = summary(nn.Sequential(shared, nn.Tanh(), shared), (1, 4))
    assert [layer.parameters for layer in table.layers] == [20, 0, 0]
    assert table.layers[0].operations == table.layers[2].operations > 0


def test_parameters_beside_children_are_not_lost() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 3)
            self.scale = nn.Parameter(np.ones(3, np.float32))

        def forward(self, x):
            return self.inner(x) * self.scale

    table = summary(Scaled(), (1, 3))
    assert {layer.name: layer.parameters for layer in table.layers} == {"inner": 12, "Scaled": 3}


def test_recurrent_layers() -> None:
    (layer,) = summary(nn.LSTM(5, 7), (11, 2, 5)).layers
    assert layer.output == (11, 2, 7)
    assert layer.operations == 2 * 22 * 4 * 7 * (5 + 7)


def test_printed_tables() -> None:
    table = summary(lenet(), (1, 1, 32, 32))
    lines = str(table).splitlines()
    assert len(lines) == 16
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "bytes", "operations"]
    assert lines[-1].split()[:2] == ["total", "61,706"]
    assert len(set(map(len, lines))) == 1
    console = pytest.importorskip("rich.console").Console(width=120, record=True, quiet=False)
    with console.capture() as captured:
        console.print(table)
    assert "61,706" in captured.get() and "━" in captured.get()
