from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

_Algorithm = Literal["auto", "native", "blas"]
_Activation = Literal["relu", "sigmoid", "tanh"]

ALGORITHMS: tuple[str, ...]

def matmul_engine(algorithm: str = "auto") -> str: ...
def matmul(
    a: ArrayLike,
    b: ArrayLike,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 0.0,
    algorithm: _Algorithm = "auto",
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def linear(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    activation: _Activation | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
def linear_grad(
    grad: ArrayLike,
    x: ArrayLike,
    weight: ArrayLike,
    *,
    needs: Sequence[bool] = (True, True, True),
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]: ...
