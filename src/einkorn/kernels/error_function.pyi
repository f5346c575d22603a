from typing import Any

from numpy.typing import ArrayLike, NDArray

def erf(x: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
def erfc(x: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
def gelu(
    x: ArrayLike,
    approximate: str = "none",
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def gelu_grad(
    grad: ArrayLike,
    x: ArrayLike,
    approximate: str = "none",
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
