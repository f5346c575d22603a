"""A row of the table of operators, and the words in which the families write theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from einkorn.autograd import operators
from einkorn.autograd import random as _random
from einkorn.autograd.tensor import Tensor

__all__ = [
    "Draw",
    "Row",
    "Sample",
    "call",
    "distinct",
    "fixed",
    "flags",
    "functional",
    "method",
    "normal",
    "positive",
    "rows",
    "unit",
    "whole",
]


@dataclass(frozen=True)
class Draw:
    """An array argument, drawn anew for each dtype.

    Attributes
    ----------
    kind : str
        ``normal``; ``positive`` (0.5 to 2); ``unit`` (0.1 to 0.9); ``distinct`` (no two closer
        than the steps of difference quotients, for choices such as a maximum); ``whole``
        (int64 below `high`); ``flags`` (bool).
    shape : tuple of int
    high : int
    constant : bool
        A floating point argument that is not differentiated.
    """

    kind: str
    shape: tuple[int, ...]
    high: int = 0
    constant: bool = False

    @property
    def differentiable(self) -> bool:
        """Whether gradients by this argument are checked."""
        return self.kind not in ("whole", "flags") and not self.constant

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the array."""
        if self.kind == "whole":
            return generator.integers(0, self.high, self.shape)
        if self.kind == "flags":
            return generator.random(self.shape) < 0.5
        count = int(np.prod(self.shape))
        values = {
            "normal": lambda: generator.standard_normal(self.shape),
            "positive": lambda: generator.uniform(0.5, 2.0, self.shape),
            "unit": lambda: generator.uniform(0.1, 0.9, self.shape),
            # Offset by a third of a step, so that none is 0 either.
            "distinct": lambda: (
                (generator.permutation(count) - count // 2 + 1 / 3).reshape(self.shape) * 0.25
            ),
        }[self.kind]()
        return np.asarray(values, dtype)


@dataclass(frozen=True)
class Sample:
    """One call: positional arguments (Draws, sequences of Draws, plain values) and options."""

    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def arrays(self, dtype: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments and options with every Draw drawn, always the same."""
        generator = np.random.default_rng(7)

        def resolve(value: Any) -> Any:
            if isinstance(value, Draw):
                return value.draw(generator, dtype)
            if isinstance(value, (list, tuple)):
                return type(value)(resolve(part) for part in value)
            return value

        return (
            tuple(resolve(value) for value in self.arguments),
            {name: resolve(value) for name, value in self.options.items()},
        )

    def drawn(self, dtype: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments and options with Tensors for arrays; differentiable ones are leaves.

        Parameters
        ----------
        dtype : dtype
            Of the floating point arguments.
        """
        arguments, options = self.arrays(dtype)

        def wrap(spec: Any, value: Any) -> Any:
            if isinstance(spec, Draw):
                return Tensor(value, requires_grad=spec.differentiable)
            if isinstance(spec, (list, tuple)):
                pairs = zip(spec, value, strict=True)
                return type(spec)(wrap(part, array) for part, array in pairs)
            return value

        return (
            tuple(wrap(s, v) for s, v in zip(self.arguments, arguments, strict=True)),
            {name: wrap(self.options[name], value) for name, value in options.items()},
        )


@dataclass(frozen=True)
class Row:
    """What is known of one operator.

    Attributes
    ----------
    name : str
        Under which ``einkorn.autograd.operators`` (or ``.random``) has it.
    samples : tuple of Sample
    reference : str or callable or None
        PyTorch's counterpart: a path below ``torch``, or a function of torch and the arguments;
        None where there is none.
    differentiable, twice : bool
        Whether first and second derivatives exist and are checked.
    deterministic : bool
        Whether two calls give the same values; of others only shape and dtype are compared.
    widened : bool
        Whether the result is float64 whatever the arguments are.
    rtol : float
        Relative tolerance of the comparison in float32 (float64: 1e-7).
    """

    name: str
    samples: tuple[Sample, ...]
    reference: str | Callable[..., Any] | None
    differentiable: bool = True
    twice: bool = True
    deterministic: bool = True
    widened: bool = False
    rtol: float = 2e-4

    @property
    def function(self) -> Callable[..., Any]:
        """The operator itself."""
        return getattr(operators, self.name, None) or getattr(_random, self.name)


def normal(*shape: int) -> Draw:
    """Return a draw of normal numbers."""
    return Draw("normal", shape)


def positive(*shape: int) -> Draw:
    """Return a draw of numbers from 0.5 to 2."""
    return Draw("positive", shape)


def unit(*shape: int) -> Draw:
    """Return a draw of numbers from 0.1 to 0.9."""
    return Draw("unit", shape)


def distinct(*shape: int) -> Draw:
    """Return a draw of numbers of which no two are close."""
    return Draw("distinct", shape)


def whole(high: int, *shape: int) -> Draw:
    """Return a draw of integers below `high`."""
    return Draw("whole", shape, high)


def flags(*shape: int) -> Draw:
    """Return a draw of bools."""
    return Draw("flags", shape)


def fixed(draw: Draw) -> Draw:
    """Return `draw` as an argument that is not differentiated."""
    return Draw(draw.kind, draw.shape, draw.high, constant=True)


def call(*arguments: Any, **options: Any) -> Sample:
    """Return a sample: one call."""
    return Sample(arguments, options)


def rows(names: str, *samples: Sample, reference: Any = "", **facts: Any) -> Iterator[Row]:
    """Return a row for each of the names, which share samples and facts."""
    for name in names.split():
        yield Row(name, samples, name if reference == "" else reference, **facts)


def functional(names: str, *samples: Sample, **facts: Any) -> Iterator[Row]:
    """Return rows whose reference is in ``torch.nn.functional``."""
    for name in names.split():
        yield from rows(name, *samples, reference=f"nn.functional.{name}", **facts)


def method(name: str) -> Callable[..., Any]:
    """Return a reference that calls the method `name` of the first argument."""
    return lambda torch, x, *args, **options: getattr(x, name)(*args, **options)
