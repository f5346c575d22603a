from typing import Any

from numpy.typing import ArrayLike, NDArray

_Array = NDArray[Any]
_Saved = tuple[_Array, _Array]
_Gradients = tuple[_Array, _Array, _Array, _Array, _Array, _Array]

def lstm_cell(
    x: ArrayLike,
    h: ArrayLike,
    c: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> tuple[_Array, _Array, _Array]: ...
def lstm_cell_grad(
    grad_h: ArrayLike | None,
    grad_c: ArrayLike | None,
    x: ArrayLike,
    h: ArrayLike,
    c: ArrayLike,
    c_next: ArrayLike,
    gates: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
) -> _Gradients: ...
def lstm(
    x: ArrayLike,
    h0: ArrayLike,
    c0: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    reverse: bool = False,
) -> tuple[_Array, _Array, _Array, _Saved]: ...
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
    reverse: bool = False,
) -> _Gradients: ...
