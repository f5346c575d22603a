from typing import Any

from numpy.typing import ArrayLike, NDArray

def amax(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def amin(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> NDArray[Any]: ...
def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> NDArray[Any]: ...
