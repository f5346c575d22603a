"""Derivatives by central differences: the reference for every formula of a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray


def numerical_gradients(
    function: Callable[..., Array],
    arrays: Sequence[Array],
    cotangent: Array,
    *,
    step: float = 1e-6,
) -> list[Array]:
    r"""Differentiate ``sum(cotangent * function(*arrays))`` with respect to every array.

    Uses the central difference :math:`(f(x + h) - f(x - h)) / 2h`, whose error is of order
    :math:`h^2 f''' + \varepsilon |f| / h`: about 1e-9 relative for well-scaled float64 data.

    Parameters
    ----------
    function : callable
        Takes the arrays and returns one array.
    arrays : sequence of float64 arrays
        The point at which to differentiate; not changed.
    cotangent : array
        The weight of each element of the result (the `grad` of a backward kernel).
    step : float
        The difference :math:`h`.

    Returns
    -------
    list of array
        One gradient for each array, of its shape.

    Raises
    ------
    TypeError
        If an array is not float64: narrower types cannot resolve the differences.

    Examples
    --------
    >>> (gradient,) = numerical_gradients(np.sin, [np.array([0.0, np.pi])], np.ones(2))
    >>> gradient.round(6)
    array([ 1., -1.])
    """
    arrays = [np.array(array) for array in arrays]
    for position, array in enumerate(arrays):
        if array.dtype != np.float64:
            raise TypeError(f"arrays[{position}] is {array.dtype}; float64 was expected")
    return [_one_gradient(function, arrays, array, cotangent, step) for array in arrays]


def _one_gradient(
    function: Callable[..., Array],
    arrays: list[Array],
    variable: Array,
    cotangent: Array,
    step: float,
) -> Array:
    def objective() -> float:
        return float(np.sum(cotangent * function(*arrays)))

    gradient = np.empty_like(variable)
    for index in np.ndindex(variable.shape):
        here = variable[index]
        variable[index] = here + step
        above = objective()
        variable[index] = here - step
        below = objective()
        variable[index] = here
        gradient[index] = (above - below) / (2 * step)
    return gradient


def assert_gradients(
    function: Callable[..., Array],
    arrays: Sequence[Array],
    cotangent: Array,
    analytic: Sequence[Array],
) -> None:
    """Assert that `analytic` gradients agree with central differences to 1e-6.

    Parameters
    ----------
    function, arrays, cotangent
        As in `numerical_gradients`.
    analytic : sequence of array
        The gradients under test, one for each array, in order.

    Raises
    ------
    AssertionError
        If one is of another shape or too far off.

    Examples
    --------
    >>> x = np.array([0.0, 1.0])
    >>> assert_gradients(np.sin, [x], np.ones(2), [np.cos(x)])
    """
    numerical = numerical_gradients(function, arrays, cotangent)
    for position, (ours, theirs) in enumerate(zip(analytic, numerical, strict=True)):
        assert ours.shape == theirs.shape, f"gradient {position} has shape {ours.shape}"
        scale = max(1.0, float(np.abs(theirs).max(initial=0.0)))
        np.testing.assert_allclose(
            ours, theirs, rtol=1e-6, atol=1e-7 * scale, err_msg=f"gradient {position}"
        )
