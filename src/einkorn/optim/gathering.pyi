from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from einkorn.autograd import Tensor

__all__ = [
    "alike",
    "arrays_of",
    "by_layout",
    "clear_gradients",
    "gradients_of",
    "in_float32",
]

def by_layout(params: Iterable[Tensor]) -> tuple[list[Tensor], list[Tensor]]: ...
def gradients_of(params: list[Tensor]) -> list[np.ndarray]: ...
def arrays_of(params: list[Tensor]) -> list[np.ndarray]: ...
def alike(
    params: list[Tensor], state: Mapping[Tensor, Mapping[str, Any]] | None = None
) -> list[list[Tensor]]: ...
def clear_gradients(params: Iterable[Tensor]) -> None: ...
def in_float32(value: float) -> float: ...
