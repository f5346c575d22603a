from typing import Any

from numpy.typing import ArrayLike, NDArray

def copy(x: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
