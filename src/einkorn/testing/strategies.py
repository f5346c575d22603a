"""Hypothesis strategies for the shapes and parameters that the kernels accept.

Sizes are small, so that the naive references stay quick, yet chosen around what kernels find
awkward: 1, primes, just below, at and above a vector's or a tile's width. Only shapes are
drawn; the tests fill arrays from a seed, which draws and shrinks far faster than elements do.

The package ``hypothesis`` comes with ``pip install "einkorn[test]"``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from .references.geometry import Pair, transposed_output_size

Shape = tuple[int, ...]

SEEDS = st.integers(0, 2**32 - 1)

#: Lengths around the vector widths (4, 8, 16 elements) and the tiles built from them.
LENGTHS = st.one_of(st.integers(1, 10), st.sampled_from([15, 16, 17, 31, 32, 33, 48, 63, 64, 65]))


class Case(NamedTuple):
    """Shapes of the array arguments, in order, and the keyword arguments to go with them."""

    shapes: tuple[Shape, ...]
    parameters: dict[str, Any]


def shapes(min_dims: int = 0, max_dims: int = 4) -> st.SearchStrategy[Shape]:
    """Shapes of a few axes, of length 0 to 65, and not too many elements."""
    lengths = st.one_of(st.integers(0, 3), LENGTHS)
    few = st.lists(lengths, min_size=min_dims, max_size=max_dims).map(tuple)
    return few.filter(lambda shape: _count(shape) <= 20_000)


def _count(shape: Shape) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


@st.composite
def matmul_cases(draw: st.DrawFn) -> Case:
    """Operands of a product, either transposed, with batches that broadcast."""
    m, n, k = draw(LENGTHS), draw(LENGTHS), draw(st.one_of(st.just(0), LENGTHS))
    batch = draw(st.lists(st.integers(1, 3), max_size=2))
    operands = []
    for rows, columns in ((m, k), (k, n)):
        transpose = draw(st.booleans())
        kept = [1 if draw(st.booleans()) else length for length in batch]
        dropped = draw(st.integers(0, len(kept))) if kept else 0
        matrix = (columns, rows) if transpose else (rows, columns)
        operands.append(((*kept[dropped:], *matrix), transpose))
    (a, transpose_a), (b, transpose_b) = operands
    parameters: dict[str, Any] = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    if draw(st.booleans()):
        parameters["alpha"] = draw(st.sampled_from([0.0, -1.0, 0.5]))
    return Case((a, b), parameters)


def pairs(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | Pair]:
    """One integer for both axes, or two."""
    return st.one_of(values, st.tuples(values, values))


def _both(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else value


@st.composite
def _windows(draw: st.DrawFn, max_padding: int) -> dict[str, Any]:
    return {
        "stride": draw(pairs(st.integers(1, 4))),
        "padding": draw(pairs(st.integers(0, max_padding))),
        "dilation": draw(pairs(st.sampled_from([1, 1, 1, 2, 3]))),
    }


def _image(draw: st.DrawFn, kernel: Pair, window: dict[str, Any], longest: int) -> Pair:
    """Draw a height and width into which the dilated kernel fits at least once."""
    padding, dilation = _both(window["padding"]), _both(window["dilation"])
    sizes = []
    for axis in (0, 1):
        least = max(1, dilation[axis] * (kernel[axis] - 1) + 1 - 2 * padding[axis])
        sizes.append(draw(st.integers(least, max(least, longest))))
    return sizes[0], sizes[1]


@st.composite
def _channels(draw: st.DrawFn) -> tuple[int, int, int]:
    """Groups, input channels and output channels; depthwise included."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    inputs = groups * draw(st.sampled_from([1, 1, 2, 3, 4, 8, 17]))
    outputs = groups * draw(st.sampled_from([1, 2, 3, 5, 8, 16, 17]))
    return groups, inputs, outputs


