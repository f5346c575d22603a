from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import einkorn as ek
from einkorn import models, nn
from einkorn.train import receptive_field


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_stacked_and_dilated_filters(layers: int) -> None:
    stacked = [nn.Conv1d(1, 1, 3) for _ in range(layers)]
    assert receptive_field(nn.Sequential(*stacked)) == 2 * layers + 1
    doubling = [nn.Conv1d(1, 1, 3, dilation=2**i) for i in range(layers)]
    assert receptive_field(nn.Sequential(*doubling)) == 2 ** (layers + 1) - 1
    pooled = [layer for conv in stacked for layer in (conv, nn.ReLU(), nn.MaxPool1d(2))]
    # Each stage sees 2 j + j more, j doubling: 1 + 3 (2^n - 1).
    assert receptive_field(nn.Sequential(*pooled)) == 3 * 2**layers - 2


def test_nested_and_uneven() -> None:
    inner = nn.Sequential(nn.Conv2d(1, 2, (3, 5), stride=(1, 2)), nn.BatchNorm2d(2), nn.GELU())
    model = nn.Sequential(nn.ZeroPad2d(1), inner, nn.Dropout2d(), nn.AvgPool2d((2, 3)))
    assert receptive_field(model) == (3 + 1, 5 + 2 * 2)
    assert receptive_field(nn.Conv3d(1, 1, 3, dilation=2)) == 5


LAYER = st.tuples(
    st.sampled_from(["conv", "avg"]), st.integers(1, 3), st.integers(1, 2), st.integers(1, 3)
)


