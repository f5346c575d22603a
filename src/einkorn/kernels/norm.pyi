from typing import Any

from numpy.typing import ArrayLike, NDArray

def batch_norm(
    x: ArrayLike,
    weight: ArrayLike | None,
    bias: ArrayLike | None,
    mean: ArrayLike | None = None,
    var: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
def batch_norm_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight: ArrayLike | None,
    mean: ArrayLike,
    inv_std: ArrayLike,
    *,
    training: bool = True,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
def batch_norm_relu(
    x: ArrayLike,
    weight: ArrayLike | None,
    bias: ArrayLike | None,
    mean: ArrayLike | None = None,
    var: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
def batch_norm_relu_grad(
    grad: ArrayLike,
    y: ArrayLike,
    x: ArrayLike,
    weight: ArrayLike | None,
    mean: ArrayLike,
    inv_std: ArrayLike,
    *,
    training: bool = True,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
