from typing import Any

from numpy.typing import ArrayLike, NDArray

def sum(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def mean(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
