from typing import Any

from einkorn.autograd.tensor import Tensor

__all__ = ["conv_activated", "conv_transpose_activated"]

def conv_activated(
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    activation: str | None,
) -> Tensor: ...
def conv_transpose_activated(
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
    activation: str | None,
) -> Tensor: ...
