from collections.abc import Sequence
from typing import Any, Literal, overload

from numpy.typing import ArrayLike, NDArray

_Array = NDArray[Any]
_Saved = tuple[_Array, _Array]
_Wanted = tuple[_Array | None, ...]

@overload
def lstm(
    x: ArrayLike,
    h0: ArrayLike,
    c0: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    training: Literal[True] = True,
) -> tuple[_Array, _Array, _Array, _Saved]: ...
@overload
def lstm(
    x: ArrayLike,
    h0: ArrayLike,
    c0: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    training: bool,
) -> tuple[_Array, _Array, _Array, _Saved | None]: ...
def lstm_grad(
    grad_output: ArrayLike | None,
    grad_h_n: ArrayLike | None,
    grad_c_n: ArrayLike | None,
    x: ArrayLike,
    h0: ArrayLike,
    c0: ArrayLike,
    output: ArrayLike,
    saved: _Saved,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    *,
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    needs: Sequence[bool] | None = None,
) -> _Wanted: ...
@overload
def gru(
    x: ArrayLike,
    h0: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    training: Literal[True] = True,
) -> tuple[_Array, _Array, _Saved]: ...
@overload
def gru(
    x: ArrayLike,
    h0: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    training: bool,
) -> tuple[_Array, _Array, _Saved | None]: ...
def gru_grad(
    grad_output: ArrayLike | None,
    grad_h_n: ArrayLike | None,
    x: ArrayLike,
    h0: ArrayLike,
    output: ArrayLike,
    saved: _Saved,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    *,
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    needs: Sequence[bool] | None = None,
) -> _Wanted: ...
def rnn(
    x: ArrayLike,
    h0: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    nonlinearity: str = "tanh",
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
) -> tuple[_Array, _Array]: ...
def rnn_grad(
    grad_output: ArrayLike | None,
    grad_h_n: ArrayLike | None,
    x: ArrayLike,
    h0: ArrayLike,
    output: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    *,
    nonlinearity: str = "tanh",
    batch_sizes: ArrayLike | None = None,
    reverse: bool = False,
    needs: Sequence[bool] | None = None,
) -> _Wanted: ...
