from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike, DTypeLike, NDArray

Activation = Literal["relu", "sigmoid", "tanh"]
Algorithm = Literal["auto", "im2col", "implicit", "direct", "linear"]
Precision = Literal["auto", "strict"]
Size = int | Sequence[int]

ALGORITHMS: tuple[str, ...]
CONVS: frozenset[str]
CONVS_OF_TWO_SHAPES: frozenset[str]

def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    activation: Activation | None = None,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv2d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    input_shape: Sequence[int],
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv2d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    activation: Activation | None = None,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose2d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose2d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    activation: Activation | None = None,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv1d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    input_shape: Sequence[int],
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv1d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    activation: Activation | None = None,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose1d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose1d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    algorithm: Algorithm = "auto",
    precision: Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def im2col(
    x: ArrayLike,
    kernel_size: Size,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def col2im(
    cols: ArrayLike,
    output_size: Size,
    kernel_size: Size,
    *,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_algorithms(
    function: str,
    shapes: tuple[Sequence[int], ...],
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    dtype: DTypeLike = "float32",
) -> dict[str, str]: ...
