from typing import Any

from numpy.typing import ArrayLike, NDArray

def layer_norm(
    x: ArrayLike,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
def layer_norm_grad(
    grad: ArrayLike,
    x: ArrayLike,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: ArrayLike | None,
    mean: ArrayLike,
    inv_std: ArrayLike,
    *,
    affine: bool = True,
) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]: ...
def rms_norm(
    x: ArrayLike,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def rms_norm_grad(
    grad: ArrayLike,
    x: ArrayLike,
    normalized_shape: int | tuple[int, ...] | list[int],
    weight: ArrayLike | None,
    inv_rms: ArrayLike,
    *,
    affine: bool = True,
) -> tuple[NDArray[Any], NDArray[Any] | None]: ...
def group_norm(
    x: ArrayLike,
    num_groups: int,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    *,
    eps: float = 1e-5,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]: ...
def group_norm_grad(
    grad: ArrayLike,
    x: ArrayLike,
    num_groups: int,
    weight: ArrayLike | None,
    mean: ArrayLike,
    inv_std: ArrayLike,
    *,
    affine: bool = True,
) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]: ...
