from typing import Any

from einkorn.autograd.tensor import Tensor

__all__ = ["linear", "linear_activated"]

def linear(input: Any, weight: Any, bias: Any = None) -> Tensor: ...
def linear_activated(input: Any, weight: Any, bias: Any, activation: str | None) -> Tensor: ...
