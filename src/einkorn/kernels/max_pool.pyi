from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Pair = int | Sequence[int]

def max_pool2d(
    x: ArrayLike,
    kernel_size: _Pair,
    *,
    stride: _Pair | None = None,
    padding: _Pair = 0,
    dilation: _Pair = 1,
    ceil_mode: bool = False,
    out: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
def max_pool2d_codes(
    x: ArrayLike,
    kernel_size: _Pair,
    *,
    stride: _Pair | None = None,
    padding: _Pair = 0,
    dilation: _Pair = 1,
    ceil_mode: bool = False,
    out: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[np.uint8]]: ...
def max_pool2d_codes_grad(
    grad: ArrayLike,
    codes: NDArray[np.uint8],
    input_shape: Sequence[int],
    kernel_size: _Pair,
    *,
    stride: _Pair | None = None,
    padding: _Pair = 0,
    dilation: _Pair = 1,
    ceil_mode: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
