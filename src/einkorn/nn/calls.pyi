from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["ModuleBase", "Plan", "hooks_of_all", "structure_changed"]

hooks_of_all: list[Any]

def structure_changed() -> None: ...

class ModuleBase:
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class Plan:
    steps: tuple[tuple[Callable[..., Any], str | None, tuple[Any, ...]], ...]
    def __init__(
        self, steps: Iterable[tuple[Callable[..., Any], str | None, tuple[Any, ...]]]
    ) -> None: ...
    def run(self, input: Any) -> Any: ...
    def is_valid(self) -> bool: ...
