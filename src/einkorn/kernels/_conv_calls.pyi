from collections.abc import Sequence
from typing import Literal

from numpy.typing import DTypeLike

_Precision = Literal["auto", "strict"]
_Size = int | Sequence[int]

CONVS: frozenset[str]
CONVS_OF_TWO_SHAPES: frozenset[str]

def conv_algorithms(
    function: str,
    shapes: tuple[Sequence[int], ...],
    *,
    stride: _Size = 1,
    padding: _Size = 0,
    output_padding: _Size = 0,
    dilation: _Size = 1,
    groups: int = 1,
    precision: _Precision | None = None,
    dtype: DTypeLike = "float32",
) -> dict[str, str]: ...
