from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

def span_max_pool(
    x: ArrayLike,
    spans: ArrayLike,
    output_size: tuple[int, ...],
    *,
    out: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
