"""A table of a model's layers: shapes, parameters, memory and operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from einkorn.autograd import no_grad

if TYPE_CHECKING:
    from einkorn.nn import Module

__all__ = ["Layer", "Summary", "summary"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One call of a layer.

    Attributes
    ----------
    name : str
        Its path in the model.
    kind : str
        Its class.
    output : tuple of int
        Shape of its (first) output.
    parameters : int
        Numbers it holds to be trained; 0 in its second and later calls.
    bytes : int
        Memory of its parameters, buffers and output.
    operations : int
        Additions and multiplications of this call, for the layers that nearly all of them are
        spent in: convolutions, linear and recurrent layers, normalisation and pooling.
    """

    name: str
    kind: str
    output: Shape
    parameters: int
    bytes: int
    operations: int


class Summary:
    """The layers of a model in the order in which they are called; `print` shows a table.

    Consoles of rich show a coloured one.

    Attributes
    ----------
    layers : list of Layer
        One for each call.
    parameters, bytes, operations : int
        The sums.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self.parameters = sum(layer.parameters for layer in self.layers)
        self.bytes = sum(layer.bytes for layer in self.layers)
        self.operations = sum(layer.operations for layer in self.layers)

    def __str__(self) -> str:
        lines = [_HEAD, *self._cells(), self._total()]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        text = ["  ".join(map(_justified, line, widths, _RIGHT)).rstrip() for line in lines]
        return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])

    __repr__ = __str__

    def __rich__(self) -> Any:
        from rich.table import Table

        table = Table(show_footer=True)
        for title, total, right in zip(_HEAD, self._total(), _RIGHT, strict=True):
            table.add_column(title, total, justify="right" if right else "left")
        for cells in self._cells():
            table.add_row(*cells)
        return table

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (layer.name, layer.kind, "×".join(map(str, layer.output)), *_counts(layer))
            for layer in self.layers
        ]

    def _total(self) -> tuple[str, ...]:
        return ("total", "", "", *_counts(self))


_HEAD = ("layer", "kind", "output", "parameters", "bytes", "operations")
_RIGHT = (False, False, False, True, True, True)


def _counts(counted: Layer | Summary) -> tuple[str, str, str]:
    return f"{counted.parameters:,}", f"{counted.bytes:,}", f"{counted.operations:,}"


def _justified(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def summary(model: Module, input_shape: Sequence[int], dtype: Any = np.float32) -> Summary:
    """Run a model once on zeros and tabulate what each layer does.

    The model is run in evaluation mode without gradients, so nothing of it changes, except that
    lazy layers learn their sizes. Operations count a multiplication and an addition as two.

    Parameters
    ----------
    model : Module
        The model.
    input_shape : sequence of int
        Shape of the input, the batch included.
    dtype : numpy.dtype
        Type of the input; an integer type for models of indices.

    Returns
    -------
    Summary

    Examples
    --------
    >>> from einkorn import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2, bias=False))
    >>> print(summary(model, (8, 4)))
    layer  kind    output  parameters  bytes  operations
    ----------------------------------------------------
    0      Linear  8×3             15    156         216
    1      Tanh    8×3              0     96           0
    2      Linear  8×2              6     88          96
    ----------------------------------------------------
    total                          21    340         312
    """
    layers: list[Layer] = []
    seen: set[int] = set()
    handles = [
        module.register_forward_hook(_recorder(name or type(module).__name__, layers, seen))
        for name, module in model.named_modules()
        if _is_layer(module)
    ]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            model(np.zeros(tuple(input_shape), dtype))
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return Summary(layers)


def _is_layer(module: Module) -> bool:
    """Whether a module is a line of the table: one without children, or with parameters of its own.

    The latter counts its own parameters only, so that nothing is counted twice.
    """
    own = next(iter(module.parameters(recurse=False)), None)
    return own is not None or next(iter(module.children()), None) is None


def _recorder(name: str, layers: list[Layer], seen: set[int]) -> Callable[..., None]:
    def record(module: Module, inputs: tuple[Any, ...], output: Any) -> None:
        result = _first_tensor(output)
        fresh = [p for p in module.parameters(recurse=False) if id(p) not in seen]
        held = fresh + [b for b in module.buffers(recurse=False) if id(b) not in seen]
        seen.update(map(id, held))
        layers.append(
            Layer(
                name=name,
                kind=type(module).__name__,
                output=tuple(result.shape),
                parameters=sum(math.prod(parameter.shape) for parameter in fresh),
                bytes=sum(tensor.nbytes for tensor in [*held, result]),
                operations=_operations(module, tuple(inputs[0].shape), tuple(result.shape)),
            )
        )

    return record


def _first_tensor(output: Any) -> Any:
    while isinstance(output, tuple | list):
        output = output[0]
    return output


def _operations(module: Any, source: Shape, target: Shape) -> int:
    for base in type(module).__mro__:
        for beginning, count in _COUNTS.items():
            if base.__name__.startswith(beginning):
                return int(count(module, source, target))
    return 0


def _biased(module: Any, target: Shape) -> int:
    return math.prod(target) if module.bias is not None else 0


def _linear(module: Any, source: Shape, target: Shape) -> int:
    return 2 * math.prod(target) * module.in_features + _biased(module, target)


def _convolution(module: Any, source: Shape, target: Shape) -> int:
    # The weight is (C_out, C_in / groups, *kernel): all but its first axis meet in one output.
    return 2 * math.prod(target) * math.prod(module.weight.shape[1:]) + _biased(module, target)


def _transposed(module: Any, source: Shape, target: Shape) -> int:
    # The weight is (C_in, C_out / groups, *kernel): one input is spread over all but its first.
    return 2 * math.prod(source) * math.prod(module.weight.shape[1:]) + _biased(module, target)


def _recurrent(module: Any, source: Shape, target: Shape) -> int:
    steps = math.prod(source[:-1])
    return 2 * steps * sum(math.prod(p.shape) for p in module.parameters() if len(p.shape) == 2)


def _normalised(module: Any, source: Shape, target: Shape) -> int:
    return 2 * math.prod(target)


def _pooled(module: Any, source: Shape, target: Shape) -> int:
    # Every window together, whatever its sizes: exact where windows do not overlap.
    size = getattr(module, "kernel_size", None)
    if size is None:
        return math.prod(source)
    spatial = sum(1 for _ in target[2:])
    window = math.prod(size) if isinstance(size, tuple) else size**spatial
    return math.prod(target) * window


#: By the beginning of the class's name (or a base's); longer beginnings stand first.
_COUNTS: dict[str, Callable[[Any, Shape, Shape], int]] = {
    "ConvTranspose": _transposed,
    "Conv": _convolution,
    "Linear": _linear,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "BatchNorm": _normalised,
    "LayerNorm": _normalised,
    "MaxPool": _pooled,
    "AvgPool": _pooled,
    "AdaptiveAvgPool": _pooled,
    "AdaptiveMaxPool": _pooled,
}
