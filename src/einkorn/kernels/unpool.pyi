from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

_Pair = int | Sequence[int]

def max_pool2d_grad(
    grad: ArrayLike,
    indices: ArrayLike,
    input_shape: Sequence[int],
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def max_unpool2d(
    x: ArrayLike, indices: ArrayLike, output_size: _Pair, *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
def max_unpool2d_grad(
    grad: ArrayLike, indices: ArrayLike, *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
