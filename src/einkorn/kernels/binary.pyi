from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

def binary_matmul(
    a: ArrayLike,
    b: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    activation: Literal["relu", "sigmoid", "tanh"] | None = None,
    alpha: float = 1.0,
    beta: float = 0.0,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
