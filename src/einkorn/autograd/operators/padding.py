"""Padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.indexing import getitem
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = ["pad"]

_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class ConstantPad(Operator):
    """`x` with `before` and `after` elements of one value added along each dimension."""

    __slots__ = ("value", "widths")

    def __init__(self, widths: Sequence[tuple[int, int]], value: float) -> None:
        self.widths = widths
        self.value = value

    def forward(self, x: Any) -> Any:
        sides = zip(self.widths, x.shape, strict=True)
        cut = tuple([slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in sides])
        added = [(max(a, 0), max(b, 0)) for a, b in self.widths]
        return np.pad(x[cut], added, constant_values=self.value)

    def backward(self, grad: Any) -> Any:
        opposite = [(-a, -b) for a, b in self.widths]
        if isinstance(grad, Tensor):
            return ConstantPad(opposite, 0).apply(grad)
        return ConstantPad(opposite, 0).forward(grad)


def pad(
    input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Return `input` with elements added at both ends of its last dimensions.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        How many before and after: first two for the last dimension, then two for the one before
        it, and so on. Negative numbers take away.
    mode : {"constant", "reflect", "replicate", "circular"}
    value : float, optional
        The constant. Default: 0.

    Raises
    ------
    RuntimeError, ValueError
        For an odd count, more pairs than dimensions, or an unknown mode.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.pad(ek.tensor([1, 2]), (1, 2))
    tensor([0, 1, 2, 0, 0])
    """
    x = to_tensor(input)
    if len(pad) % 2 or len(pad) > 2 * x.ndim:
        raise RuntimeError(f"pad: expected up to {x.ndim} pairs, got {tuple(pad)}")
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)]
    widths = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    if mode == "constant":
        return ConstantPad(widths, 0 if value is None else value).apply(x)
    if mode not in _MODES:
        raise ValueError(f"mode: expected 'constant' or one of {sorted(_MODES)}, got {mode!r}")
    if mode == "circular":
        # What is cut off does not come round again.
        x = ConstantPad([(min(a, 0), min(b, 0)) for a, b in widths], 0).apply(x)
        widths = [(max(a, 0), max(b, 0)) for a, b in widths]
    return _indexed(x, widths, _MODES[mode])


def _indexed(x: Tensor, widths: Sequence[tuple[int, int]], mode: str) -> Tensor:
    """Pad by picking existing elements: their places are found by padding the indices."""
    for dim, (before, after) in enumerate(widths):
        if before or after:
            limit = x.shape[dim] - (mode == "reflect")
            if max(before, after) > limit and mode != "edge":
                raise RuntimeError(f"pad: {max(before, after)} exceeds {limit} along dim {dim}")
            index = np.pad(
                np.arange(x.shape[dim]), (max(before, 0), max(after, 0)), mode=cast(Any, mode)
            )
            index = index[max(-before, 0) : len(index) - max(-after, 0)]
            x = getitem(x, (slice(None),) * dim + (index,))
    return x
