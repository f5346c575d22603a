"""The cross entropy for compiled operators, without the cost of a call from Python."""

cimport numpy as cnp

# `cross_entropy`, which appends to the list `kept`, unless it is None, the gradient of what it
# returns by the logits, computed on the way.
cdef object class_entropy(object logits, object target, object weight, object ignore_index,
                          object reduction, list kept)

# That gradient times `grad`, the gradient by the loss, in place: `cross_entropy_grad` to the last
# bit.
cdef object chained_entropy(object grad, cnp.ndarray kept, object target, object ignore_index,
                            object reduction)
