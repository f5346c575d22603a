"""Where a sliding window lands: the arithmetic that convolution and pooling share.

Symbols, per spatial axis: :math:`I` input size, :math:`K` kernel, :math:`S` stride,
:math:`P` padding, :math:`D` dilation, :math:`O` output size.
"""

from __future__ import annotations

from collections.abc import Iterator

Pair = tuple[int, int]


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
    input_size: Pair, output_size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> Iterator[tuple[Pair, Pair, Pair]]:
    """Yield ``(output pixel, kernel tap, input pixel)`` for every tap that hits the input.

    Taps that fall into the padding are left out: they would only add zero.

    >>> list(taps((1, 2), (1, 1), (1, 3), (1, 1), (0, 1), (1, 1)))
    [((0, 0), (0, 1), (0, 0)), ((0, 0), (0, 2), (0, 1))]
    """
    for oh in range(output_size[0]):
        for ow in range(output_size[1]):
            for kh in range(kernel[0]):
                ih = oh * stride[0] - padding[0] + kh * dilation[0]
                if not 0 <= ih < input_size[0]:
                    continue
                for kw in range(kernel[1]):
                    iw = ow * stride[1] - padding[1] + kw * dilation[1]
                    if 0 <= iw < input_size[1]:
                        yield (oh, ow), (kh, kw), (ih, iw)
