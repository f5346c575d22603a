from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

def add_relu(x: ArrayLike, y: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
def bias_activation(
    x: ArrayLike,
    bias: ArrayLike,
    activation: Literal["relu", "sigmoid", "tanh"] | None = None,
    *,
    axis: int = 1,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