@st.composite
def conv2d_cases(draw: st.DrawFn) -> Case:
    """Shapes of x and weight, and stride, padding, dilation and groups."""
    groups, inputs, outputs = draw(_channels())
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    window = draw(_windows(max_padding=4))
    image = _image(draw, kernel, window, longest=10)
    x = (draw(st.integers(1, 3)), inputs, *image)
    return Case((x, (outputs, inputs // groups, *kernel)), {**window, "groups": groups})


@st.composite
def conv_transpose2d_cases(draw: st.DrawFn) -> Case:
    """As `conv2d_cases`, for x and weight of a transposed convolution."""
    groups, inputs, outputs = draw(_channels())
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    window = draw(_windows(max_padding=2))
    stride, padding, dilation = (_both(window[key]) for key in ("stride", "padding", "dilation"))
    extra = tuple(draw(st.integers(0, max(stride[axis], dilation[axis]) - 1)) for axis in (0, 1))
    sizes = []
    for axis in (0, 1):
        least = 1
        while _transposed(least, axis, kernel, stride, padding, extra, dilation) < 1:
            least += 1
        sizes.append(draw(st.integers(least, max(least, 6))))
    x = (draw(st.integers(1, 3)), inputs, *sizes)
    weight = (inputs, outputs // groups, *kernel)
    return Case((x, weight), {**window, "output_padding": extra, "groups": groups})


def _transposed(
    size: int, axis: int, kernel: Pair, stride: Pair, padding: Pair, extra: Shape, dilation: Pair
) -> int:
    return transposed_output_size(
        size, kernel[axis], stride[axis], padding[axis], extra[axis], dilation[axis]
    )


@st.composite
def _pools(draw: st.DrawFn, dilated: bool) -> Case:
    kernel = draw(pairs(st.integers(1, 4)))
    window = draw(_windows(max_padding=0))
    if not dilated:
        window["dilation"] = 1
    # PyTorch's rule, also here: at most half the kernel may be padding.
    window["padding"] = tuple(draw(st.integers(0, length // 2)) for length in _both(kernel))
    image = _image(draw, _both(kernel), window, longest=12)
    # A dilated window must not step over the whole image, from one padding to the other.
    image = tuple(map(max, image, _both(window["dilation"])))
    if not dilated:
        del window["dilation"]
    if draw(st.booleans()):
        del window["stride"]
    x = (draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 3, 9])), *image)
    return Case((x,), {"kernel_size": kernel, **window, "ceil_mode": draw(st.booleans())})


def max_pool2d_cases() -> st.SearchStrategy[Case]:
    """Shape of x, and kernel_size, stride, padding, dilation and ceil_mode."""
    return _pools(dilated=True)


@st.composite
def avg_pool2d_cases(draw: st.DrawFn) -> Case:
    """Shape of x, and kernel_size, stride, padding, ceil_mode and the two divisor rules."""
    case = draw(_pools(dilated=False))
    rules = {
        "count_include_pad": draw(st.booleans()),
        "divisor_override": draw(st.sampled_from([None, None, 1, 7, -2])),
    }
    return Case(case.shapes, {**case.parameters, **rules})


@st.composite
def adaptive_pool2d_cases(draw: st.DrawFn) -> Case:
    """Shape of x and output_size, larger than the image at times."""
    image = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    x = (draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 3, 9])), *image)
    return Case((x,), {"output_size": draw(pairs(st.integers(1, 13)))})


@st.composite
def softmax_cases(draw: st.DrawFn) -> Case:
    """Shape of x and an axis of it, counted from either end."""
    shape = draw(shapes(min_dims=1))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    return Case((shape,), {"axis": axis})


@st.composite
def lstm_cases(draw: st.DrawFn) -> Case:
    """Shapes of x, h, c, w_ih, w_hh, b_ih and b_hh."""
    batch, inputs, hidden = draw(st.integers(1, 9)), draw(LENGTHS), draw(LENGTHS)
    state, gates = (batch, hidden), 4 * hidden
    case = ((batch, inputs), state, state, (gates, inputs), (gates, hidden), (gates,), (gates,))
    return Case(case, {})
