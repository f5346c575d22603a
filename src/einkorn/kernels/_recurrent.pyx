"""What the bindings of recurrent layers share: a call's arguments, and both passes over them."""

cimport cython
cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    data_or_null,
    empty,
    expect_shape,
    index_input,
    input_of_rank,
    new_call,
    optional_input,
)
from einkorn.kernels._core cimport (
    EK_GRU,
    EK_LSTM,
    EK_RNN_RELU,
    EK_RNN_TANH,
    api,
    ek_rnn_arrays,
    ek_rnn_cell,
    ek_rnn_grad_arrays,
    ek_workspace_size,
)

cnp.import_array()


cdef cnp.ndarray matrix(object value, str name, Call *call, int64_t rows, int64_t columns):
    cdef cnp.ndarray array = input_of_rank(value, name, call, 2)
    cdef int64_t[2] shape
    shape[0], shape[1] = rows, columns
    expect_shape(array, name, 2, shape)
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


@cython.final
cdef class Layer:
    """What a call of any of the functions is about; keeps its inputs alive."""

    cdef int describe(self, ek_rnn_cell cell, object x, object h0, str state, object w_ih,
                      object w_hh, int rank, object batch_sizes, bint reverse) except -1:
        """Reads the arguments that all functions have."""
        cdef ek_rnn_problem *problem = &self.problem
        self.call = new_call()
        self.rank = rank
        self.x = input_of_rank(x, "x", &self.call, rank)
        self.h0 = input_of_rank(h0, state, &self.call, 2)
        problem.cell, problem.reverse = cell, reverse
        problem.input = cnp.PyArray_DIM(self.x, rank - 1)
        problem.batch = cnp.PyArray_DIM(self.x, rank - 2)
        problem.steps = cnp.PyArray_DIM(self.x, 0) if rank == 3 else 1
        problem.rows = problem.steps * problem.batch
        problem.batch_sizes = NULL
        if batch_sizes is not None:
            self.take_batch_sizes(batch_sizes)
        problem.hidden = cnp.PyArray_DIM(self.h0, 1)
        if cnp.PyArray_DIM(self.h0, 0) != problem.batch:
            raise ValueError(
                f"{state}: expected a batch of {problem.batch} as that of x, "
                f"got {cnp.PyArray_DIM(self.h0, 0)}"
            )
        self.gates = problem.hidden * (4 if cell == EK_LSTM else 3 if cell == EK_GRU else 1)
        self.w_ih = matrix(w_ih, "w_ih", &self.call, self.gates, problem.input)
        self.w_hh = matrix(w_hh, "w_hh", &self.call, self.gates, problem.hidden)
        return 0

    cdef int take_batch_sizes(self, object batch_sizes) except -1:
        cdef ek_rnn_problem *problem = &self.problem
        cdef int64_t rows = cnp.PyArray_DIM(self.x, 0)
        # Changed by another thread after they were checked, they would lead out of the arrays.
        self.batch_sizes = index_input(batch_sizes, "batch_sizes").copy()
        sizes = self.batch_sizes
        falling = sizes.ndim == 1 and sizes.size > 0 and (sizes[1:] <= sizes[:sizes.size - 1]).all()
        if not falling or sizes.min() < 1:
            raise ValueError(
                "batch_sizes: expected positive integers that do not increase, "
                f"got {batch_sizes!r}"
            )
        # The sum of what is checked first cannot leave 63 bits.
        if sizes.max() > rows or sizes.size > rows or sizes.sum() != rows:
            raise ValueError(
                f"batch_sizes: expected a sum of {rows}, the rows of x, got {batch_sizes!r}"
            )
        problem.batch_sizes = <const int64_t *>cnp.PyArray_DATA(self.batch_sizes)
        problem.steps, problem.batch, problem.rows = sizes.size, sizes[0], rows
        return 0

    cdef cnp.ndarray rows_of(self, object value, str name, int64_t width):
        """An input with a row for each of x."""
        cdef cnp.ndarray array = input_of_rank(value, name, &self.call, self.rank)
        cdef int64_t[3] shape
        self.row_shape(shape, width)
        expect_shape(array, name, self.rank, shape)
        return array

    cdef cnp.ndarray new_rows(self, int64_t width):
        cdef int64_t[3] shape
        self.row_shape(shape, width)
        return empty(self.rank, shape, self.call.type_number)

    cdef void row_shape(self, int64_t *shape, int64_t width) noexcept:
        shape[0] = self.problem.steps if self.rank == 3 else self.problem.rows
        shape[1] = self.problem.batch
        shape[self.rank - 1] = width

    cdef cnp.ndarray state(self, object value, str name):
        return matrix(value, name, &self.call, self.problem.batch, self.problem.hidden)

    cdef cnp.ndarray optional_state(self, object value, str name):
        return None if value is None else self.state(value, name)

    cdef cnp.ndarray new_state(self):
        return new_matrix(self.problem.batch, self.problem.hidden, &self.call)

    cdef tuple run(self, object b_ih, object b_hh, bint training, str name):
        """The forward pass: output, h_n, c_n, gates and inner values, None where there are none."""
        cdef ek_rnn_arrays arrays
        cdef ek_workspace_size size
        cdef Scratch scratch = Scratch()
        cdef int status
        cdef int64_t hidden = self.problem.hidden
        cdef cnp.ndarray b_x = optional_bias(b_ih, "b_ih", &self.call, self.gates)
        cdef cnp.ndarray b_h = optional_bias(b_hh, "b_hh", &self.call, self.gates)
        cdef cnp.ndarray output = self.new_rows(hidden), h_n = self.new_state()
        cdef cnp.ndarray c_n = None, gates = None, inner = None
        self.problem.training = training
        if training and self.problem.cell in (EK_LSTM, EK_GRU):
            gates, inner = self.new_rows(self.gates), self.new_rows(hidden)
        if self.problem.cell == EK_LSTM:
            c_n = self.new_state()
        arrays.x, arrays.h0, arrays.c0 = (
            data_or_null(self.x), data_or_null(self.h0), data_or_null(self.c0)
        )
        arrays.w_ih, arrays.w_hh = data_or_null(self.w_ih), data_or_null(self.w_hh)
        arrays.b_ih, arrays.b_hh = data_or_null(b_x), data_or_null(b_h)
        arrays.output, arrays.h_n = cnp.PyArray_DATA(output), cnp.PyArray_DATA(h_n)
        arrays.c_n = <void *>data_or_null(c_n)
        arrays.gates, arrays.inner = <void *>data_or_null(gates), <void *>data_or_null(inner)
        check(api.rnn_workspace(self.call.dtype, &self.problem, &size), name)
        scratch.reserve(size.best)
        with nogil:
            status = api.rnn(self.call.dtype, &self.problem, &arrays, scratch.workspace)
        check(status, name)
        return output, h_n, c_n, gates, inner

    cdef tuple run_grad(self, ek_rnn_grad_arrays *arrays, tuple wanted, str name):
        """The backward pass, whose `arrays` hold the results' gradients and what was saved.

        `wanted` says of x, h0, c0, w_ih, w_hh, b_ih and b_hh whether theirs are.
        """
        cdef ek_workspace_size size
        cdef Scratch scratch = Scratch()
        cdef int status
        cdef int64_t gates = self.gates
        cdef cnp.ndarray gx = self.new_rows(self.problem.input) if wanted[0] else None
        cdef cnp.ndarray gh0 = self.new_state() if wanted[1] else None
        cdef cnp.ndarray gc0 = self.new_state() if wanted[2] else None
        cdef cnp.ndarray gw_ih = None, gw_hh = None, gb_ih = None, gb_hh = None
        if wanted[3]:
            gw_ih = new_matrix(gates, self.problem.input, &self.call)
        if wanted[4]:
            gw_hh = new_matrix(gates, self.problem.hidden, &self.call)
        if wanted[5]:
            gb_ih = empty(1, &gates, self.call.type_number)
        if wanted[6]:
            gb_hh = empty(1, &gates, self.call.type_number)
        arrays.x, arrays.h0, arrays.c0 = (
            data_or_null(self.x), data_or_null(self.h0), data_or_null(self.c0)
        )
        arrays.w_ih, arrays.w_hh = data_or_null(self.w_ih), data_or_null(self.w_hh)
        arrays.gx, arrays.gh0, arrays.gc0 = (
            <void *>data_or_null(gx), <void *>data_or_null(gh0), <void *>data_or_null(gc0)
        )
        arrays.gw_ih, arrays.gw_hh = <void *>data_or_null(gw_ih), <void *>data_or_null(gw_hh)
        arrays.gb_ih, arrays.gb_hh = <void *>data_or_null(gb_ih), <void *>data_or_null(gb_hh)
        check(api.rnn_grad_workspace(self.call.dtype, &self.problem, &size), name)
        scratch.reserve(size.best)
        with nogil:
            status = api.rnn_grad(self.call.dtype, &self.problem, arrays, scratch.workspace)
        check(status, name)
        return gx, gh0, gc0, gw_ih, gw_hh, gb_ih, gb_hh


