"""From a line of a shape file to one callable a library."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FAMILIES", "ODD", "Case", "Cost", "Shape", "cases", "cheapest", "networks"]

SHAPES = Path(__file__).parent / "shapes"
FAMILIES = (
    *("gemm", "convolution", "pooling", "elementwise", "loss", "norm", "rnn", "optim", "steps"),
    *("estimators", "vectors", "row_norm", "lookup", "reduce", "layout"),
)
#: The shapes that no network has: they guard against kernels cut to the suite.
ODD = "odd"


class Cost(NamedTuple):
    """What a case takes at least.

    `flops` counts the operations of the definition: an algorithm that needs fewer, such as
    Winograd's, can go beyond the machine's peak. `bytes` is the traffic if every array is read or
    written once. Zeros where nothing is to be said.
    """

    flops: int
    bytes: int


@dataclass(frozen=True)
class Shape:
    """One line of a shape file."""

    network: str
    kind: str
    sizes: dict[str, int] = field(hash=False)

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{key}={value}" for key, value in self.sizes.items())])

    def get(self, key: str, default: int | None = None) -> int:
        """Size `key`; without a default its absence is an error that shows the line."""
        size = self.sizes.get(key, default)
        if size is None:
            raise KeyError(f"{self.network}: {self} has no {key}")
        return size


@dataclass(frozen=True)
class Case:
    """One direction of one shape."""

    family: str
    shape: Shape
    direction: str

    def __str__(self) -> str:
        return f"{self.shape} {self.direction}"

    def build(self) -> dict[str, Callable[[], object]]:
        """A callable a library, each computing the same thing on the same data."""
        return family_module(self.family).build(self.shape)[self.direction]

    @property
    def group(self) -> str:
        """What the case is counted with, where a family has more than one kind of shapes."""
        group = getattr(family_module(self.family), "group", None)
        return group(self.shape) if group else self.shape.kind

    @property
    def cost(self) -> Cost:
        """Operations and bytes that the case takes at least."""
        return family_module(self.family).cost(self.shape, self.direction)


def family_module(name: str) -> Any:
    """The module that serves a family's kinds."""
    return importlib.import_module(f"einkorn.benchmark.families.{name}")


def networks() -> list[str]:
    """Names of the shape files."""
    return sorted(path.stem for path in SHAPES.glob("*.txt"))


def read_shapes(chosen: Sequence[str] | None = None) -> Iterator[Shape]:
    """Every line of the shape files, or of those named."""
    for network in chosen or networks():
        for line in (SHAPES / f"{network}.txt").read_text(encoding="utf-8").splitlines():
            words = line.partition("#")[0].split()
            if words:
                sizes = dict(word.split("=") for word in words[1:])
                yield Shape(network, words[0], {key: int(value) for key, value in sizes.items()})


def cases(
    families: Sequence[str] | None = None, networks: Sequence[str] | None = None
) -> Iterator[Case]:
    """Cases of the shapes in the files, family by family; none holds its arrays until built."""
    shapes = list(read_shapes(networks))
    for family in families or FAMILIES:
        kinds = family_module(family).KINDS
        for shape in shapes:
            for direction in kinds.get(shape.kind, ()):
                yield Case(family, shape, direction)


def cheapest(chosen: Iterable[Case]) -> list[Case]:
    """The least costly case of each group and direction: a first look at everything."""
    least: dict[tuple[str, str, str], Case] = {}
    for case in chosen:
        key = (case.family, case.group, case.direction)
        if key not in least or case.cost < least[key].cost:
            least[key] = case
    return list(least.values())
