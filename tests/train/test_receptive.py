from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import einkorn as ek
from einkorn import nn
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
