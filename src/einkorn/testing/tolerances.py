"""The accuracy criterion: how far a kernel may be from its reference."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Tolerance(NamedTuple):
    """Allowed deviation: ``|actual - expected| <= rtol * |expected| + atol * max|expected|``."""

    rtol: float
    atol: float


#: float32 leaves room for Winograd convolution, whose error is bounded by 2e-5 of max|ref|.
TOLERANCES = {
    np.dtype(np.float32): Tolerance(rtol=2e-4, atol=2e-5),
    np.dtype(np.float64): Tolerance(rtol=1e-10, atol=1e-11),
}


def assert_close(actual: ArrayLike, expected: ArrayLike, *, what: str = "") -> None:
    """Assert that `actual` equals a reference, within the tolerance of its own dtype.

    The absolute part scales with the largest finite magnitude of `expected`, because an
    element near zero is the difference of terms that large. NaN equals NaN, and infinities
    must agree in sign. Arrays that are not floating point must be equal exactly.

    Parameters
    ----------
    actual : array_like
        The result under test; its dtype selects the tolerance.
    expected : array_like
        The reference, of the same shape, usually float64.
    what : str, optional
        A name for the message of a failure.

    Raises
    ------
    AssertionError
        If shapes differ or an element is too far off.

    Examples
    --------
    >>> assert_close(np.float32([1, 2]), [1.0, 2.0001])
    >>> assert_close(np.float64([1, 2]), [1.0, 2.0001])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    AssertionError: ...
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what} shape {actual.shape}, not {expected.shape}"
    tolerance = TOLERANCES.get(actual.dtype)
    if tolerance is None:
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    atol = tolerance.atol * finite.max(initial=0.0)
    np.testing.assert_allclose(actual, expected, tolerance.rtol, atol, err_msg=what)
