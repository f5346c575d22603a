"""Sequences of every cell, of equal and unequal lengths, against the reference cells in steps."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

# Steps, batch, inputs, hidden: one step, ends of tiles and panels, more rows than are multiplied at
# a time for the weights' gradients, nothing along each axis.
SIZES = [
    (1, 5, 3, 4),
    (2, 1, 1, 1),
    (5, 4, 7, 9),
    (3, 13, 30, 37),
    (3, 64, 17, 80),
    (3, 7, 3, 256),
    (4, 140, 70, 67),
    (4, 50, 0, 20),
    (0, 2, 3, 4),
    (3, 0, 3, 4),
    (3, 2, 0, 4),
    (3, 2, 3, 0),
]
MANY = [3] * 60 + [2] * 50 + [1] * 20
LENGTHS = [[1], [4, 4, 4], [7, 5, 5, 2, 1], list(range(17, 0, -1)), MANY]


@dataclass(frozen=True)
class Cell:
    """A kind of cell: the kernels, and the references of its step."""

    gates: int
    parts: int  # of the state
    run: object
    grad: object
    step: object
    step_grad: object
    saves: bool = True

    def sequence(self, x, state, weights, **options):
        """Output, last state, what was saved (empty where nothing is)."""
        output, *last = self.run(x, *state, *weights, **options)
        saved = (last.pop(),) if self.saves else ()
        return output, last, saved

    def gradients(self, grads, x, state, output, saved, weights, **options):
        return self.grad(*grads, x, *state, output, *saved, *weights[:2], **options)


def gru_step(x, h, *weights):
    h_next, *saved = references.gru_cell(x, h, *weights)
    return (h_next,), saved


def gru_step_grad(grads, x, state, after, saved, weights):
    gx, gh, *rest = references.gru_cell_grad(grads[0], x, state[0], *saved, *weights[:2])
    return gx, (gh,), rest


def lstm_step(x, h, c, *weights):
    h_next, c_next, gates = references.lstm_cell(x, h, c, *weights)
    return (h_next, c_next), gates


def lstm_step_grad(grads, x, state, after, gates, weights):
    arguments = (*grads, x, *state, after[1], gates, *weights[:2])
    gx, gh, gc, *rest = references.lstm_cell_grad(*arguments)
    return gx, (gh, gc), rest


def simple(nonlinearity):
    options = {"nonlinearity": nonlinearity}

    def step(x, h, *weights):
        return (references.rnn_cell(x, h, *weights, **options),), None

    def step_grad(grads, x, state, after, _, weights):
        arguments = (grads[0], x, state[0], after[0], *weights[:2])
        gx, gh, *rest = references.rnn_cell_grad(*arguments, **options)
        return gx, (gh,), rest

    run, grad = partial(kernels.rnn, **options), partial(kernels.rnn_grad, **options)
    return Cell(1, 1, run, grad, step, step_grad, saves=False)


CELLS = {
    "lstm": Cell(4, 2, kernels.lstm, kernels.lstm_grad, lstm_step, lstm_step_grad),
    "gru": Cell(3, 1, kernels.gru, kernels.gru_grad, gru_step, gru_step_grad),
    "tanh": simple("tanh"),
    "relu": simple("relu"),
}


@pytest.fixture(params=CELLS)
def cell(request):
    return CELLS[request.param]


def draw(dtype, *shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [(0.4 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]


def weights_of(cell, inputs, hidden, dtype):
    gates = cell.gates * hidden
    return draw(dtype, (gates, inputs), (gates, hidden), gates, gates, seed=1)


def reference(cell, x, state, weights, sizes, reverse):
    """Outputs and last state, and of each step what its gradient needs; x has a row for each."""
    ends = np.cumsum(sizes)
    state = [np.array(part, np.float64) for part in state]
    output = np.zeros((len(x), state[0].shape[1]))
    tape = []
    for t in range(len(sizes))[:: -1 if reverse else 1]:
        rows = slice(ends[t] - sizes[t], ends[t])
        before = [part[: sizes[t]].copy() for part in state]
        after, saved = cell.step(x[rows], *before, *weights)
        for part, new in zip(state, after, strict=True):
            part[: sizes[t]] = new
        output[rows] = after[0]
        tape.append((rows, before, after, saved))
    return output, state, tape


def reference_grad(cell, grads, x, weights, tape):
    """Gradients by x, the parts of the first state, w_ih, w_hh and the biases."""
    grad_output, *grad_state = (np.array(grad, np.float64) for grad in grads)
    gx, sums = np.zeros(x.shape), None
    for rows, before, after, saved in reversed(tape):
        n = rows.stop - rows.start
        now = [part[:n].copy() for part in grad_state]
        now[0] += grad_output[rows]
        gx[rows], back, parts = cell.step_grad(now, x[rows], before, after, saved, weights)
        for part, new in zip(grad_state, back, strict=True):
            part[:n] = new
        sums = parts if sums is None else [a + b for a, b in zip(sums, parts, strict=True)]
    if sums is None:
        biases = 2 if cell.gates == 3 else 1
        sums = [np.zeros(w.shape) for w in weights[: 2 + biases]]
    return gx, *grad_state, *sums


def check(cell, x, state, weights, dtype, *, sizes, reverse, **options):
    """Compare a sequence and its gradients with the references."""
    output, last, saved = cell.sequence(x, state, weights, reverse=reverse, **options)
    rows = x.reshape(sum(sizes), x.shape[-1])
    expected, expected_last, tape = reference(cell, rows, state, weights, sizes, reverse)
    assert_close(output, expected.reshape(output.shape), what="output")
    for name, ours, theirs in zip("hc", last, expected_last, strict=False):
        assert_close(ours, theirs, what=f"{name}_n")
    grads = draw(dtype, output.shape, *(part.shape for part in last), seed=9)
    ours = cell.gradients(grads, x, state, output, saved, weights, reverse=reverse, **options)
    flat = [grads[0].reshape(expected.shape), *grads[1:]]
    theirs = reference_grad(cell, flat, rows, weights, tape)
    for number, (actual, wanted) in enumerate(zip(ours, theirs, strict=True)):
        assert actual.dtype == dtype
        assert_close(actual, wanted.reshape(actual.shape), what=f"gradient {number}")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_sequence_equals_reference(cell, sizes, reverse, dtype):
    steps, batch, inputs, hidden = sizes
    x, *state = draw(dtype, (steps, batch, inputs), *[(batch, hidden)] * cell.parts)
    weights = weights_of(cell, inputs, hidden, dtype)
    check(cell, x, state, weights, dtype, sizes=[batch] * steps, reverse=reverse)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_unequal_lengths_equal_reference(cell, lengths, reverse, dtype):
    sizes = [sum(length > t for length in lengths) for t in range(lengths[0])]
    x, *state = draw(dtype, (sum(sizes), 6), *[(len(lengths), 21)] * cell.parts)
    weights = weights_of(cell, 6, 21, dtype)
    check(cell, x, state, weights, dtype, sizes=sizes, reverse=reverse, batch_sizes=np.int32(sizes))


@pytest.mark.parametrize("steps", [1, 4])
def test_what_is_not_needed_is_left_out(cell, steps, dtype):
    x, *state = draw(dtype, (steps, 3, 4), *[(3, 5)] * cell.parts)
    weights = weights_of(cell, 4, 5, dtype)
    output, last, saved = cell.sequence(x, state, weights)
    grads = draw(dtype, output.shape, *(part.shape for part in last))
    arguments = (grads, x, state, output, saved, weights)
    everything = cell.gradients(*arguments)
    for wanted in range(len(everything)):
        needs = [number == wanted for number in range(len(everything))]
        for number, part in enumerate(cell.gradients(*arguments, needs=needs)):
            if number == wanted:
                np.testing.assert_array_equal(part, everything[number])
            else:
                assert part is None


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", [[5], [3] * 4, [9] * 4, [9, 9, 4, 1], []], ids=str)
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_without_a_gradient_the_states_are_the_same(name, sizes, reverse, dtype):
    cell, batch = CELLS[name], max(sizes, default=3)
    options = {"reverse": reverse}
    shape = (len(sizes), batch, 6)
    if len(set(sizes)) > 1:
        options["batch_sizes"], shape = np.array(sizes), (sum(sizes), 6)
    x, *state = draw(dtype, shape, *[(batch, 21)] * cell.parts)
    weights = weights_of(cell, 6, 21, dtype)
    output, last, _ = cell.sequence(x, state, weights, **options)
    ours, ours_last, (saved,) = cell.sequence(x, state, weights, training=False, **options)
    assert saved is None
    for actual, expected in zip([ours, *ours_last], [output, *last], strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_gradients_by_central_differences(cell):
    x, *state = draw(np.float64, (3, 2, 3), *[(2, 2)] * cell.parts)
    weights = weights_of(cell, 3, 2, np.float64)
    output, last, saved = cell.sequence(x, state, weights)
    grad = draw(np.float64, output.shape, seed=5)[0]
    nothing = [None] * len(last)
    ours = cell.gradients([grad, *nothing], x, state, output, saved, weights)
    variables = [x, *state, *weights[: len(ours) - 1 - len(state)]]
    rest = weights[len(ours) - 1 - len(state) :]

    def run(x, *arrays):
        arrays = (*arrays, *rest)
        return cell.run(x, *arrays)[0]

    assert_gradients(run, variables, grad, ours)


@pytest.mark.parametrize("sizes", [(3, 70, 96, 150), (4, 1, 32, 300), (40, 6, 8, 64)])
@pytest.mark.parametrize("packed", [False, True])
def test_bits_do_not_depend_on_the_number_of_threads(cell, sizes, packed, dtype):
    steps, batch, inputs, hidden = sizes
    counts = np.linspace(batch, (batch + 1) // 2, steps).astype(int)
    shape = (counts.sum(), inputs) if packed else (steps, batch, inputs)
    options = {"batch_sizes": counts} if packed else {}
    x, *state = draw(dtype, shape, *[(batch, hidden)] * cell.parts)
    weights = weights_of(cell, inputs, hidden, dtype)

    def compute():
        output, last, saved = cell.sequence(x, state, weights, **options)
        grads = draw(dtype, output.shape, *(part.shape for part in last), seed=9)
        results = cell.gradients(grads, x, state, output, saved, weights, **options)
        return [output, *last, *results]

    assert_same_for_threads(compute)


def test_one_step_equals_the_cell(dtype):
    x, h, c = draw(dtype, (3, 4), (3, 5), (3, 5))
    rest = draw(dtype, (3, 5), seed=3)[0]
    gru, tanh = (weights_of(CELLS[name], 4, 5, dtype) for name in ("gru", "tanh"))
    h_next, *saved = kernels.gru_cell(x, h, *gru)
    assert_close(h_next, references.gru_cell(x, h, *gru)[0])
    for ours, theirs in zip(
        kernels.gru_cell_grad(rest, x, h, *saved, *gru[:2]),
        references.gru_cell_grad(rest, x, h, *saved, *gru[:2]),
        strict=True,
    ):
        assert_close(ours, theirs)
    for options in ({}, {"nonlinearity": "relu"}):
        h_next = kernels.rnn_cell(x, h, *tanh, **options)
        assert_close(h_next, references.rnn_cell(x, h, *tanh, **options))
        for ours, theirs in zip(
            kernels.rnn_cell_grad(rest, x, h, h_next, *tanh[:2], **options),
            references.rnn_cell_grad(rest, x, h, h_next, *tanh[:2], **options),
            strict=True,
        ):
            assert_close(ours, theirs)


@pytest.mark.parametrize(
    "sizes", [[], [2, 3], [3, 2], [3, 2, 0], [[3, 2]], [3, 3, -1], [2**62, 2**62, 2**62]], ids=str
)
def test_bad_batch_sizes_are_refused(cell, sizes):
    x, *state = draw(np.float32, (6, 4), *[(3, 5)] * cell.parts)
    sizes = np.array(sizes, np.int64)
    with pytest.raises(ValueError, match="^batch_sizes: "):
        cell.run(x, *state, *weights_of(cell, 4, 5, np.float32), batch_sizes=sizes)


def test_bad_options_are_refused(cell):
    x, *state = draw(np.float32, (2, 3, 4), *[(3, 5)] * cell.parts)
    weights = weights_of(cell, 4, 5, np.float32)
    output, last, saved = cell.sequence(x, state, weights)
    with pytest.raises(ValueError, match="^needs: "):
        cell.gradients([output, *last], x, state, output, saved, weights, needs=[True])
    with pytest.raises(ValueError, match="^nonlinearity: "):
        kernels.rnn_cell(x[0], state[0], *weights, nonlinearity="sin")
    with pytest.raises(ValueError, match="^h0: "):
        cell.run(x, *(part[:2] for part in state), *weights)