cdef tuple taken_needs(object needs, int count):
    """`needs` as a tuple of `count` truth values; None means all."""
    if needs is None:
        return (True,) * count
    if not isinstance(needs, (tuple, list)) or len(needs) != count:
        raise ValueError(f"needs: expected {count} truth values, got {needs!r}")
    return tuple([bool(need) for need in needs])


cdef int expect_pair(object saved, str function) except -1:
    if not isinstance(saved, (tuple, list)) or len(saved) != 2:
        raise TypeError(
            f"saved: expected the tuple that {function} returned, got {type(saved).__name__}"
        )
    return 0


cdef ek_rnn_cell simple_cell(object nonlinearity) except *:
    if nonlinearity == "tanh":
        return EK_RNN_TANH
    if nonlinearity == "relu":
        return EK_RNN_RELU
    raise ValueError(f"nonlinearity: expected 'tanh' or 'relu', got {nonlinearity!r}")


cdef tuple lstm_backward(Layer layer, object grad_output, str output_name, object grad_h_n,
                         str h_name, object grad_c_n, str c_name, object c0, str c0_name,
                         object output, object gates, object cells, str cells_name, tuple needs,
                         str name):
    """`output` is None for one step, of which only the state before it is read."""
    cdef ek_rnn_grad_arrays arrays
    cdef int64_t hidden = layer.problem.hidden
    cdef cnp.ndarray g_out = None
    if grad_output is not None:
        g_out = layer.rows_of(grad_output, output_name, hidden)
    cdef cnp.ndarray g_h = layer.optional_state(grad_h_n, h_name)
    cdef cnp.ndarray g_c = layer.optional_state(grad_c_n, c_name)
    layer.c0 = layer.state(c0, c0_name)
    cdef cnp.ndarray h_all = layer.h0
    if output is not None:
        h_all = layer.rows_of(output, "output", hidden)
    cdef cnp.ndarray c_all = layer.rows_of(cells, cells_name, hidden)
    cdef cnp.ndarray activated = layer.rows_of(
        gates, "gates" if output is None else "saved", layer.gates)
    arrays.grad_output = data_or_null(g_out)
    arrays.grad_h_n, arrays.grad_c_n = data_or_null(g_h), data_or_null(g_c)
    arrays.output, arrays.gates = data_or_null(h_all), data_or_null(activated)
    arrays.inner = data_or_null(c_all)
    return layer.run_grad(&arrays, (*needs, False), name)[:6]


