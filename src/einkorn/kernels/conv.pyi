from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

_Activation = Literal["relu", "sigmoid", "tanh"]
_Algorithm = Literal[
    "auto", "im2col", "implicit", "direct", "linear", "winograd", "depthwise", "col2im", "unfold"
]
_Precision = Literal["auto", "strict"]
_Size = int | Sequence[int]

def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    activation: _Activation | None = None,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv2d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    input_shape: Sequence[int],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv2d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv2d_bias_grad(grad: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]: ...
def conv_transpose2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    activation: _Activation | None = None,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose2d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose2d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    activation: _Activation | None = None,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv1d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    input_shape: Sequence[int],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv1d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    activation: _Activation | None = None,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose1d_input_grad(
    grad: ArrayLike,
    weight: ArrayLike,
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def conv_transpose1d_weight_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    algorithm: _Algorithm = "auto",
    precision: _Precision | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
