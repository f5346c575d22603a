from typing import Any

from einkorn.autograd.tensor import Tensor

__all__ = ["class_entropy"]

def class_entropy(
    logits: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str
) -> Tensor: ...
