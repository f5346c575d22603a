"""The table of operators: one row for each public one, with samples and reference.

Values, first and second derivatives, and the agreement of the two backwards (kernels, and the
composition used under ``create_graph``) are all tested from this table, and a public operator
without a row fails a test. A row says nothing twice: the reference is PyTorch's function of the
same name unless it names another.

>>> operator = TABLE["clamp"]
>>> sample = operator.samples[0]
>>> arguments, options = sample.drawn(np.float64)
>>> operator.function(*arguments, **options).shape
(3, 4)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from einkorn.autograd import operators
from einkorn.autograd import random as _random
from einkorn.autograd.tensor import Tensor

__all__ = ["TABLE", "Draw", "Row", "Sample", "public_operators"]


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
    rtol : float
        Relative tolerance of the comparison in float32 (float64: 1e-7).
    """

    name: str
    samples: tuple[Sample, ...]
    reference: str | Callable[..., Any] | None
    differentiable: bool = True
    twice: bool = True
    deterministic: bool = True
    rtol: float = 2e-4

    @property
    def function(self) -> Callable[..., Any]:
        """The operator itself."""
        return getattr(operators, self.name, None) or getattr(_random, self.name)


def normal(*shape: int) -> Draw:
    return Draw("normal", shape)


def positive(*shape: int) -> Draw:
    return Draw("positive", shape)


def unit(*shape: int) -> Draw:
    return Draw("unit", shape)


def distinct(*shape: int) -> Draw:
    return Draw("distinct", shape)


def whole(high: int, *shape: int) -> Draw:
    return Draw("whole", shape, high)


def flags(*shape: int) -> Draw:
    return Draw("flags", shape)


def fixed(draw: Draw) -> Draw:
    return Draw(draw.kind, draw.shape, draw.high, constant=True)


def call(*arguments: Any, **options: Any) -> Sample:
    return Sample(arguments, options)


def rows(names: str, *samples: Sample, reference: Any = "", **facts: Any) -> Iterator[Row]:
    """Return a row for each of the names, which share samples and facts."""
    for name in names.split():
        yield Row(name, samples, name if reference == "" else reference, **facts)


def _functional(names: str, *samples: Sample, **facts: Any) -> Iterator[Row]:
    """Return rows whose reference is in ``torch.nn.functional``."""
    for name in names.split():
        yield from rows(name, *samples, reference=f"nn.functional.{name}", **facts)


def _method(name: str) -> Callable[..., Any]:
    """Return a reference that calls the method `name` of the first argument."""
    return lambda torch, x, *args, **options: getattr(x, name)(*args, **options)


def _arithmetic() -> Iterator[Row]:
    pairs = (call(normal(3, 4), normal(3, 4)), call(normal(3, 1), normal(2, 1, 4)))
    plain = (call(normal(3, 4)), call(normal()), call(normal(0, 2)))
    above = (call(positive(3, 4)), call(positive()))
    yield from rows("add sub", *pairs, call(normal(2), 3), call(normal(2), normal(2), alpha=2))
    yield from rows("rsub", *pairs, call(normal(2), 3.5))
    yield from rows("mul", *pairs, call(normal(2), 3), call(normal(2), whole(5, 2)))
    yield from rows("div", call(normal(3, 4), positive(4)), call(normal(3), 2))
    yield from rows(
        "floor_divide", call(fixed(normal(3, 4)), fixed(positive(4))), differentiable=False
    )
    yield from rows("remainder fmod", call(normal(3, 4), fixed(positive(4))), call(normal(3), 0.7))
    yield from rows("pow", call(positive(3, 4), normal(4)), call(normal(3), 3), call(normal(3), 2))
    yield from rows("neg positive abs sign exp expm1 sin cos square", *plain)
    yield from rows("floor ceil trunc round", *plain)
    yield from rows("tan", call(unit(3, 4)))
    yield from rows("log log2 log10 log1p sqrt rsqrt reciprocal", *above)
    yield from rows("logaddexp", *pairs)
    yield from rows("maximum minimum", *pairs)
    yield from rows(
        "clamp",
        call(normal(3, 4), -0.5, 0.5),
        call(normal(3), min=0),
        call(normal(3), max=0.1),
        call(distinct(3), fixed(unit(3)), None),
    )
    yield from rows("clamp_min clamp_max", call(normal(3, 4), 0.1))
    yield from rows(
        "where", call(flags(3, 4), normal(3, 4), normal(4)), call(flags(3), normal(3), 1.0)
    )
    yield from rows("lerp", call(normal(3), normal(3), 0.3), call(normal(3), normal(3), unit(3)))


