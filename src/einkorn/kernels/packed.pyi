from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

FEWEST_ROWS: int
MOST_ROWS: int
MOST_ELEMENTS: int

def pack_weight(weight: NDArray[Any]) -> NDArray[Any] | None: ...
def packed_linear(
    x: ArrayLike,
    panels: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    activation: Literal["relu", "sigmoid", "tanh"] | None = None,
) -> NDArray[Any]: ...
