from typing import Any

from numpy.typing import ArrayLike, NDArray

_Array = NDArray[Any]
_Five = tuple[_Array, _Array, _Array, _Array, _Array]
_Six = tuple[_Array, _Array, _Array, _Array, _Array, _Array]

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
) -> _Six: ...
def gru_cell(
    x: ArrayLike,
    h: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> tuple[_Array, _Array, _Array]: ...
def gru_cell_grad(
    grad_h: ArrayLike | None,
    x: ArrayLike,
    h: ArrayLike,
    gates: ArrayLike,
    inner: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
) -> _Six: ...
def rnn_cell(
    x: ArrayLike,
    h: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
    *,
    nonlinearity: str = "tanh",
) -> _Array: ...
def rnn_cell_grad(
    grad_h: ArrayLike | None,
    x: ArrayLike,
    h: ArrayLike,
    h_next: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    *,
    nonlinearity: str = "tanh",
) -> _Five: ...
