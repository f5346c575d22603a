from typing import Any

from numpy.typing import ArrayLike, NDArray

def embedding(
    table: ArrayLike, index: ArrayLike, *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
def embedding_grad(
    grad: ArrayLike,
    index: ArrayLike,
    num_embeddings: int,
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> NDArray[Any]: ...
