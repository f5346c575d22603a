from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

_Pair = int | Sequence[int]

def avg_pool2d(
    x: ArrayLike,
    kernel_size: _Pair,
    *,
    stride: _Pair | None = None,
    padding: _Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def avg_pool2d_grad(
    grad: ArrayLike,
    input_shape: Sequence[int],
    kernel_size: _Pair,
    *,
    stride: _Pair | None = None,
    padding: _Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def adaptive_avg_pool2d(
    x: ArrayLike, output_size: _Pair, *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
def adaptive_avg_pool2d_grad(
    grad: ArrayLike, input_shape: Sequence[int], *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