@settings(max_examples=30, deadline=None)
@given(st.lists(LAYER, min_size=1, max_size=4))
def test_it_is_what_the_gradient_reaches(layers: list[tuple[str, int, int, int]]) -> None:
    stack = []
    for kind, kernel, stride, dilation in layers:
        if kind == "conv":
            conv = nn.Conv1d(1, 1, kernel, stride=stride, dilation=dilation, bias=False)
            conv.load_state_dict({"weight": np.ones((1, 1, kernel))})
            stack.append(conv.to(np.float64))
        else:
            stack.append(nn.AvgPool1d(kernel, stride))
    model = nn.Sequential(*stack)
    x = ek.tensor(np.ones((1, 1, 400)), requires_grad=True)
    output = model(x)
    output[0, 0, output.shape[2] // 2].backward()
    (reached,) = np.nonzero(np.array(x.grad)[0, 0])
    assert receptive_field(model) == reached[-1] - reached[0] + 1


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (nn.Sequential(nn.ReLU()), ValueError, "found none"),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten()), ValueError, "Flatten.* whole input"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(1)), ValueError, "whole input"),
        (nn.Sequential(nn.Conv1d(1, 1, 3), nn.Conv2d(1, 1, 3)), ValueError, "2 axes, .* have 1"),
        (nn.ConvTranspose2d(1, 1, 3), TypeError, "connections of ConvTranspose2d"),
        (nn.LSTM(1, 1), TypeError, "connections of LSTM"),
    ],
)
def test_what_has_none(model: nn.Module, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        receptive_field(model)


class Bottleneck(nn.Module):
    def __init__(self, channels: int, stride: int, strides_in_3x3: bool) -> None:
        super().__init__()
        first, second = (1, stride) if strides_in_3x3 else (stride, 1)
        self.body = nn.Sequential(
            nn.Conv2d(channels, 1, 1, first),
            nn.BatchNorm2d(1),
            nn.ReLU(),
            nn.Conv2d(1, 1, 3, second, padding=1),
            nn.ReLU(),
            nn.Conv2d(1, channels, 1),
        )
        self.downsample = nn.Conv2d(channels, channels, 1, stride)

    def forward(self, x: ek.Tensor) -> ek.Tensor:
        return ek.relu(self.body(x) + self.downsample(x))


def resnet50(strides_in_3x3: bool) -> nn.Module:
    blocks = [
        Bottleneck(2, 2 if place == 0 and stage else 1, strides_in_3x3)
        for stage, count in enumerate((3, 4, 6, 3))
        for place in range(count)
    ]
    stem = nn.Conv2d(1, 2, 7, 2, padding=3), nn.MaxPool2d(3, 2, padding=1)
    return nn.Sequential(*stem, *blocks)


def test_residual_networks() -> None:
    shape = (1, 3, 64, 64)
    model = models.resnet18()
    # Stem 11 at stride 4; then each 3×3 filter adds twice the stride it is reached with.
    stages = (11 + 4 * 8, 8 + 3 * 16, 16 + 3 * 32, 32 + 3 * 64)
    for i in range(4):
        assert receptive_field(model, shape, f"layer{i + 1}") == sum(stages[: i + 1])
    assert sum(stages) == 435
    assert receptive_field(model, shape, "conv1") == 7
    assert all(module.training for module in model.modules())
    # As published, a stage's first 1×1 filter has the stride, so that all its 3×3 come after.
    published = 11 + 3 * 8 + 4 * 16 + 6 * 32 + 3 * 64
    assert receptive_field(resnet50(False), (1, 1, 64, 64)) == published == 483
    later = 11 + 3 * 8 + (8 + 3 * 16) + (16 + 5 * 32) + (32 + 2 * 64)
    assert receptive_field(resnet50(True), (1, 1, 64, 64)) == later == 427


def test_vgg16() -> None:
    layers: list[nn.Module] = []
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            layers += [nn.Conv2d(1, 1, 3, padding=1), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    model = nn.Sequential(*layers)
    assert receptive_field(model) == receptive_field(model, (1, 1, 32, 32)) == 212


class Branches(nn.Module):
    """Branches of one input, joined or added, and a layer after them."""

    def __init__(self, widths: list[tuple[int, int]], stride: int, joins: bool) -> None:
        super().__init__()
        self.joins = joins
        self.stem = nn.Conv1d(1, 1, 3, stride=2, padding=1)
        self.branches = nn.ModuleList(
            nn.Conv1d(1, 1, width, stride, padding=padding) for width, padding in widths
        )
        self.last = nn.Conv1d(len(widths) if joins else 1, 1, 2)

    def forward(self, x: ek.Tensor) -> ek.Tensor:
        x = self.stem(x)
        outputs = [branch(x) for branch in self.branches]
        return self.last(ek.cat(outputs, 1) if self.joins else sum(outputs[1:], outputs[0]))


def reached(model: nn.Module, length: int) -> int:
    x = ek.tensor(np.ones((1, 1, length)), requires_grad=True)
    output = model(x)
    output[0, 0, output.shape[2] // 2].backward()
    (places,) = np.nonzero(np.array(x.grad)[0, 0])
    return int(places[-1] - places[0] + 1)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    st.integers(0, 2),
    st.integers(1, 2),
    st.booleans(),
)
def test_branches_are_what_the_gradient_reaches(
    halves: list[int], extra: int, stride: int, joins: bool
) -> None:
    # Equal lengths: width less twice the padding is the same in all branches.
    widths = [(2 * half + 1 + extra, half) for half in halves]
    model = Branches(widths, stride, joins).to(np.float64)
    model.load_state_dict({k: np.ones(v.shape) for k, v in model.state_dict().items()})
    assert receptive_field(model.to(np.float32), (1, 1, 200)) == reached(model.to(np.float64), 200)


class Meeting(nn.Module):
    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: ek.Tensor) -> ek.Tensor:
        outputs = [branch(x) for branch in self.branches]
        return sum(outputs[1:], outputs[0])


def test_branches_that_are_not_centred() -> None:
    # Sees from -1 to 1 and, shifted, from 0 to 2.
    shifted = nn.Sequential(nn.ConstantPad1d((0, 2), 0.0), nn.Conv1d(1, 1, 3))
    assert receptive_field(Meeting(nn.Conv1d(1, 1, 3, padding="same"), shifted), (1, 1, 9)) == 4
    # Neither bias nor a learned map is part of the input.
    assert receptive_field(Meeting(nn.Identity(), nn.Conv1d(1, 1, 1)), (1, 1, 9)) == 1


class Transposing(nn.Module):
    def forward(self, x: ek.Tensor) -> ek.Tensor:
        return x.transpose(2, 3)


@pytest.mark.parametrize(
    ("model", "layer", "error", "message"),
    [
        (models.resnet18(), None, ValueError, "whole input"),
        (models.resnet18(), "layer5", ValueError, "no module 'layer5'"),
        (Transposing(), None, TypeError, "connections of Permute"),
        (nn.ConvTranspose2d(3, 1, 3), None, TypeError, "connections of Conv"),
        (
            Meeting(nn.Conv2d(3, 1, 1), nn.Sequential(nn.Conv2d(3, 1, 64, 2))),
            None,
            ValueError,
            r"strides \[1, 2\] meet in Add",
        ),
    ],
)
def test_networks_that_have_none(
    model: nn.Module, layer: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        receptive_field(model, (1, 3, 64, 64), layer)


def test_a_layer_needs_an_input() -> None:
    with pytest.raises(ValueError, match="None without input_shape"):
        receptive_field(nn.Conv2d(1, 1, 3), layer="")