def _comparison() -> Iterator[Row]:
    pairs = (
        call(fixed(normal(3, 4)), fixed(normal(4))),
        call(whole(3, 9), whole(3, 9)),
        call(fixed(normal(3)), 0),
    )
    yield from rows("eq ne lt le gt ge", *pairs, differentiable=False)
    yield from rows(
        "logical_and logical_or logical_xor",
        call(flags(3, 4), flags(4)),
        call(fixed(normal(3)), whole(2, 3)),
        differentiable=False,
    )
    yield from rows(
        "bitwise_and bitwise_or bitwise_xor",
        call(flags(3, 4), flags(4)),
        call(whole(9, 5), whole(9, 5)),
        differentiable=False,
    )
    single = (call(flags(3, 4)), call(whole(2, 5)))
    yield from rows("logical_not bitwise_not", *single, differentiable=False)
    yield from rows("all any", *single, call(flags(3, 4), 1, True), differentiable=False)
    numbers = (call(fixed(normal(3, 4))),)
    yield from rows("isnan isinf isfinite", *numbers, differentiable=False)
    alike = (call(fixed(normal(3)), fixed(normal(3))),)
    yield from rows("equal isclose allclose", *alike, differentiable=False)


def _creation() -> Iterator[Row]:
    facts = {"differentiable": False}
    yield from rows("zeros ones", call(2, 3), call((2, 3)), **facts)
    yield from rows("empty", call(2, 3), deterministic=False, **facts)
    yield from rows("zeros_like ones_like", call(fixed(normal(2, 3))), call(whole(3, 2)), **facts)
    yield from rows("empty_like", call(fixed(normal(2, 3))), deterministic=False, **facts)
    yield from rows("full", call((2, 3), 1.5), call((2,), 3), call((), True), **facts)
    yield from rows("full_like", call(fixed(normal(2)), 3), **facts)
    yield from rows("arange", call(5), call(1, 2.5, 0.5), call(5, 1, -2), **facts)
    yield from rows("linspace", call(0, 1, 5), **facts)
    yield from rows("eye", call(3), call(2, 3), **facts)


def _indexing() -> Iterator[Row]:
    x = normal(4, 5)
    keys = [
        1,
        -1,
        slice(1, 3),
        (slice(None), slice(None, None, 2)),
        (None, 0),
        (Ellipsis, 2),
        [0, 0, 3],
        (whole(4, 3), whole(5, 3)),
        (slice(None), whole(5, 2, 2)),
        flags(4),
        flags(4, 5),
    ]
    yield from rows("getitem", *[call(x, key) for key in keys], reference=_method("__getitem__"))
    yield from rows("gather", call(x, 1, whole(5, 4, 3)), call(x, 0, whole(4, 2, 5)))
    yield from rows("take_along_dim", call(x, whole(5, 4, 2), 1), call(x, whole(20, 3)))
    yield from rows("scatter_add", call(x, 1, whole(5, 4, 3), normal(4, 3)))
    yield from rows("index_select", call(x, 0, whole(4, 6)), call(x, -1, whole(5, 2)))
    yield from rows("select", call(x, 1, 2), call(x, 0, -1))
    yield from rows("narrow", call(x, 1, 2, 3))
    yield from rows("masked_fill", call(x, flags(4, 5), 2.0), call(x, flags(5), -1))
    yield from rows("masked_select", call(x, flags(4, 5)), call(x, flags(5)))
    yield from rows(
        "nonzero", call(whole(2, 3, 4)), call(whole(2, 5), as_tuple=True), differentiable=False
    )


