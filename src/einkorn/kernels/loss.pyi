from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

_Reduction = Literal["none", "sum", "mean"]

def softmax(x: ArrayLike, axis: int = -1, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
def softmax_grad(grad: ArrayLike, y: ArrayLike, axis: int = -1) -> NDArray[Any]: ...
def log_softmax(
    x: ArrayLike, axis: int = -1, *, out: NDArray[Any] | None = None
) -> NDArray[Any]: ...
def log_softmax_grad(grad: ArrayLike, y: ArrayLike, axis: int = -1) -> NDArray[Any]: ...
def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: _Reduction = "mean",
) -> NDArray[Any]: ...
def cross_entropy_grad(
    grad: ArrayLike,
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: _Reduction = "mean",
) -> NDArray[Any]: ...
