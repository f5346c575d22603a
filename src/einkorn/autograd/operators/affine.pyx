# cython: wraparound=True
"""The affine map with its activation, compiled: small networks consist of little else."""

cimport numpy as cnp

from einkorn.autograd.tape cimport Operator, TensorBase, alias_of

from einkorn.autograd.operators.activation import through_activation
from einkorn.autograd.operators.shape import mT, reshape
from einkorn.autograd.tensor import as_tensor
from einkorn.kernels import linear as map_rows
from einkorn.kernels import linear_grad as gradients_of_rows

__all__ = ["linear", "linear_activated"]

cnp.import_array()


cdef class Linear(Operator):
    """``activation(x @ weight.T + bias)`` over the last dimension."""

    __slots__ = ("activation",)
    saved_output = 2
    cdef public object activation

    def __cinit__(self, activation=None):
        self.activation = activation

    def retain(self, tuple inputs, output):
        # The kernel of the gradient takes both, also where one is not read.
        if self.activation is None:
            return inputs[:2]
        return (inputs[0], inputs[1], alias_of(output))

    def forward(self, x, weight, bias=None):
        if self.activation is None:
            return map_rows(x, weight, bias)
        return map_rows(x, weight, bias, activation=self.activation)

    def backward(self, grad, /, x, weight, y=None):
        cdef tuple needs = self.needs
        if len(needs) == 2:
            needs = (needs[0], needs[1], False)
        if y is not None:
            grad = through_activation(self.activation, grad, y)
        return gradients_of_rows(grad, x, weight, needs=needs)

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
    cdef Linear map = Linear.__new__(Linear, activation)
    return map.apply_to((x, w) if bias is None else (x, w, tensor_of(bias)))