def _products() -> Iterator[Row]:
    yield from rows(
        "matmul",
        call(normal(3, 4), normal(4, 2)),
        call(normal(4), normal(4)),
        call(normal(3, 4), normal(4)),
        call(normal(4), normal(4, 2)),
        call(normal(2, 3, 4), normal(4, 5)),
        call(normal(2, 3, 4), normal(4)),
        call(normal(2, 1, 3, 4), normal(5, 4, 2)),
        call(normal(3, 4), normal(2, 4, 2)),
        call(whole(5, 2, 3), whole(5, 3, 2)),
    )
    yield from rows(
        "einsum",
        call("ij,jk->ik", normal(3, 4), normal(4, 2)),
        call("bij,bjk", normal(2, 3, 4), normal(2, 4, 2)),
        call("i,j,k->ikj", normal(2), normal(3), normal(4)),
        call("ij,k->i", normal(2, 3), normal(4)),
        call("...i,...i->...", normal(2, 3, 4), normal(3, 4)),
        call("...ij,...j", normal(1, 3, 4), normal(2, 4)),
        call("ii->i", normal(3, 3)),
        call("iij,j->", normal(3, 3, 2), normal(2)),
        call("ij->ji", normal(2, 3)),
    )
    yield from rows("mm", call(normal(3, 4), normal(4, 2)))
    yield from rows("mv", call(normal(3, 4), normal(4)))
    yield from rows("bmm", call(normal(2, 3, 4), normal(2, 4, 2)))
    yield from rows("dot", call(normal(4), normal(4)))
    yield from rows("inner", call(normal(3, 4), normal(2, 4)), call(normal(4), normal(4)))
    yield from rows("outer", call(normal(3), normal(4)))
    addmm = (normal(2), normal(3, 4), normal(4, 2))
    yield from rows("addmm", call(*addmm), call(*addmm, beta=0.5, alpha=2))
    yield from _functional(
        "linear",
        call(normal(3, 4), normal(2, 4), normal(2)),
        call(normal(3, 4), normal(2, 4)),
        call(normal(2, 3, 4), normal(5, 4), normal(5)),
        call(normal(4), normal(2, 4), normal(2)),
    )


def _reduction() -> Iterator[Row]:
    x = normal(3, 4, 2)
    over = (call(x), call(x, 1), call(x, (0, 2), True), call(x, -1, keepdim=True), call(normal()))
    yield from rows("sum", *over, call(whole(5, 3, 4), 0), call(flags(5)))
    yield from rows("mean", *over)
    yield from rows("var std", *over[:4], call(x, 1, correction=0), call(x, (0, 1), unbiased=False))
    yield from rows("amax amin", *[call(distinct(3, 4), *a) for a in ((), (1,), (0, True))])
    yield from rows("prod", call(normal(3, 4)), call(normal(3, 4), 1), call(normal(3, 4), 0, True))
    yield from rows(
        "max min",
        call(distinct(3, 4)),
        call(distinct(3, 4), 1),
        call(distinct(3, 4), 0, True),
        call(distinct(5), fixed(normal(5))),
    )
    yield from rows(
        "argmax argmin",
        call(fixed(distinct(3, 4))),
        call(fixed(distinct(3, 4)), 1),
        call(fixed(distinct(3, 4)), -2, True),
        differentiable=False,
    )
    yield from rows("logsumexp", call(x, 1), call(x, (0, 2), True))
    yield from rows(
        "norm",
        *[call(x, *a) for a in ((), (1,), (2, 1), (3, (0, 1), True), (float("inf"), 2))],
        call(x, float("-inf"), 0),
    )
    yield from rows("cumsum", call(x, 1), call(whole(5, 4), 0))
    yield from rows("sort", call(distinct(3, 4)), call(distinct(3, 4), 0, True))
    yield from rows("argsort", call(fixed(distinct(3, 4)), 0), differentiable=False)
    yield from rows("topk", call(distinct(3, 4), 2), call(distinct(3, 4), 2, 0, False))
    yield from rows("trace", call(normal(3, 4)))
    yield from rows(
        "count_nonzero", call(whole(2, 3, 4)), call(whole(2, 3, 4), 1), differentiable=False
    )


