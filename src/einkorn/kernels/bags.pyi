from typing import Any

from numpy.typing import ArrayLike, NDArray

def embedding_bag(
    table: ArrayLike,
    index: ArrayLike,
    offsets: ArrayLike,
    *,
    mode: str = "mean",
    per_sample_weights: ArrayLike | None = None,
    padding_idx: int | None = None,
    out: NDArray[Any] | None = None,
) -> Any: ...
def embedding_bag_grad(
    grad: ArrayLike,
    index: ArrayLike,
    offsets: ArrayLike,
    num_embeddings: int,
    *,
    mode: str = "mean",
    per_sample_weights: ArrayLike | None = None,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
    best: ArrayLike | None = None,
) -> NDArray[Any]: ...
