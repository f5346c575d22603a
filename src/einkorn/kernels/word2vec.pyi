from typing import Any

from numpy.typing import ArrayLike, NDArray

def word2vec_(
    input_vectors: NDArray[Any],
    output_vectors: NDArray[Any],
    tokens: ArrayLike,
    offsets: ArrayLike,
    noise: ArrayLike,
    *,
    window: int = 5,
    negative: int = 5,
    lr: float = 0.025,
    lr_end: float | None = None,
    cbow: bool = False,
    batch: int | None = None,
    seed: int = 0,
) -> float: ...
