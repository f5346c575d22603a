from typing import Any

from numpy.typing import ArrayLike, NDArray

def bernoulli(p: ArrayLike, seed: int, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
