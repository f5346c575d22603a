"""Where a sliding window lands: the arithmetic that convolution and pooling share.

Symbols, per spatial axis: :math:`I` input size, :math:`K` kernel, :math:`S` stride,
:math:`P` padding, :math:`D` dilation, :math:`O` output size.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

Pair = tuple[int, int]
Axes = tuple[int, ...]
Slices = tuple[slice, ...]


def as_pair(value: int | tuple[int, int]) -> Pair:
    """Return `value` as (height, width); a single integer serves both.

    >>> as_pair(3), as_pair((1, 2))
    ((3, 3), (1, 2))
    """
    if isinstance(value, int):
        return value, value
    height, width = value
    return int(height), int(width)


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    r""":math:`O = \lfloor (I + 2P - D(K-1) - 1) / S \rfloor + 1`.

    >>> output_size(5, kernel=3, stride=2, padding=1, dilation=1)
    3
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def ceil_output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """As `output_size`, rounding up, but no window may start beyond input and left padding.

    >>> ceil_output_size(5, kernel=2, stride=2, padding=0, dilation=1)
    3
    >>> ceil_output_size(3, kernel=1, stride=3, padding=0, dilation=1)
    1
    """
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = -(-span // stride) + 1
    if (count - 1) * stride >= size + padding:
        count -= 1
    return count


def transposed_output_size(
    size: int, kernel: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int:
    """:math:`O = (I - 1) S - 2P + D (K - 1) + P_{out} + 1`: the inverse of `output_size`.

    >>> transposed_output_size(3, kernel=3, stride=2, padding=1, output_padding=0, dilation=1)
    5
    """
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def taps(
    inputs: Axes, outputs: Axes, kernel: Axes, stride: Axes, padding: Axes, dilation: Axes
) -> Iterator[tuple[Slices, Axes, Slices]]:
    """Yield ``(output pixels, kernel tap, input pixels)`` for every tap, for any number of axes.

    Pixels are a slice an axis, those of the input in step with those of the output. Where a tap
    falls into the padding, the output is left out: it would only add zero.

    >>> for out, tap, into in taps((2,), (2,), (3,), (1,), (1,), (1,)):
    ...     print(*out, tap, *into)
    slice(1, 2, None) (0,) slice(0, 1, 1)
    slice(0, 2, None) (1,) slice(0, 2, 1)
    slice(0, 1, None) (2,) slice(1, 2, 1)
    """
    for tap in product(*map(range, kernel)):
        axes = zip(inputs, outputs, stride, padding, dilation, tap, strict=True)
        pairs = [_meeting(n, o, s, p, k * d) for n, o, s, p, d, k in axes]
        if all(out.start < out.stop for out, _ in pairs):
            yield tuple(out for out, _ in pairs), tap, tuple(into for _, into in pairs)


def _meeting(
    inputs: int, outputs: int, stride: int, padding: int, offset: int
) -> tuple[slice, slice]:
    """Return the outputs whose tap at `offset` meets an input, and those inputs."""
    start = max(-((offset - padding) // stride), 0)
    stop = min((inputs - 1 + padding - offset) // stride + 1, outputs)
    first, last = (o * stride - padding + offset for o in (start, stop - 1))
    return slice(start, stop), slice(first, last + 1, stride)
