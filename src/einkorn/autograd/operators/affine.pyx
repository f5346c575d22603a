# cython: wraparound=True
"""The affine map with its activation, compiled: small networks consist of little else."""

cimport numpy as cnp

from einkorn.autograd.tape cimport (
    Operator,
    TensorBase,
    alias_of,
    data_of,
    is_recording,
    new_tensor,
)
from einkorn.kernels._arrays cimport activation_code
from einkorn.kernels.gemm cimport affine, affine_gradients

from einkorn.autograd.operators.activation import through_activation
from einkorn.autograd.operators.shape import mT, reshape
from einkorn.autograd.tensor import as_tensor
from einkorn.kernels import relu_grad, sigmoid_grad, tanh_grad

__all__ = ["linear", "linear_activated"]

cnp.import_array()

cdef dict GRADIENTS = {"relu": relu_grad, "sigmoid": sigmoid_grad, "tanh": tanh_grad}


cdef class Linear(Operator):
    """``activation(x @ weight.T + bias)`` over the last dimension."""

    __slots__ = ("activation",)
    saved_output = 2
    cdef public object activation

    def __cinit__(self, activation=None):
        self.activation = activation

    def forward(self, x, weight, bias=None):
        return affine(x, weight, bias, activation_code(self.activation), None)

    def backward(self, grad, /, x, weight, y=None):
        return self.gradients(grad, x, weight, y)

    cdef tuple gradients(self, object grad, object x, object weight, object y):
        cdef tuple needs = self.needs
        if y is not None:
            grad = GRADIENTS[self.activation](grad, y)
        return affine_gradients(grad, x, weight, needs[0], needs[1], len(needs) == 3 and needs[2])

    cdef object compute(self, tuple inputs):
        bias = data_of(inputs[2]) if len(inputs) == 3 else None
        code = activation_code(self.activation)
        return affine(data_of(inputs[0]), data_of(inputs[1]), bias, code, None)

    cdef tuple retained(self, tuple inputs, object output):
        # The kernel of the gradient takes both, also where one is not read.
        if self.activation is None:
            return (inputs[0], inputs[1])
        return (inputs[0], inputs[1], alias_of(output))

    cdef object pass_back(self, object grad, tuple saved):
        y = data_of(saved[2]) if len(saved) == 3 else None
        return self.gradients(grad, data_of(saved[0]), data_of(saved[1]), y)

    def compose_backward(self, grad, /, x, weight, y=None):
        cdef tuple needs = self.needs
        if y is not None:
            grad = through_activation(self.activation, grad, y)
        rows = reshape(grad, -1, grad.shape[-1])
        return (
            grad @ weight if needs[0] else None,
            mT(rows) @ reshape(x, -1, x.shape[-1]) if needs[1] else None,
            rows.sum(0) if len(needs) == 3 and needs[2] else None,
        )


cdef TensorBase tensor_of(object value):
    return value if isinstance(value, TensorBase) else as_tensor(value)


def linear(input, weight, bias=None):
    """Return ``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor of shape (*, I)
    weight : Tensor of shape (O, I) or (I,)
    bias : Tensor of shape (O,), optional

    Returns
    -------
    Tensor of shape (*, O)

    Raises
    ------
    RuntimeError
        If the shapes or dtypes do not fit.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.nn.functional.linear(ek.ones(1, 2), ek.ones(3, 2)).shape
    (1, 3)
    """
    cdef TensorBase x = tensor_of(input), w = tensor_of(weight)
    if w._data.ndim != 2 or not x._data.ndim:
        result = x @ (w.t() if w._data.ndim == 2 else w)
        return result if bias is None else result + bias
    return linear_activated(x, w, bias, None)


cpdef linear_activated(input, weight, bias, activation):
    """Return `activation` (None, "relu", "sigmoid" or "tanh") of :func:`linear`, as one operator.

    `input` has at least one dimension and `weight` two.
    """
    cdef TensorBase x = tensor_of(input), w = tensor_of(weight)
    cdef cnp.ndarray rows = x._data, matrix = w._data
    cdef int last = cnp.PyArray_NDIM(rows) - 1
    if last < 0 or cnp.PyArray_NDIM(matrix) != 2:
        raise RuntimeError(
            f"weight: expected two dimensions, and of input at least one; got {w._data.shape} "
            f"and {x._data.shape}"
        )
    if cnp.PyArray_DIM(rows, last) != cnp.PyArray_DIM(matrix, 1):
        raise RuntimeError(
            f"weight: expected shape (*, {x._data.shape[-1]}), got {w._data.shape}"
        )
    if cnp.PyArray_TYPE(rows) != cnp.PyArray_TYPE(matrix):
        raise RuntimeError(
            f"weight: expected the dtype {x._data.dtype} of input, got {w._data.dtype}"
        )
    cdef TensorBase b = None if bias is None else tensor_of(bias)
    if not is_recording():
        code = activation_code(activation)
        return new_tensor(affine(rows, matrix, data_of(b), code, None))
    cdef Linear map = Linear.__new__(Linear, activation)
    return map.apply_to((x, w) if b is None else (x, w, b))
