from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

_Size = int | Sequence[int]

def im2col(
    x: ArrayLike,
    kernel_size: _Size,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def col2im(
    cols: ArrayLike,
    output_size: _Size,
    kernel_size: _Size,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
