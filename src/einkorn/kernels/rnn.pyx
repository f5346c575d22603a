"""Long short-term memory: one step, and whole sequences."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    data_or_null,
    empty,
    expect_shape,
    input_of_rank,
    new_call,
    optional_input,
)
from einkorn.kernels._core cimport (
    api,
    ek_lstm_arrays,
    ek_lstm_grad_arrays,
    ek_lstm_problem,
    ek_workspace_size,
)

cnp.import_array()


cdef cnp.ndarray matrix(object value, str name, Call *call, int64_t rows, int64_t columns):
    cdef cnp.ndarray array = input_of_rank(value, name, call, 2)
    cdef int64_t[2] shape
    shape[0], shape[1] = rows, columns
    expect_shape(array, name, 2, shape)
    return array


cdef cnp.ndarray sequence(object value, str name, Call *call, const ek_lstm_problem *problem,
                          int64_t width):
    cdef cnp.ndarray array = input_of_rank(value, name, call, 3)
    cdef int64_t[3] shape
    shape[0], shape[1], shape[2] = problem.steps, problem.batch, width
    expect_shape(array, name, 3, shape)
    return array


cdef cnp.ndarray optional_bias(object value, str name, Call *call, int64_t length):
    cdef cnp.ndarray array = optional_input(value, name, call, 1)
    if array is not None:
        expect_shape(array, name, 1, &length)
    return array


cdef cnp.ndarray new_matrix(int64_t rows, int64_t columns, Call *call):
    cdef int64_t[2] shape
    shape[0], shape[1] = rows, columns
    return empty(2, shape, call.type_number)


cdef cnp.ndarray new_sequence(const ek_lstm_problem *problem, int64_t width, Call *call):
    cdef int64_t[3] shape
    shape[0], shape[1], shape[2] = problem.steps, problem.batch, width
    return empty(3, shape, call.type_number)


cdef int set_sizes(ek_lstm_problem *problem, cnp.ndarray x, cnp.ndarray h, str name) except -1:
    """Sizes as x (..., B, I) and the state h (B, H) have them."""
    cdef int rank = cnp.PyArray_NDIM(x)
    problem.steps = 1 if rank == 2 else cnp.PyArray_DIM(x, 0)
    problem.batch, problem.input = cnp.PyArray_DIM(x, rank - 2), cnp.PyArray_DIM(x, rank - 1)
    problem.hidden = cnp.PyArray_DIM(h, 1)
    problem.reverse = 0
    if cnp.PyArray_DIM(h, 0) != problem.batch:
        raise ValueError(
            f"{name}: expected a batch of {problem.batch} as that of x, "
            f"got {cnp.PyArray_DIM(h, 0)}"
        )
    return 0


cdef int run_forward(Call *call, ek_lstm_problem *problem, ek_lstm_arrays *arrays) except -1:
    cdef ek_workspace_size size
    cdef Scratch scratch = Scratch()
    cdef int status
    check(api.lstm_workspace(call.dtype, problem, &size), "lstm")
    scratch.reserve(size.best)
    with nogil:
        status = api.lstm(call.dtype, problem, arrays, scratch.workspace)
    return check(status, "lstm")


cdef int run_backward(Call *call, ek_lstm_problem *problem,
                      ek_lstm_grad_arrays *arrays) except -1:
    cdef ek_workspace_size size
    cdef Scratch scratch = Scratch()
    cdef int status
    check(api.lstm_grad_workspace(call.dtype, problem, &size), "lstm_grad")
    scratch.reserve(size.best)
    with nogil:
        status = api.lstm_grad(call.dtype, problem, arrays, scratch.workspace)
    return check(status, "lstm_grad")


def lstm_cell(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    r"""One step of long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).

    .. math::

        (i, f, g, o) &= (\sigma, \sigma, \tanh, \sigma)
            (x W_{ih}^\mathsf{T} + b_{ih} + h W_{hh}^\mathsf{T} + b_{hh}) \\
        c' &= f c + i g \\
        h' &= o \tanh c'

    Parameters
    ----------
    x : array, shape (B, I)
        float32 or float64.
    h, c : array, shape (B, H)
        The state before the step.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)
    b_ih, b_hh : array, shape (4H,), optional

    Returns
    -------
    h_next, c_next : array, shape (B, H)
    gates : array, shape (B, 4H)
        :math:`i, f, g, o`, as `lstm_cell_grad` needs them.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one, weights = np.ones((1, 1)), np.zeros((4, 1))
    >>> h, c, gates = kernels.lstm_cell(one, one, 2 * one, weights, weights)
    >>> c.item(), gates.tolist()
    (1.0, [[0.5, 0.5, 0.0, 0.5]])
    """
    cdef Call call = new_call()
    cdef ek_lstm_problem problem
    cdef ek_lstm_arrays arrays
    cdef cnp.ndarray x_in = input_of_rank(x, "x", &call, 2)
    cdef cnp.ndarray h_in = input_of_rank(h, "h", &call, 2)
    set_sizes(&problem, x_in, h_in, "h")
    cdef int64_t batch = problem.batch, hidden = problem.hidden
    cdef cnp.ndarray c_in = matrix(c, "c", &call, batch, hidden)
    cdef cnp.ndarray w_x = matrix(w_ih, "w_ih", &call, 4 * hidden, problem.input)
    cdef cnp.ndarray w_h = matrix(w_hh, "w_hh", &call, 4 * hidden, hidden)
    cdef cnp.ndarray b_x = optional_bias(b_ih, "b_ih", &call, 4 * hidden)
    cdef cnp.ndarray b_h = optional_bias(b_hh, "b_hh", &call, 4 * hidden)
    cdef cnp.ndarray h_next = new_matrix(batch, hidden, &call)
    cdef cnp.ndarray c_next = new_matrix(batch, hidden, &call)
    cdef cnp.ndarray gates = new_matrix(batch, 4 * hidden, &call)
    arrays.x, arrays.h0, arrays.c0 = data_or_null(x_in), data_or_null(h_in), data_or_null(c_in)
    arrays.w_ih, arrays.w_hh = data_or_null(w_x), data_or_null(w_h)
    arrays.b_ih, arrays.b_hh = data_or_null(b_x), data_or_null(b_h)
    arrays.output, arrays.cells = cnp.PyArray_DATA(h_next), cnp.PyArray_DATA(c_next)
    arrays.gates = cnp.PyArray_DATA(gates)
    run_forward(&call, &problem, &arrays)
    return h_next, c_next, gates


def lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh):
    r"""Gradients of `lstm_cell`.

    Parameters
    ----------
    grad_h, grad_c : array, shape (B, H), or None
        By `h_next` and `c_next`; None is zero.
    x : array, shape (B, I)
    h, c : array, shape (B, H)
        The state before the step.
    c_next : array, shape (B, H)
    gates : array, shape (B, 4H)
        As `lstm_cell` returned them.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)

    Returns
    -------
    gx, gh, gc : array, shapes (B, I), (B, H), (B, H)
    gw_ih, gw_hh : array, shapes (4H, I), (4H, H)
    gb : array, shape (4H,)
        By either bias.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> one, weights = np.ones((1, 1)), np.zeros((4, 1))
    >>> gates = np.array([[0.5, 0.5, 0.0, 0.5]])
    >>> grads = kernels.lstm_cell_grad(None, one, one, one, one, one / 2, gates, weights, weights)
    >>> grads[2].item(), grads[5].tolist()
    (0.5, [0.0, 0.25, 0.5, 0.0])
    """
    cdef Call call = new_call()
    cdef ek_lstm_problem problem
    cdef ek_lstm_grad_arrays arrays
    cdef cnp.ndarray x_in = input_of_rank(x, "x", &call, 2)
    cdef cnp.ndarray h_in = input_of_rank(h, "h", &call, 2)
    set_sizes(&problem, x_in, h_in, "h")
    cdef int64_t batch = problem.batch, hidden = problem.hidden
    cdef cnp.ndarray g_h = None if grad_h is None else matrix(
        grad_h, "grad_h", &call, batch, hidden)
    cdef cnp.ndarray g_c = None if grad_c is None else matrix(
        grad_c, "grad_c", &call, batch, hidden)
    cdef cnp.ndarray c_in = matrix(c, "c", &call, batch, hidden)
    cdef cnp.ndarray c_out = matrix(c_next, "c_next", &call, batch, hidden)
    cdef cnp.ndarray activated = matrix(gates, "gates", &call, batch, 4 * hidden)
    cdef cnp.ndarray w_x = matrix(w_ih, "w_ih", &call, 4 * hidden, problem.input)
    cdef cnp.ndarray w_h = matrix(w_hh, "w_hh", &call, 4 * hidden, hidden)
    cdef cnp.ndarray gx = new_matrix(batch, problem.input, &call)
    arrays.grad_output = NULL
    arrays.grad_h_n, arrays.grad_c_n = data_or_null(g_h), data_or_null(g_c)
    arrays.x, arrays.h0, arrays.c0 = data_or_null(x_in), data_or_null(h_in), data_or_null(c_in)
    # Of one step only the state before it is read, not its output.
    arrays.output = data_or_null(h_in)
    arrays.gates, arrays.cells = data_or_null(activated), data_or_null(c_out)
    arrays.w_ih, arrays.w_hh = data_or_null(w_x), data_or_null(w_h)
    arrays.gx = cnp.PyArray_DATA(gx)
    return (gx, *finish_backward(&call, &problem, &arrays))


cdef tuple finish_backward(Call *call, ek_lstm_problem *problem, ek_lstm_grad_arrays *arrays):
    """Runs the backward pass and returns the gradients by all but x."""
    cdef int64_t gates = 4 * problem.hidden
    cdef cnp.ndarray gh0 = new_matrix(problem.batch, problem.hidden, call)
    cdef cnp.ndarray gc0 = new_matrix(problem.batch, problem.hidden, call)
    cdef cnp.ndarray gw_ih = new_matrix(gates, problem.input, call)
    cdef cnp.ndarray gw_hh = new_matrix(gates, problem.hidden, call)
    cdef cnp.ndarray gb = empty(1, &gates, call.type_number)
    arrays.gh0, arrays.gc0 = cnp.PyArray_DATA(gh0), cnp.PyArray_DATA(gc0)
    arrays.gw_ih, arrays.gw_hh = cnp.PyArray_DATA(gw_ih), cnp.PyArray_DATA(gw_hh)
    arrays.gb = cnp.PyArray_DATA(gb)
    run_backward(call, problem, arrays)
    return gh0, gc0, gw_ih, gw_hh, gb


def lstm(x, h0, c0, w_ih, w_hh, b_ih=None, b_hh=None, *, reverse=False):
    r"""A layer of long short-term memory over whole sequences: `lstm_cell` step after step.

    Parameters
    ----------
    x : array, shape (T, B, I)
        float32 or float64.
    h0, c0 : array, shape (B, H)
        The state before the first step.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)
    b_ih, b_hh : array, shape (4H,), optional
    reverse : bool
        Go from the last step to the first, as one direction of a bidirectional layer does;
        results stay in the order of `x`.

    Returns
    -------
    output : array, shape (T, B, H)
        :math:`h` after each step.
    h_n, c_n : array, shape (B, H)
        The state after the last step taken.
    saved : tuple of arrays
        What `lstm_grad` needs: the gates (T, B, 4H) after their activations, and :math:`c` after
        each step (T, B, H).

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> state, weights = np.ones((1, 1)), np.zeros((4, 1))
    >>> output, h_n, c_n, saved = kernels.lstm(np.ones((2, 1, 1)), state, state, weights, weights)
    >>> output.shape, c_n.item()
    ((2, 1, 1), 0.25)
    """
    cdef Call call = new_call()
    cdef ek_lstm_problem problem
    cdef ek_lstm_arrays arrays
    cdef cnp.ndarray x_in = input_of_rank(x, "x", &call, 3)
    cdef cnp.ndarray h_in = input_of_rank(h0, "h0", &call, 2)
    set_sizes(&problem, x_in, h_in, "h0")
    problem.reverse = bool(reverse)
    cdef int64_t batch = problem.batch, hidden = problem.hidden
    cdef cnp.ndarray c_in = matrix(c0, "c0", &call, batch, hidden)
    cdef cnp.ndarray w_x = matrix(w_ih, "w_ih", &call, 4 * hidden, problem.input)
    cdef cnp.ndarray w_h = matrix(w_hh, "w_hh", &call, 4 * hidden, hidden)
    cdef cnp.ndarray b_x = optional_bias(b_ih, "b_ih", &call, 4 * hidden)
    cdef cnp.ndarray b_h = optional_bias(b_hh, "b_hh", &call, 4 * hidden)
    cdef cnp.ndarray output = new_sequence(&problem, hidden, &call)
    cdef cnp.ndarray gates = new_sequence(&problem, 4 * hidden, &call)
    cdef cnp.ndarray cells = new_sequence(&problem, hidden, &call)
    arrays.x, arrays.h0, arrays.c0 = data_or_null(x_in), data_or_null(h_in), data_or_null(c_in)
    arrays.w_ih, arrays.w_hh = data_or_null(w_x), data_or_null(w_h)
    arrays.b_ih, arrays.b_hh = data_or_null(b_x), data_or_null(b_h)
    arrays.output, arrays.cells = cnp.PyArray_DATA(output), cnp.PyArray_DATA(cells)
    arrays.gates = cnp.PyArray_DATA(gates)
    run_forward(&call, &problem, &arrays)
    if problem.steps == 0:
        return output, h_in.copy(), c_in.copy(), (gates, cells)
    last = 0 if problem.reverse else problem.steps - 1
    return output, output[last].copy(), cells[last].copy(), (gates, cells)


def lstm_grad(grad_output, grad_h_n, grad_c_n, x, h0, c0, output, saved, w_ih, w_hh, *,
              reverse=False):
    r"""Gradients of `lstm` (back-propagation through time; Werbos, 1990).

    Parameters
    ----------
    grad_output : array, shape (T, B, H), or None
    grad_h_n, grad_c_n : array, shape (B, H), or None
        None is zero.
    x : array, shape (T, B, I)
    h0, c0 : array, shape (B, H)
    output : array, shape (T, B, H)
    saved : tuple of arrays
        `output` and `saved` as `lstm` returned them.
    w_ih : array, shape (4H, I)
    w_hh : array, shape (4H, H)
    reverse : bool
        As for `lstm`.

    Returns
    -------
    gx : array, shape (T, B, I)
    gh0, gc0 : array, shape (B, H)
    gw_ih, gw_hh : array, shapes (4H, I), (4H, H)
    gb : array, shape (4H,)
        By either bias.

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, state, weights = np.ones((2, 1, 1)), np.ones((1, 1)), np.zeros((4, 1))
    >>> output, _, _, saved = kernels.lstm(x, state, state, weights, weights)
    >>> grads = kernels.lstm_grad(None, None, state, x, state, state, output, saved, weights,
    ...                           weights)
    >>> grads[2].item()
    0.25
    """
    cdef Call call = new_call()
    cdef ek_lstm_problem problem
    cdef ek_lstm_grad_arrays arrays
    cdef cnp.ndarray x_in = input_of_rank(x, "x", &call, 3)
    cdef cnp.ndarray h_in = input_of_rank(h0, "h0", &call, 2)
    set_sizes(&problem, x_in, h_in, "h0")
    problem.reverse = bool(reverse)
    cdef int64_t batch = problem.batch, hidden = problem.hidden
    if not isinstance(saved, (tuple, list)) or len(saved) != 2:
        raise TypeError(f"saved: expected the tuple that lstm returned, got {type(saved).__name__}")
    cdef cnp.ndarray g_out = None if grad_output is None else sequence(
        grad_output, "grad_output", &call, &problem, hidden)
    cdef cnp.ndarray g_h = None if grad_h_n is None else matrix(
        grad_h_n, "grad_h_n", &call, batch, hidden)
    cdef cnp.ndarray g_c = None if grad_c_n is None else matrix(
        grad_c_n, "grad_c_n", &call, batch, hidden)
    cdef cnp.ndarray c_in = matrix(c0, "c0", &call, batch, hidden)
    cdef cnp.ndarray h_all = sequence(output, "output", &call, &problem, hidden)
    cdef cnp.ndarray gates = sequence(saved[0], "saved", &call, &problem, 4 * hidden)
    cdef cnp.ndarray cells = sequence(saved[1], "saved", &call, &problem, hidden)
    cdef cnp.ndarray w_x = matrix(w_ih, "w_ih", &call, 4 * hidden, problem.input)
    cdef cnp.ndarray w_h = matrix(w_hh, "w_hh", &call, 4 * hidden, hidden)
    cdef cnp.ndarray gx = new_sequence(&problem, problem.input, &call)
    arrays.grad_output = data_or_null(g_out)
    arrays.grad_h_n, arrays.grad_c_n = data_or_null(g_h), data_or_null(g_c)
    arrays.x, arrays.h0, arrays.c0 = data_or_null(x_in), data_or_null(h_in), data_or_null(c_in)
    arrays.output, arrays.cells = data_or_null(h_all), data_or_null(cells)
    arrays.gates = data_or_null(gates)
    arrays.w_ih, arrays.w_hh = data_or_null(w_x), data_or_null(w_h)
    arrays.gx = cnp.PyArray_DATA(gx)
    return (gx, *finish_backward(&call, &problem, &arrays))
