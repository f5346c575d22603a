"""What a step collects, compiled: with small networks this took longer than the step itself."""

cimport numpy as cnp

from einkorn.autograd.tape cimport TensorBase

__all__ = [
    "alike",
    "arrays_of",
    "by_layout",
    "clear_gradients",
    "gradients_of",
    "in_float32",
]

cnp.import_array()


def by_layout(params):
    """Return the parameters that have a dense gradient, and those that have a sparse one."""
    cdef TensorBase param
    cdef list dense = [], sparse = []
    for item in params:
        param = item
        if param.grad is None:
            continue
        if isinstance(param.grad, TensorBase):
            dense.append(param)
        else:
            sparse.append(param)
    return dense, sparse


def gradients_of(list params):
    """Return the arrays of the gradients of `params`."""
    cdef TensorBase param
    cdef list arrays = []
    for item in params:
        param = item
        arrays.append((<TensorBase?>param.grad)._data)
    return arrays


def arrays_of(list params):
    """Return the arrays of `params`, noting that they are about to change in place."""
    cdef TensorBase param
    cdef list arrays = []
    for item in params:
        param = item
        param._version[0] += 1
        arrays.append(param._data)
    return arrays


def alike(list params, state=None):
    """Return the parameters in lists that one compiled call takes: of equal dtype.

    With `state`, also of equal numbers in their entry of it.
    """
    cdef dict lists = {}
    cdef TensorBase param
    for item in params:
        param = item
        key = cnp.PyArray_TYPE(<cnp.ndarray?>param._data)
        if state is not None:
            key = (key, *[v for v in state[param].values() if not cnp.PyArray_Check(v)])
        known = lists.get(key)
        if known is None:
            lists[key] = [param]
        else:
            (<list>known).append(param)
    return list(lists.values())


def clear_gradients(params):
    """Drop the gradients of `params`."""
    cdef TensorBase param
    for item in params:
        param = item
        param.grad = None


def in_float32(double value):
    """Round to float32, in which PyTorch keeps the numbers of its states."""
    return <double><float>value