def _shape() -> Iterator[Row]:
    x = normal(2, 3, 4)
    yield from rows("reshape", call(x, (4, -1)), call(normal(), (1, 1)), call(normal(0, 3), (3, 0)))
    yield from rows("view", call(x, 6, 4), call(x, (-1,)), reference=_method("view"))
    yield from rows("reshape_as view_as", call(normal(6), fixed(normal(2, 3))), reference=None)
    yield from rows("flatten", call(x), call(x, 1), call(x, 0, 1), call(normal()))
    yield from rows("unflatten", call(x, 2, (2, 2)))
    yield from rows("ravel", call(x))
    yield from rows("permute", call(x, (2, 0, 1)))
    yield from rows("transpose", call(x, 0, -1))
    yield from rows("movedim", call(x, 0, 2), call(x, (0, 1), (-1, 0)))
    yield from rows("t", call(normal(3, 4)), call(normal(3)))
    yield from rows(
        "squeeze", call(normal(1, 3, 1)), call(normal(1, 3, 1), 0), call(normal(1, 3), 1)
    )
    yield from rows("unsqueeze", call(x, 0), call(x, -1))
    yield from rows("expand", call(normal(3, 1), 2, -1, 4), reference=_method("expand"))
    yield from rows(
        "expand_as", call(normal(3, 1), fixed(normal(2, 3, 4))), reference=_method("expand_as")
    )
    yield from rows("broadcast_to", call(normal(3, 1), (3, 4)))
    yield from rows("broadcast_tensors", call(normal(3, 1), normal(4)))
    yield from rows("clone", call(x))
    yield from rows("contiguous", call(x), reference=_method("contiguous"))
    yield from rows(
        "cat", call([normal(2, 3), normal(1, 3)]), call([normal(2, 3), normal(2, 1)], 1)
    )
    yield from rows("stack", call([normal(2, 3), normal(2, 3)]), call([normal(2), normal(2)], -1))
    yield from rows("split", call(x, 2, 2), call(x, [1, 2], 1), call(normal(5), 2))
    yield from rows("chunk", call(x, 3, 1), call(normal(5), 3))
    yield from rows("unbind", call(x, 1), call(normal(3)))
    yield from rows("flip", call(x, (0, 2)), call(x, (-1,)), call(x, dims=[1]))
    yield from rows("roll", call(x, 1, 0), call(x, (1, -2), (1, 2)), call(x, 5))
    yield from rows("repeat", call(normal(2, 3), 2, 1, 2), reference=_method("repeat"))
    yield from rows("tile", call(normal(2, 3), (2,)), call(normal(2), dims=(2, 3)))
    yield from rows("tril triu", call(normal(3, 4)), call(x, 1), call(normal(3, 3), -1))
    yield from rows("diagonal", call(normal(3, 4)), call(normal(3, 4), 1), call(x, -1, 1, 2))
    yield from rows("atleast_1d", call(normal()), call(normal(3)))
    yield from rows("to", call(normal(3), "cpu"), reference=None)
    yield from rows("type_as", call(normal(3), fixed(normal(2))), reference=_method("type_as"))


def _activation() -> Iterator[Row]:
    plain = (call(normal(3, 4)), call(normal(2, 3, 4)), call(normal()))
    yield from rows("relu sigmoid tanh celu selu", *plain)
    yield from _functional("leaky_relu", *plain, call(normal(5), 0.3))
    yield from _functional("elu", *plain, call(normal(5), 0.3))
    yield from _functional("gelu", *plain, call(normal(5), approximate="tanh"))
    yield from _functional(
        "hardsigmoid hardswish hardtanh logsigmoid mish relu6 silu softplus softsign tanhshrink",
        *plain,
    )
    yield from _functional("glu", call(normal(3, 4)), call(normal(4, 3), 0))
    yield from _functional("threshold", call(normal(3, 4), 0.1, 20.0))
    yield from rows("prelu", call(normal(3, 4), unit(1)), call(normal(2, 3, 4), unit(3)))
    yield from rows("softmax log_softmax", call(normal(3, 4), 1), call(normal(2, 3, 4), -2))
    yield from _functional("softmin", call(normal(3, 4), 1))
    yield from _functional("hardshrink softshrink", *plain, call(normal(5), 0.1))
    yield from _functional("rrelu", *plain, call(normal(5), 0.1, 0.9))
    yield from _functional(
        "gumbel_softmax", call(fixed(normal(3, 4))), differentiable=False, deterministic=False
    )