cdef tuple gru_backward(Layer layer, object grad_output, object grad_h_n, str h_name,
                        object output, object gates, str gates_name, object inner,
                        str inner_name, tuple needs, str name):
    cdef ek_rnn_grad_arrays arrays
    cdef int64_t hidden = layer.problem.hidden
    cdef cnp.ndarray g_out = None
    if grad_output is not None:
        g_out = layer.rows_of(grad_output, "grad_output", hidden)
    cdef cnp.ndarray g_h = layer.optional_state(grad_h_n, h_name)
    cdef cnp.ndarray h_all = layer.h0
    if output is not None:
        h_all = layer.rows_of(output, "output", hidden)
    cdef cnp.ndarray activated = layer.rows_of(gates, gates_name, layer.gates)
    cdef cnp.ndarray inner_all = layer.rows_of(inner, inner_name, hidden)
    arrays.grad_output, arrays.grad_h_n = data_or_null(g_out), data_or_null(g_h)
    arrays.grad_c_n = NULL
    arrays.output, arrays.gates = data_or_null(h_all), data_or_null(activated)
    arrays.inner = data_or_null(inner_all)
    gx, gh0, _, *rest = layer.run_grad(&arrays, (*needs[:2], False, *needs[2:]), name)
    return (gx, gh0, *rest)


cdef tuple simple_backward(Layer layer, object grad_output, object grad_h_n, str h_name,
                           object output, str output_name, tuple needs, str name):
    cdef ek_rnn_grad_arrays arrays
    cdef int64_t hidden = layer.problem.hidden
    cdef cnp.ndarray g_out = None
    if grad_output is not None:
        g_out = layer.rows_of(grad_output, "grad_output", hidden)
    cdef cnp.ndarray g_h = layer.optional_state(grad_h_n, h_name)
    cdef cnp.ndarray h_all = layer.rows_of(output, output_name, hidden)
    arrays.grad_output, arrays.grad_h_n = data_or_null(g_out), data_or_null(g_h)
    arrays.grad_c_n = arrays.gates = arrays.inner = NULL
    arrays.output = data_or_null(h_all)
    gx, gh0, _, gw_ih, gw_hh, gb, _ = layer.run_grad(
        &arrays, (*needs[:2], False, *needs[2:], False), name)
    return gx, gh0, gw_ih, gw_hh, gb
