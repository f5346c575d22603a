"""Matrix products, one outer product at a time."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def matmul(
    a: Array,
    b: Array,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 0.0,
    out: Array | None = None,
) -> Array:
    r""":math:`\alpha\, \mathrm{op}(A)\, \mathrm{op}(B) + \beta C` over broadcast batches.

    `out` gives :math:`C` and, other than in the kernel, is not written to. It is not even
    read where `beta` is zero, so that a NaN in it does not spread.

    >>> matmul(np.eye(2), np.ones((2, 1)), alpha=3.0).tolist()
    [[3.0], [3.0]]
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    a = a.swapaxes(-1, -2) if transpose_a else a
    b = b.swapaxes(-1, -2) if transpose_b else b
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    product = np.zeros((*batch, a.shape[-2], b.shape[-1]))
    for k in range(a.shape[-1]):
        product += a[..., :, k, None] * b[..., None, k, :]
    product *= alpha
    return product if beta == 0 else product + beta * np.asarray(out, np.float64)
