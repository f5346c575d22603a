"""The cross entropy for compiled operators, without the cost of a call from Python."""

# `cross_entropy` and `cross_entropy_grad`. The first appends to the list `kept`, unless it is None,
# what spares the second most of its work: the `normalizers`, or None.
cdef object class_entropy(object logits, object target, object weight, object ignore_index,
                          object reduction, list kept)
cdef object class_entropy_gradient(object grad, object logits, object target, object weight,
                                   object ignore_index, object reduction, object normalizers)
