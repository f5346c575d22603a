"""From a line of a shape file to one callable a library."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SHAPES = Path(__file__).parent / "shapes"
FAMILIES = (
    "gemm",
    "convolution",
    "pooling",
    "elementwise",
    "loss",
    "norm",
    "rnn",
    "optim",
    "steps",
)


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


def family_module(name: str):
    """The module that serves a family's kinds."""
    return importlib.import_module(f"einkorn.benchmark.families.{name}")


def read_shapes(networks: list[str] | None = None) -> Iterator[Shape]:
    """Every line of the shape files, or of those named."""
    for path in sorted(SHAPES.glob("*.txt")):
        if networks and path.stem not in networks:
            continue
        for line in path.read_text().splitlines():
            words = line.partition("#")[0].split()
            if words:
                sizes = dict(word.split("=") for word in words[1:])
                yield Shape(path.stem, words[0], {k: int(v) for k, v in sizes.items()})


def cases(families: list[str] | None = None, networks: list[str] | None = None) -> Iterator[Case]:
    """Cases of the shapes in the files, family by family; none holds its arrays until built."""
    shapes = list(read_shapes(networks))
    for family in families or FAMILIES:
        kinds = family_module(family).KINDS
        for shape in shapes:
            for direction in kinds.get(shape.kind, ()):
                yield Case(family, shape, direction)
