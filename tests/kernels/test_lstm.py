"""Whole sequences of long short-term memory, against the reference cell taken step by step."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

# Steps, batch, inputs, hidden: one step, ends of tiles and panels, nothing along each axis.
SIZES = [
    (1, 5, 3, 4),
    (2, 1, 1, 1),
    (5, 4, 7, 9),
    (3, 13, 30, 33),
    (4, 64, 17, 80),
    (0, 2, 3, 4),
    (3, 0, 3, 4),
    (3, 2, 0, 4),
    (3, 2, 3, 0),
]
NAMES = ["gx", "gh0", "gc0", "gw_ih", "gw_hh", "gb"]


def layer(sizes, dtype, seed=0):
    """x, h0, c0, w_ih, w_hh, b_ih, b_hh."""
    steps, batch, inputs, hidden = sizes
    gates, state = 4 * hidden, (batch, hidden)
    shapes = [(steps, batch, inputs), state, state, (gates, inputs), (gates, hidden), gates, gates]
    rng = np.random.default_rng(seed)
    return [(0.4 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]


def result_grads(sizes, dtype):
    steps, batch, _, hidden = sizes
    rng = np.random.default_rng(9)
    shapes = [(steps, batch, hidden), (batch, hidden), (batch, hidden)]
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def order(steps, reverse):
    return range(steps)[::-1] if reverse else range(steps)


def reference(x, h, c, *weights, reverse=False):
    """Output, state, and of each step its inputs and results."""
    output, tape = np.zeros((*x.shape[:2], h.shape[1])), {}
    for t in order(len(x), reverse):
        h_next, c_next, gates = references.lstm_cell(x[t], h, c, *weights)
        tape[t] = (x[t], h, c, c_next, gates)
        output[t] = h = h_next
        c = c_next
    return output, h, c, tape


def reference_grad(grads, tape, w_ih, w_hh, x, reverse=False):
    grad_output, grad_h, grad_c = (np.asarray(grad, np.float64) for grad in grads)
    gx = np.zeros(x.shape)
    sums = [np.zeros(w_ih.shape), np.zeros(w_hh.shape), np.zeros(len(w_ih))]
    for t in reversed(order(len(x), reverse)):
        gx[t], grad_h, grad_c, *parts = references.lstm_cell_grad(
            grad_h + grad_output[t], grad_c, *tape[t], w_ih, w_hh
        )
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
    return gx, grad_h, grad_c, *sums


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_sequence_equals_reference(sizes, reverse, dtype):
    arrays = layer(sizes, dtype)
    output, h_n, c_n, saved = kernels.lstm(*arrays, reverse=reverse)
    expected, h, c, tape = reference(*arrays, reverse=reverse)
    assert_close(output, expected, what="output")
    assert_close(h_n, h, what="h_n")
    assert_close(c_n, c, what="c_n")
    grads = result_grads(sizes, dtype)
    x, h0, c0, w_ih, w_hh, *_ = arrays
    ours = kernels.lstm_grad(*grads, x, h0, c0, output, saved, w_ih, w_hh, reverse=reverse)
    theirs = reference_grad(grads, tape, w_ih, w_hh, x, reverse)
    for actual, expected, name in zip(ours, theirs, NAMES, strict=True):
        assert actual.dtype == dtype
        assert_close(actual, expected, what=name)


@pytest.mark.parametrize("missing", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("steps", [1, 3])
def test_missing_gradients_are_zero(missing, steps, dtype):
    sizes = (steps, 4, 5, 6)
    x, h0, c0, w_ih, w_hh, *biases = layer(sizes, dtype)
    output, _, _, saved = kernels.lstm(x, h0, c0, w_ih, w_hh, *biases)
    grads = result_grads(sizes, dtype)
    zeros = [g * 0 if i in missing else g for i, g in enumerate(grads)]
    nones = [None if i in missing else g for i, g in enumerate(grads)]
    rest = (x, h0, c0, output, saved, w_ih, w_hh)
    for ours, theirs in zip(
        kernels.lstm_grad(*nones, *rest), kernels.lstm_grad(*zeros, *rest), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("kept", [(), (5,), (6,)])
def test_biases_are_optional_each(kept, steps, dtype):
    arrays = layer((steps, 3, 4, 5), dtype)
    biases = [arrays[i] if i in kept else None for i in (5, 6)]
    output, *_ = kernels.lstm(*arrays[:5], *biases)
    filled = [arrays[i] * (i in kept) for i in (5, 6)]
    assert_close(output, reference(*arrays[:5], *filled)[0], what="output")


def test_bits_do_not_depend_on_the_number_of_threads(dtype):
    sizes = (3, 70, 96, 150)
    x, h0, c0, w_ih, w_hh, *biases = layer(sizes, dtype)

    def compute():
        output, *state, saved = kernels.lstm(x, h0, c0, w_ih, w_hh, *biases)
        grads = kernels.lstm_grad(*result_grads(sizes, dtype), x, h0, c0, output, saved, w_ih, w_hh)
        return output, state, saved, grads

    assert_same_for_threads(compute)


@pytest.mark.parametrize(
    ("index", "shape", "name"),
    [
        (0, (2, 3), "x"),
        (1, (4, 5), "h0"),
        (2, (3, 6), "c0"),
        (3, (20, 5), "w_ih"),
        (4, (5, 20), "w_hh"),
        (5, (19,), "b_ih"),
        (6, (5, 4), "b_hh"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(index, shape, name):
    arrays = layer((2, 3, 4, 5), np.float32)
    arrays[index] = np.zeros(shape, np.float32)
    with pytest.raises(ValueError, match=f"^{name}: "):
        kernels.lstm(*arrays)


def test_saved_of_another_function_is_refused():
    x, h0, c0, w_ih, w_hh, *_ = layer((2, 3, 4, 5), np.float32)
    output, *_ = kernels.lstm(x, h0, c0, w_ih, w_hh)
    with pytest.raises(TypeError, match="^saved: "):
        kernels.lstm_grad(None, None, None, x, h0, c0, output, output, w_ih, w_hh)


@pytest.mark.filterwarnings("ignore:overflow")
def test_gates_of_sums_of_any_size(dtype):
    """The biases are the sums where all else is zero."""
    sums = np.concatenate([np.linspace(-12, 12, 301), 10.0 ** np.linspace(-30, 30, 61)])
    sums = np.concatenate([sums, -sums, [0.0, -0.0, np.inf, -np.inf, np.nan]]).astype(dtype)
    state, nothing = np.zeros((1, len(sums)), dtype), np.zeros((4 * len(sums), 0), dtype)
    recurrent = np.zeros((4 * len(sums), len(sums)), dtype)
    _, _, gates = kernels.lstm_cell(
        np.zeros((1, 0), dtype), state, state, nothing, recurrent, np.tile(sums, 4)
    )
    i, f, g, o = gates.reshape(4, -1)
    wide, eps = sums.astype(np.float64), np.finfo(dtype).eps
    for gate in (i, f, o):
        np.testing.assert_allclose(gate, 1 / (1 + np.exp(-wide)), rtol=80 * eps, atol=1e-35)
        moderate = ~(np.abs(wide) > 4)
        expected = 1 / (1 + np.exp(-wide[moderate]))
        np.testing.assert_allclose(gate[moderate], expected, rtol=4 * eps)
    normal = ~(np.abs(wide) < np.finfo(dtype).tiny)
    np.testing.assert_allclose(g[normal], np.tanh(wide[normal]), rtol=4 * eps)
