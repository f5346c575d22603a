"""How much of the input one unit of a convolutional network sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from einkorn.autograd import Tensor, enable_grad
from einkorn.nn import Module, Sequential

__all__ = ["receptive_field"]

Size = int | tuple[int, ...]

#: Layers whose output at a place depends on their input at that place alone; by the beginnings of
#: their names, as there are one- to three-dimensional forms.
_POINTWISE = (
    "Alpha", "BatchNorm", "CELU", "ChannelShuffle", "CrossMapLRN", "Dropout", "ELU",
    "FeatureAlpha", "GELU", "GLU", "Hard", "Identity", "LazyBatchNorm", "LeakyReLU",
    "LocalResponse", "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "SELU", "SiLU",
    "Sigmoid", "Soft", "Tanh", "Threshold",
)  # fmt: skip
_EVERYTHING = (
    "Adaptive", "Flatten", "GroupNorm", "InstanceNorm", "LayerNorm", "LazyInstanceNorm",
    "LazyLinear", "Linear",
)  # fmt: skip
_WINDOWS = (
    "Conv1", "Conv2", "Conv3", "LazyConv1", "LazyConv2", "LazyConv3", "AvgPool", "LPPool",
    "MaxPool",
)  # fmt: skip
_PADDING = ("CircularPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "ZeroPad")
#: Operators of which the same holds as of _POINTWISE, and those that join or part channels.
_POINTWISE_OPERATORS = (
    "Abs", "Add", "AddReLU", "Atan2", "BatchNorm", "Cast", "Clamp", "Clone", "Div", "Dropout",
    "ELU", "Exp", "Exp2", "Expm1", "FloorDivide", "GELU", "Hypot", "LeakyReLU", "Log", "Log10",
    "Log1p", "Log2", "Maximum", "Minimum", "Mul", "Neg", "Pow", "ReLU", "Reciprocal", "Remainder",
    "Rsqrt", "Sigmoid", "Smooth", "Sqrt", "Square", "Sub", "Tan", "Tanh", "Where",
)  # fmt: skip
_OF_CHANNELS = ("Cat", "LogSoftmax", "Softmax", "Split")


class Window(NamedTuple):
    """What one layer looks at, on one axis."""

    kernel: int
    stride: int
    dilation: int
    padding: int


class Reach(NamedTuple):
    """Output o of a layer sees the input from ``step * o + low`` to ``step * o + high``."""

    low: int
    high: int
    step: int

    def through(self, window: Window) -> Reach:
        """Return the reach of what looks at this through a window."""
        low = self.low - window.padding * self.step
        last = (window.kernel - 1) * window.dilation - window.padding
        return Reach(low, self.high + last * self.step, self.step * window.stride)


Reaches = tuple[Reach, ...]


def receptive_field(
    model: Module, input_shape: Sequence[int] | None = None, layer: str | None = None
) -> Size:
    r"""Give the extent of the input that one output of a convolutional network depends on.

    From the first layer on, with kernel size k, dilation d and stride s of each convolution or
    pooling,

    .. math:: r \leftarrow r + (k - 1) \, d \, j, \qquad j \leftarrow j \, s,
        \qquad r_0 = j_0 = 1

    So i filters of width 3 see 2i + 1, and :math:`2^{i+1} - 1` if each has twice the dilation of
    the one before. Where branches meet, it is what they see together: with the usual paddings,
    which keep them centred, that of the branch that sees most [1]_.

    Parameters
    ----------
    model : Module
        A network of convolutions, pooling, and functions that act on every place by itself.
        Without `input_shape` a layer, or `Sequential` ones within each other.
    input_shape : sequence of int, optional
        Shape of an input, the batch included. The model is run on zeros of this shape, in
        evaluation mode, to learn how its layers are connected; the result does not depend on it.
    layer : str, optional
        Name of the module, as in ``model.named_modules()``, whose output is meant (its last, if
        it is called several times); needs `input_shape`. Default is the output of the model, which
        in classifiers sees everything.

    Returns
    -------
    int or tuple of int
        The extent on every axis, one number where all are equal.

    Raises
    ------
    TypeError
        A layer or operator is of another kind, so that its connections are unknown.
    ValueError
        There is no layer, or a layer sees the whole input whatever its size, or the layers have
        different numbers of axes, or branches of different strides meet, or `layer` is not called.

    References
    ----------
    .. [1] A. Araujo, W. Norris and J. Sim, "Computing receptive fields of convolutional neural
       networks", Distill, 2019.

    Examples
    --------
    >>> from einkorn import models, nn
    >>> receptive_field(nn.Sequential(*[nn.Conv1d(1, 1, 3) for _ in range(4)]))
    9
    >>> receptive_field(nn.Sequential(*[nn.Conv1d(1, 1, 3, dilation=2**i) for i in range(4)]))
    31
    >>> receptive_field(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)))
    6
    >>> receptive_field(models.resnet18(), (1, 3, 64, 64), layer="layer4")
    435
    """
    if input_shape is not None:
        reaches = _of_network(model, tuple(input_shape), layer)
    elif layer is not None:
        raise ValueError(f"layer: expected None without input_shape, got {layer!r}")
    else:
        reaches = _of_stack(model)
    extents = [reach.high - reach.low + 1 for reach in reaches]
    return extents[0] if len(set(extents)) == 1 else tuple(extents)


def _of_stack(model: Module) -> Reaches:
    reaches: Reaches | None = None
    for layer in _layers(model):
        windows = _windows(layer)
        if windows is not None:
            reaches = _through(layer, windows, reaches or _start(len(windows)))
    if reaches is None:
        raise ValueError("model: expected a convolution or pooling, found none")
    return reaches


def _layers(model: Module) -> Iterator[Any]:
    if isinstance(model, Sequential):
        for child in model:
            yield from _layers(child)
    else:
        yield model


def _start(axes: int) -> Reaches:
    return (Reach(0, 0, 1),) * axes


def _through(layer: Any, windows: list[Window], reaches: Reaches) -> Reaches:
    if len(windows) != len(reaches):
        raise ValueError(
            f"model: {layer!r} has {len(windows)} axes, those before it have {len(reaches)}"
        )
    return tuple(reach.through(window) for reach, window in zip(reaches, windows, strict=True))


def _windows(layer: Any) -> list[Window] | None:
    """Give the windows of a layer, one for each axis; None where a place sees itself alone."""
    name = type(layer).__name__
    if name.startswith(_POINTWISE):
        return None
    if name.startswith(_EVERYTHING):
        raise ValueError(f"model: {layer!r} sees the whole input, whatever its size")
    if name.startswith(_PADDING):
        axes = int(name[-2])
        before = _each(layer.padding, 2 * axes)[::2][::-1]  # given from the last axis on
        return [Window(1, 1, 1, padding) for padding in before]
    if not name.startswith(_WINDOWS):
        raise TypeError(f"model: the connections of {layer!r} are unknown")
    axes = int(name[-2])
    kernel, dilation = _each(layer.kernel_size, axes), _each(getattr(layer, "dilation", 1), axes)
    stride = kernel if layer.stride is None else _each(layer.stride, axes)
    padding = getattr(layer, "padding", 0)
    if padding == "same":
        before = [(k - 1) * d // 2 for k, d in zip(kernel, dilation, strict=True)]
    else:
        before = _each(0 if padding == "valid" else padding, axes)
    return [Window(*values) for values in zip(kernel, stride, dilation, before, strict=True)]


def _each(value: Any, count: int) -> list[int]:
    return list(value) if isinstance(value, tuple | list) else [value] * count


class _Call(NamedTuple):
    """A call of a layer whose windows are known: what it was given and what it returned."""

    layer: Module
    source: Any
    made_by: Any


def _of_network(model: Module, input_shape: tuple[int, ...], layer: str | None) -> Reaches:
    if layer is not None and layer not in dict(model.named_modules()):
        raise ValueError(f"layer: the model has no module {layer!r}")
    x = Tensor(np.zeros(input_shape, np.float32), requires_grad=True)
    calls, result = _run(model, x, None if layer is None else model.get_submodule(layer))
    if not isinstance(result, Tensor):
        raise ValueError(f"layer: expected a module called for one Tensor, got {result!r}")
    found: dict[Any, Reaches | None] = {x: _start(x.ndim - 2)}
    for source in _in_order(_made_by(result), calls):
        found[source] = _reach(source, calls, found)
    reaches = found.get(_made_by(result))
    if reaches is None:
        raise ValueError("model: its output does not depend on its input")
    return reaches


def _run(model: Module, x: Tensor, wanted: Module | None) -> tuple[dict[Any, _Call], Any]:
    """Run the model; return the calls of known layers by what made their output, and an output."""
    calls: dict[Any, _Call] = {}
    outputs: list[Any] = [None]

    def note(module: Module, args: tuple[Any, ...], output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if _is_known(module) and isinstance(first, Tensor) and args:
            source, made_by = _made_by(args[0]), _made_by(first)
            if made_by is not source:
                calls[made_by] = _Call(module, source, made_by)
        if module is wanted:
            outputs[0] = first

    modes = [(module, module.training) for module in model.modules()]
    handles = [module.register_forward_hook(note) for module in model.modules()]
    try:
        with enable_grad():
            result = model.eval()(x)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return calls, result if wanted is None else outputs[0]


def _is_known(module: Module) -> bool:
    own = type(module).__module__.startswith("einkorn.nn.") and not module._modules
    return own and type(module).__name__.startswith(
        (*_POINTWISE, *_EVERYTHING, *_WINDOWS, *_PADDING)
    )


def _made_by(x: Any) -> Any:
    """Return the operator that made a tensor, or the leaf itself."""
    if not isinstance(x, Tensor):
        return None
    return x if x.grad_fn is None else x.grad_fn.node


def _sources(node: Any, calls: dict[Any, _Call]) -> list[Any]:
    if node in calls:
        return [calls[node].source]
    return [s if isinstance(s, Tensor) else s.node for s in node.sources if s is not None]


def _in_order(last: Any, calls: dict[Any, _Call]) -> list[Any]:
    """List the operators that `last` depends on, and itself, in the order of their calls."""
    waiting, seen = [last], set()
    while waiting:
        node = waiting.pop()
        if node is not None and not isinstance(node, Tensor) and node not in seen:
            seen.add(node)
            waiting += _sources(node, calls)
    return sorted(seen, key=lambda node: node.order)


def _reach(node: Any, calls: dict[Any, _Call], found: dict[Any, Reaches | None]) -> Reaches | None:
    """Return what the output of an operator sees; None if nothing of the input."""
    sources = [found.get(source) for source in _sources(node, calls)]
    seen = [reaches for reaches in sources if reaches is not None]
    if not seen:
        return None
    if node in calls:
        windows = _windows(calls[node].layer)
        return seen[0] if windows is None else _through(calls[node].layer, windows, seen[0])
    name = type(node).__name__
    if name not in _POINTWISE_OPERATORS and not (name in _OF_CHANNELS and node.dim == 1):
        raise TypeError(f"model: the connections of {name} are unknown")
    return tuple(_together(name, axis) for axis in zip(*seen, strict=True))


def _together(name: str, reaches: tuple[Reach, ...]) -> Reach:
    steps = {reach.step for reach in reaches}
    if len(steps) > 1:
        raise ValueError(f"model: branches of strides {sorted(steps)} meet in {name}")
    low, high = min(r.low for r in reaches), max(r.high for r in reaches)
    return Reach(low, high, steps.pop())