def _convolution() -> Iterator[Row]:
    x, w, b = normal(2, 4, 6, 5), normal(6, 4, 3, 2), normal(6)
    yield from rows(
        "conv2d",
        call(x, w, b),
        call(x, w, None, 2, 1),
        call(x, normal(6, 2, 3, 3), b, (2, 1), (1, 2), (1, 2), 2),
        call(x, normal(4, 1, 3, 3), None, 1, 1, 1, 4),
        call(x, w, b, padding="same"),
        call(x, w, b, padding="valid"),
        call(normal(4, 6, 5), w, b),
        call(x, normal(3, 4, 1, 1)),
    )
    up = normal(2, 4, 3, 3)
    yield from rows(
        "conv_transpose2d",
        call(up, normal(4, 3, 3, 2), normal(3)),
        call(up, normal(4, 3, 4, 4), None, 2, 1),
        call(up, normal(4, 3, 3, 3), normal(6), 2, 1, 1, 2),
        call(up, normal(4, 3, 2, 2), None, (2, 1), 0, (1, 0), 1, 2),
        call(normal(4, 3, 3), normal(4, 3, 3, 2), normal(3)),
    )
    line = normal(2, 4, 7)
    yield from rows(
        "conv1d",
        call(line, normal(3, 4, 3), normal(3), 2, 1),
        call(line, normal(4, 2, 3), groups=2),
    )
    yield from rows("conv_transpose1d", call(line, normal(4, 3, 3), normal(3), 2, 1, 1))


def _pooling() -> Iterator[Row]:
    x = distinct(2, 3, 6, 5)
    yield from _functional(
        "max_pool2d",
        call(x, 2),
        call(x, 3, 2, 1),
        call(x, (3, 2), (1, 2), (1, 0), (1, 2)),
        call(x, [3], (), [1], [2]),
        call(x, 2, ceil_mode=True),
        call(x, 2, return_indices=True),
        call(distinct(3, 6, 5), 2),
    )
    yield from _functional("max_pool1d", call(distinct(2, 3, 7), 3, 2, 1))
    yield from _functional(
        "avg_pool2d",
        call(x, 2),
        call(x, 3, 2, 1),
        call(x, 3, 2, 1, count_include_pad=False),
        call(x, 3, 2, 1, True),
        call(x, (2, 3), divisor_override=5),
        call(x, [2], [], [1], divisor_override=-2),
        call(distinct(3, 6, 5), 2),
    )
    yield from _functional("avg_pool1d", call(distinct(2, 3, 7), 3, 2, 1))
    yield from _functional(
        "adaptive_avg_pool2d",
        call(x, 1),
        call(x, (3, 2)),
        call(x, (None, 7)),
        call(distinct(3, 6, 5), 2),
    )
    yield from _functional("adaptive_avg_pool1d", call(distinct(2, 3, 7), 3))
    places = Places((2, 3, 2, 2), 16)
    yield from _functional(
        "max_unpool2d",
        call(normal(2, 3, 2, 2), places, 2),
        call(normal(2, 3, 2, 2), places, 2, 2, 0, (5, 5)),
    )


