"""What the bindings of recurrent layers share."""

cimport cython
cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport Call
from einkorn.kernels._core cimport ek_rnn_cell, ek_rnn_grad_arrays, ek_rnn_problem


@cython.final
cdef class Layer:
    cdef Call call
    cdef ek_rnn_problem problem
    cdef int rank  # of x: 2 for one step or packed sequences, else 3
    cdef int64_t gates  # their number times hidden
    cdef cnp.ndarray x, h0, c0, w_ih, w_hh, batch_sizes

    cdef int describe(self, ek_rnn_cell cell, object x, object h0, str state, object w_ih,
                      object w_hh, int rank, object batch_sizes, bint reverse) except -1
    cdef int take_batch_sizes(self, object batch_sizes) except -1
    cdef cnp.ndarray rows_of(self, object value, str name, int64_t width)
    cdef cnp.ndarray new_rows(self, int64_t width)
    cdef void row_shape(self, int64_t *shape, int64_t width) noexcept
    cdef cnp.ndarray state(self, object value, str name)
    cdef cnp.ndarray optional_state(self, object value, str name)
    cdef cnp.ndarray new_state(self)
    cdef tuple run(self, object b_ih, object b_hh, bint training, str name)
    cdef tuple run_grad(self, ek_rnn_grad_arrays *arrays, tuple wanted, str name)


cdef tuple taken_needs(object needs, int count)
cdef int expect_pair(object saved, str function) except -1
cdef ek_rnn_cell simple_cell(object nonlinearity) except *
cdef tuple lstm_backward(Layer layer, object grad_output, str output_name, object grad_h_n,
                         str h_name, object grad_c_n, str c_name, object c0, str c0_name,
                         object output, object gates, object cells, str cells_name, tuple needs,
                         str name)
cdef tuple gru_backward(Layer layer, object grad_output, object grad_h_n, str h_name,
                        object output, object gates, str gates_name, object inner,
                        str inner_name, tuple needs, str name)
cdef tuple simple_backward(Layer layer, object grad_output, object grad_h_n, str h_name,
                           object output, str output_name, tuple needs, str name)
