from typing import Any

from numpy.typing import ArrayLike, NDArray

def clamp(
    x: ArrayLike,
    min: float | None = None,
    max: float | None = None,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def clamp_grad(
    grad: ArrayLike, x: ArrayLike, min: float | None = None, max: float | None = None
) -> NDArray[Any]: ...
def where(
    condition: ArrayLike, a: ArrayLike, b: ArrayLike, *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