class Places(Draw):
    """Flat indices, different ones in each plane of the last two dimensions."""

    def __init__(self, shape: tuple[int, ...], high: int) -> None:
        super().__init__("whole", shape, high)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the indices."""
        *planes, height, width = self.shape
        order = generator.random((*planes, self.high)).argsort(-1)
        return order[..., : height * width].reshape(self.shape)


def _normalization() -> Iterator[Row]:
    x, per_channel = normal(4, 3, 2, 2), (positive(3), normal(3))
    mean, var = fixed(normal(3)), fixed(positive(3))
    yield from _functional(
        "batch_norm",
        call(x, None, None, *per_channel, True),
        call(x, None, None, None, None, True, 0.1, 1e-3),
        call(normal(5, 3), mean, var, *per_channel, True),
        call(x, mean, var, *per_channel),
        call(normal(5, 3), mean, var),
    )
    yield from _functional(
        "layer_norm", call(x, (2, 2), positive(2, 2), normal(2, 2)), call(x, (2,))
    )
    yield from _functional(
        "group_norm", call(normal(3, 4, 2), 2, positive(4), normal(4)), call(normal(3, 8), 2)
    )
    yield from _functional(
        "instance_norm",
        call(x, None, None, *per_channel),
        call(x, mean, var, *per_channel),
        call(x, mean, var, None, None, False),
    )
    yield from _functional("rms_norm", call(x, (2, 2), positive(2, 2)), call(x, (2,), eps=0.1))
    yield from _functional(
        "local_response_norm", call(x, 2), call(normal(2, 5, 3), 3, 0.5, 0.6, 2.0)
    )
    yield from _functional("normalize", call(normal(3, 4)), call(normal(3, 4), 1.0, 0))


def _losses() -> Iterator[Row]:
    reductions = ("mean", "sum", "none")
    pair = (normal(3, 4), normal(3, 4))
    for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"):
        yield from _functional(name, *[call(*pair, reduction=how) for how in reductions])
    probabilities = (unit(3, 4), fixed(unit(3, 4)))
    yield from _functional(
        "binary_cross_entropy",
        *[call(*probabilities, reduction=how) for how in reductions],
        call(*probabilities, fixed(positive(4))),
    )
    yield from _functional(
        "binary_cross_entropy_with_logits",
        *[call(normal(3, 4), unit(3, 4), reduction=how) for how in reductions],
        call(normal(3, 4), unit(3, 4), fixed(positive(4)), pos_weight=fixed(positive(4))),
    )
    yield from _functional(
        "kl_div",
        *[call(normal(3, 4), fixed(unit(3, 4)), reduction=h) for h in (*reductions, "batchmean")],
        call(normal(3, 4), normal(3, 4), reduction="sum", log_target=True),
    )
    scores, classes, weight = normal(5, 3), whole(3, 5), fixed(positive(3))
    plane = (normal(2, 3, 4), whole(3, 2, 4))
    indexed = (
        *[call(scores, classes, reduction=how) for how in reductions],
        *[call(scores, classes, weight, ignore_index=1, reduction=how) for how in reductions],
        call(*plane, weight),
        call(normal(3), whole(3)),
    )
    yield from _functional("nll_loss", *indexed)
    yield from _functional(
        "cross_entropy",
        *indexed,
        *[call(scores, classes, weight, reduction=h, label_smoothing=0.1) for h in reductions],
        *[call(scores, unit(5, 3), weight, reduction=h, label_smoothing=0.1) for h in reductions],
        call(normal(3), unit(3)),
        call(*plane, label_smoothing=0.2, ignore_index=0),
    )


def _margins() -> Iterator[Row]:
    reductions = ("mean", "sum", "none")
    pair, signs = (normal(5, 4), normal(5, 4)), Signs(5)
    line = (normal(4), normal(4))
    yield from _functional("cosine_similarity", call(*pair), call(*line, dim=0), call(*pair, -2))
    yield from _functional(
        "pairwise_distance", call(*pair), call(*pair, p=1.0, keepdim=True), call(*line)
    )
    yield from _functional(
        "cosine_embedding_loss",
        *[call(*pair, signs, 0.1, reduction=how) for how in reductions],
        call(*line, Signs()),
    )
    yield from _functional(
        "hinge_embedding_loss", *[call(normal(5), signs, 0.5, reduction=how) for how in reductions]
    )
    yield from _functional(
        "margin_ranking_loss",
        *[call(normal(5), normal(5), signs, 0.3, reduction=how) for how in reductions],
    )
    yield from _functional(
        "soft_margin_loss", *[call(normal(5), signs, reduction=how) for how in reductions]
    )
    scores, classes, weight = normal(5, 4), whole(4, 5), fixed(positive(4))
    yield from _functional(
        "multi_margin_loss",
        *[call(scores, classes, reduction=how) for how in reductions],
        call(scores, classes, 2, 0.7, weight),
        call(normal(4), whole(4)),
    )
    yield from _functional(
        "multilabel_margin_loss",
        *[call(scores, Labels(5, 4), reduction=how) for how in reductions],
        call(normal(4), Labels(4)),
    )
    yield from _functional(
        "multilabel_soft_margin_loss",
        *[call(scores, fixed(unit(5, 4)), reduction=how) for how in reductions],
        call(scores, fixed(unit(5, 4)), weight),
    )
    triple = (*pair, normal(5, 4))
    options = ({}, {"swap": True}, {"p": 1.0, "margin": 0.5})
    yield from _functional(
        "triplet_margin_loss",
        *[call(*triple, reduction=how) for how in reductions],
        *[call(*triple, **option) for option in options],
    )
    yield from _functional(
        "triplet_margin_with_distance_loss",
        call(*triple),
        call(*triple, swap=True, margin=0.4, reduction="none"),
    )
    yield from _functional(
        "poisson_nll_loss",
        *[call(normal(5), fixed(positive(5)), reduction=how) for how in reductions],
        call(positive(5), fixed(positive(5)), False),
        call(normal(5), fixed(positive(5)), full=True),
    )
    yield from _functional(
        "gaussian_nll_loss",
        *[call(normal(5, 2), normal(5, 2), positive(5, 2), reduction=how) for how in reductions],
        call(normal(5, 2), normal(5, 2), positive(5, 1), True),
        call(normal(5, 2), normal(5, 2), positive(5)),
    )


class Signs(Draw):
    """1 and -1 by turns."""

    def __init__(self, *shape: int) -> None:
        super().__init__("whole", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the signs, as floating point numbers."""
        count = int(np.prod(self.shape))
        return np.resize([1, -1], count).reshape(self.shape).astype(dtype)


