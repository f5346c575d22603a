"""Preconditioned conjugate gradients, stopped by relative progress, which remember their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Iterate", "conjugate_gradients"]

# Iterates are kept at the powers of this.
_SPACING = 1.3


class Iterate(NamedTuple):
    """A point on the way to the solution."""

    iteration: int
    x: np.ndarray
    value: float


def conjugate_gradients(
    product: Callable[[np.ndarray], np.ndarray],
    b: np.ndarray,
    start: np.ndarray,
    preconditioner: np.ndarray | None = None,
    *,
    max_iter: int = 250,
    tolerance: float = 5e-4,
) -> list[Iterate]:
    r"""Return points on the way to the solution of :math:`A x = b`, the last one at the end.

    They minimise :math:`\phi(x) = \frac12 x^\top A x - b^\top x`. It ends at iteration :math:`i`
    when, with :math:`k = \max(10, i / 10)`, :math:`\phi(x_i) < 0` and
    :math:`\phi(x_i) - \phi(x_{i-k}) > k \epsilon \phi(x_i)`; when the residual is zero; or where
    rounding has made :math:`A` indefinite.

    Parameters
    ----------
    product : callable
        A vector -> :math:`A` times it; :math:`A` is symmetric and positive definite.
    b : array, shape (P,)
        The right side.
    start : array, shape (P,)
        First guess.
    preconditioner : array, shape (P,), optional
        A positive diagonal that is like that of :math:`A`.
    max_iter : int
        Most iterations.
    tolerance : float
        The :math:`\epsilon`: least relative progress an iteration; 0 asks for all iterations.

    Returns
    -------
    list of Iterate
        Those of the iterations :math:`\lceil 1.3^j \rceil` and the last, with their
        :math:`\phi`.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", 2010, section 4.4 and 4.6.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn.optim.conjugate_gradients import conjugate_gradients
    >>> matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    >>> way = conjugate_gradients(matrix.dot, np.array([1.0, 2.0]), np.zeros(2), tolerance=0)
    >>> np.allclose(way[-1].x, np.linalg.solve(matrix, [1.0, 2.0]))
    True
    """
    scale = 1.0 if preconditioner is None else 1.0 / preconditioner
    x = start.copy()
    residual = product(x) - b if x.any() else -b
    conditioned = scale * residual
    direction = -conditioned
    size = float(residual @ conditioned)
    values = [_value(x, residual, b)]
    way: list[Iterate] = []
    keep = 1.0
    for iteration in range(1, max_iter + 1):
        curved = product(direction)
        curvature = float(direction @ curved)
        if size == 0.0 or not curvature > 0.0:
            break
        length = size / curvature
        x = x + length * direction
        residual = residual + length * curved
        conditioned = scale * residual
        size, before = float(residual @ conditioned), size
        direction = (size / before) * direction - conditioned
        values.append(_value(x, residual, b))
        if iteration >= keep:
            way.append(Iterate(iteration, x, values[-1]))
            while keep <= iteration:
                keep *= _SPACING
        if _has_stalled(values, tolerance):
            break
    if not way or way[-1].x is not x:
        way.append(Iterate(len(values) - 1, x, values[-1]))
    return way


def _value(x: np.ndarray, residual: np.ndarray, b: np.ndarray) -> float:
    """Return phi from the residual, without another product."""
    return 0.5 * float(x @ (residual - b))


def _has_stalled(values: list[float], tolerance: float) -> bool:
    iteration = len(values) - 1
    span = max(10, iteration // 10)
    if iteration <= span or values[-1] >= 0.0:
        return False
    return (values[-1] - values[-1 - span]) / values[-1] < span * tolerance
