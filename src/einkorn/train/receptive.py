"""How much of the input one unit of a convolutional network sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from einkorn.nn import Module, Sequential

__all__ = ["receptive_field"]

Size = int | tuple[int, ...]

#: Layers whose output at a place depends on their input at that place alone; by the beginnings of
#: their names, as there are one- to three-dimensional forms.
_POINTWISE = (
    "Alpha", "BatchNorm", "CELU", "ChannelShuffle", "CircularPad", "ConstantPad", "CrossMapLRN",
    "Dropout", "ELU", "FeatureAlpha", "GELU", "GLU", "Hard", "Identity", "LazyBatchNorm",
    "LeakyReLU", "LocalResponse", "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU",
    "ReflectionPad", "ReplicationPad", "SELU", "SiLU", "Sigmoid", "Soft", "Tanh", "Threshold",
    "ZeroPad",
)  # fmt: skip
_EVERYTHING = (
    "Adaptive", "Flatten", "GroupNorm", "InstanceNorm", "LayerNorm", "LazyInstanceNorm",
    "LazyLinear", "Linear",
)  # fmt: skip
_WINDOWS = ("Conv", "LazyConv", "MaxPool", "AvgPool", "LPPool")


class Window(NamedTuple):
    """What one layer looks at, on one axis."""

    kernel: int
    stride: int
    dilation: int


def receptive_field(model: Module) -> Size:
    r"""Give the extent of the input that one output of a stack of layers depends on.

    From the first layer on, with kernel size k, dilation d and stride s of each convolution or
    pooling,

    .. math:: r \leftarrow r + (k - 1) \, d \, j, \qquad j \leftarrow j \, s,
        \qquad r_0 = j_0 = 1

    So i filters of width 3 see 2i + 1, and :math:`2^{i+1} - 1` if each has twice the dilation of
    the one before.

    Parameters
    ----------
    model : Module
        A layer, or `Sequential` ones within each other, of convolutions, pooling, and layers that
        act on every place by itself.

    Returns
    -------
    int or tuple of int
        The extent on every axis, one number where all are equal.

    Raises
    ------
    TypeError
        A layer is of another kind, so that its connections are unknown.
    ValueError
        There is no layer, or a layer sees the whole input whatever its size, or the layers have
        different numbers of axes.

    Examples
    --------
    >>> from einkorn import nn
    >>> receptive_field(nn.Sequential(*[nn.Conv1d(1, 1, 3) for _ in range(4)]))
    9
    >>> receptive_field(nn.Sequential(*[nn.Conv1d(1, 1, 3, dilation=2**i) for i in range(4)]))
    31
    >>> receptive_field(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)))
    6
    """
    extent: list[int] | None = None
    step: list[int] = []
    for layer in _layers(model):
        windows = _windows(layer)
        if windows is None:
            continue
        if extent is None:
            extent, step = [1] * len(windows), [1] * len(windows)
        if len(windows) != len(extent):
            raise ValueError(
                f"model: {layer!r} has {len(windows)} axes, those before it have {len(extent)}"
            )
        for axis, window in enumerate(windows):
            extent[axis] += (window.kernel - 1) * window.dilation * step[axis]
            step[axis] *= window.stride
    if extent is None:
        raise ValueError("model: expected a convolution or pooling, found none")
    return extent[0] if len(set(extent)) == 1 else tuple(extent)


def _layers(model: Module) -> Iterator[Any]:
    if isinstance(model, Sequential):
        for child in model:
            yield from _layers(child)
    else:
        yield model


def _windows(layer: Any) -> list[Window] | None:
    """Give the windows of a layer, one for each axis; None where a place sees itself alone."""
    name = type(layer).__name__
    if name.startswith(_POINTWISE):
        return None
    if name.startswith(_EVERYTHING):
        raise ValueError(f"model: {layer!r} sees the whole input, whatever its size")
    if not name.startswith(_WINDOWS) or name.startswith(("ConvTranspose", "LazyConvTranspose")):
        raise TypeError(f"model: the connections of {layer!r} are unknown")
    axes = int(name[-2])
    stride = layer.kernel_size if layer.stride is None else layer.stride
    values = [layer.kernel_size, stride, getattr(layer, "dilation", 1)]
    each = [value if isinstance(value, tuple | list) else (value,) * axes for value in values]
    return [Window(*window) for window in zip(*each, strict=True)]