class Labels(Draw):
    """Some of the classes in every row, ended by -1."""

    def __init__(self, *shape: int) -> None:
        super().__init__("whole", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the classes."""
        rows = generator.random(self.shape).argsort(-1).reshape(-1, self.shape[-1])
        for number, row in enumerate(rows):
            row[number % len(row)] = -1
        return rows.reshape(self.shape)


def _attention() -> Iterator[Row]:
    q, k, v = normal(2, 3, 4, 5), normal(2, 3, 6, 5), normal(2, 3, 6, 2)
    yield from _functional(
        "scaled_dot_product_attention",
        call(q, k, v),
        call(q, k, v, is_causal=True),
        call(q, k, v, normal(4, 6), scale=0.3),
        call(q, k, v, Diagonals(4, 6)),
        call(normal(2, 6, 4, 5), k, v, enable_gqa=True),
        call(normal(4, 5), normal(6, 5), normal(6, 2)),
    )


class Diagonals(Draw):
    """True on and below the diagonal, so that every row has one."""

    def __init__(self, *shape: int) -> None:
        super().__init__("flags", shape)

    def draw(self, generator: np.random.Generator, dtype: Any) -> np.ndarray:
        """Return the mask."""
        return np.tril(np.ones(self.shape, bool))


def _resampling() -> Iterator[Row]:
    x = normal(2, 3, 5, 4)
    yield from _functional(
        "unfold", call(x, 2), call(x, (3, 2), 1, (1, 0), 2), call(normal(3, 5, 4), 2, (2, 1))
    )
    yield from _functional(
        "fold",
        call(normal(2, 12, 12), (5, 4), 2),
        call(normal(2, 18, 6), (5, 4), (3, 2), 1, (1, 0), 2),
        call(normal(12, 9), (5, 4), 2, (2, 1)),
    )
    yield from _functional("pixel_shuffle", call(normal(2, 8, 2, 3), 2))
    yield from _functional("pixel_unshuffle", call(normal(2, 2, 4, 6), 2))
    yield from _functional("channel_shuffle", call(normal(2, 6, 2, 2), 3))
    yield from _functional(
        "interpolate",
        call(x, (7, 3)),
        call(x, scale_factor=1.7),
        call(x, (7, 3), mode="nearest-exact"),
        call(x, (7, 3), mode="bilinear"),
        call(x, (7, 3), mode="bilinear", align_corners=True),
        call(x, scale_factor=(1.7, 0.6), mode="bilinear"),
        call(x, scale_factor=1.7, mode="bilinear", recompute_scale_factor=True),
        call(normal(2, 3, 5), 8, mode="linear"),
        call(normal(1, 2, 3, 2, 4), (4, 3, 2), mode="trilinear"),
        call(x, 2, mode="area"),
    )


def _others() -> Iterator[Row]:
    yield from _functional(
        "pad",
        call(normal(2, 3), (1, 2)),
        call(normal(2, 3), (1, -1, 0, 2), value=1.5),
        call(normal(2, 3, 4), (1, 2), "reflect"),
        call(normal(2, 3, 4), (1, 2), "replicate"),
        call(normal(2, 3, 4), (1, 2), "circular"),
    )
    facts = {"differentiable": False, "deterministic": False}
    for name, shape in (
        ("dropout", (3, 4)),
        ("dropout1d", (2, 3, 4)),
        ("dropout2d", (2, 3, 4, 4)),
        ("dropout3d", (2, 3, 2, 2, 2)),
        ("alpha_dropout", (3, 4)),
        ("feature_alpha_dropout", (2, 3, 4)),
    ):
        yield from _functional(name, call(fixed(normal(*shape)), 0.5), **facts)
    yield from _recurrent("lstm", 4, (normal(3, 3), normal(3, 3)))
    yield from _recurrent("gru", 3, normal(3, 3))
    yield from _recurrent("rnn_tanh", 1, normal(3, 3))
    yield from _recurrent("rnn_relu", 1, normal(3, 3))


def _recurrent(name: str, gates: int, state: Any) -> Iterator[Row]:
    """Return the rows of a cell and of its sequences: batch 3, 5 inputs, 3 units."""
    weights = (normal(gates * 3, 5), normal(gates * 3, 3), normal(gates * 3), normal(gates * 3))
    yield from rows(
        f"{name}_cell", call(normal(3, 5), state, *weights), call(normal(3, 5), state, *weights[:2])
    )
    yield from rows(
        name,
        call(normal(4, 3, 5), state, *weights),
        call(normal(4, 3, 5), state, *weights[:2]),
        call(normal(3, 3, 5), state, *weights, reverse=True),
        call(normal(6, 5), state, *weights, batch_sizes=[3, 2, 1]),
        call(normal(6, 5), state, *weights, batch_sizes=[3, 2, 1], reverse=True),
        reference=_torch_sequence(name),
    )


def _lookup() -> Iterator[Row]:
    yield from _functional("embedding", call(whole(5, 2, 4), normal(5, 3)))
    yield from _functional(
        "one_hot", call(whole(4, 5)), call(whole(4, 2, 3), 6), differentiable=False
    )


def _torch_sequence(name: str) -> Any:
    """Return a reference that gives PyTorch's function of whole sequences one layer's arguments."""

    def reference(
        torch: Any,
        x: Any,
        state: Any,
        *weights: Any,
        reverse: bool = False,
        batch_sizes: Any = None,
    ) -> Any:
        parts = state if isinstance(state, tuple) else (state,)
        sizes = [x.shape[1]] * len(x) if batch_sizes is None else batch_sizes
        rows = list(torch.split(x.reshape(-1, x.shape[-1]), sizes))
        biases = () if len(weights) > 2 else (torch.zeros_like(weights[0][:, 0]),) * 2
        outputs = []
        for x_now in rows[:: -1 if reverse else 1]:
            n = len(x_now)
            now = tuple(part[:n] for part in parts)
            cell = getattr(torch, f"{name}_cell")
            after = cell(x_now, now if name == "lstm" else now[0], *weights, *biases)
            after = after if isinstance(after, tuple) else (after,)
            parts = tuple(torch.cat([new, old[n:]]) for new, old in zip(after, parts, strict=True))
            outputs.append(after[0])
        y = torch.cat(outputs[:: -1 if reverse else 1])
        return y.reshape(*x.shape[:-1], -1), *parts

    return reference


def _randomness() -> Iterator[Row]:
    facts = {"differentiable": False, "deterministic": False}
    yield from rows("rand randn", call(2, 3), call((2, 3)), **facts)
    yield from rows("rand_like randn_like", call(fixed(normal(2, 3))), **facts)
    yield from rows("randint", call(5, (2, 3)), call(2, 5, (3,)), **facts)
    yield from rows("randperm", call(5), **facts)
    yield from rows(
        "normal", call(0.0, 1.0, (2, 3)), call(fixed(normal(3)), fixed(positive(3))), **facts
    )
    yield from rows("bernoulli", call(fixed(unit(3, 4))), **facts)


def _all_rows() -> Iterator[Row]:
    for family in (
        *(_arithmetic, _comparison, _creation, _indexing, _products, _reduction, _shape),
        *(
            _activation,
            _convolution,
            _pooling,
            _normalization,
            _losses,
            _margins,
            _attention,
            _resampling,
            _lookup,
            _others,
            _randomness,
        ),
    ):
        yield from family()


#: Name -> row.
TABLE: dict[str, Row] = {row.name: row for row in _all_rows()}

#: Names of `einkorn.autograd.random` that are not operators but handle the generator.
GENERATOR_HANDLING = {
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "set_rng_state",
}


def public_operators() -> dict[str, Callable[..., Any]]:
    """Return every public operator by name, other names of the same function included."""
    found = {name: getattr(operators, name) for name in operators.__all__}
    for name in _random.__all__:
        if name not in GENERATOR_HANDLING:
            found[name] = getattr(_random, name)
    return found
