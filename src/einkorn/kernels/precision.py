"""How far an algorithm chosen by the library may trade accuracy for speed."""

PRECISIONS = ("auto", "strict")

_setting = "auto"


def check_precision(precision: str) -> str:
    """Return `precision` if it is one of `PRECISIONS`, else raise ValueError."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision: expected one of {PRECISIONS}, got {precision!r}")
    return precision


def set_precision(precision: str) -> None:
    """Set what ``precision=None`` means in the functions that take a `precision`.

    Parameters
    ----------
    precision : {"auto", "strict"}
        ``"strict"`` keeps to algorithms that sum the products of the definition; ``"auto"`` may
        also take Winograd's for convolutions of float32, whose error is at most 1e-5 of the largest
        result for sums over up to 512 channels of normal data, and 2e-5 for up to 2048.

    Raises
    ------
    ValueError
        If `precision` is neither.

    Examples
    --------
    >>> from einkorn import kernels
    >>> kernels.set_precision("strict")
    >>> kernels.get_precision()
    'strict'
    >>> kernels.set_precision("auto")
    """
    global _setting
    _setting = check_precision(precision)


def get_precision() -> str:
    """Return what `set_precision` has set: ``"auto"`` to begin with."""
    return _setting
