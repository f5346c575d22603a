"""The cross entropy for compiled operators, without the cost of a call from Python."""

# `cross_entropy` and `cross_entropy_grad`.
cdef object class_entropy(object logits, object target, object weight, object ignore_index,
                          object reduction)
cdef object class_entropy_gradient(object grad, object logits, object target, object weight,
                                   object ignore_index, object reduction)
