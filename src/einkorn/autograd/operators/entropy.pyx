"""The cross entropy of class indices, compiled: small networks end in it at every step."""

import numpy as np

cimport numpy as cnp

from einkorn.autograd.tape cimport Operator, TensorBase, data_of
from einkorn.kernels.loss cimport chained_entropy
from einkorn.kernels.loss cimport class_entropy as entropy_of

from einkorn.autograd.operators.shape import unsqueeze
from einkorn.autograd.operators.softmaxes import softmax
from einkorn.kernels.loss import cross_entropy_grad

__all__ = ["class_entropy"]

cnp.import_array()


cdef class CrossEntropy(Operator):
    """Softmax and negative log-likelihood of class indices, by one kernel.

    Where a gradient is wanted the forward pass computes it on its one sweep over the logits, for a
    gradient of one by the loss. The first backward pass hands it out; a second computes it anew.
    """

    __slots__ = ("ignore_index", "reduction", "target", "weight")
    cdef public object target
    cdef public object weight
    cdef public object ignore_index
    cdef public object reduction

    def forward(self, logits):
        cdef list kept = [] if True in self.needs else None
        loss = entropy_of(
            logits, self.target, self.weight, self.ignore_index, self.reduction, kept
        )
        self.extra = kept
        return loss

    def backward(self, grad, logits):
        if self.extra:
            return chained_entropy(
                grad, self.extra.pop(), self.target, self.ignore_index, self.reduction
            )
        return cross_entropy_grad(
            grad,
            logits,
            self.target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )

    cdef object compute(self, tuple inputs):
        return self.forward(data_of(inputs[0]))

    cdef tuple retained(self, tuple inputs, object output):
        return inputs

    cdef object pass_back(self, object grad, tuple saved):
        return self.backward(grad, data_of(saved[0]))

    def compose_backward(self, grad, logits):
        scale, one_hot = self._constants(logits)
        if self.reduction == "none":
            grad = unsqueeze(grad, 1)
        return (softmax(logits, 1) - one_hot) * (grad * scale)

    def _constants(self, logits):
        """Return the weight of every position (N, 1, ...), and the targets one-hot."""
        target = np.asarray(self.target)
        kept = target != self.ignore_index
        classes = np.where(kept, target, 0)
        weight = np.ones(logits.shape[1]) if self.weight is None else np.asarray(self.weight)
        scale = np.where(kept, weight[classes], 0)
        if self.reduction == "mean":
            scale = scale / scale.sum()
        one_hot = np.zeros(logits.shape, logits.dtype)
        np.put_along_axis(one_hot, np.expand_dims(classes, 1), 1, 1)
        return np.expand_dims(scale, 1).astype(logits.dtype), one_hot


def class_entropy(TensorBase logits, TensorBase target, weight, ignore_index, reduction):
    """Return the cross entropy of the classes `target` under the softmax of `logits`.

    `weight` is an array or None.

    Raises
    ------
    RuntimeError
        If the shapes do not fit.
    """
    cdef cnp.ndarray x = logits._data, t = target._data
    cdef int rank = cnp.PyArray_NDIM(x), i
    cdef bint fits = rank >= 1 and cnp.PyArray_NDIM(t) == max(rank - 1, 1)
    if fits and rank > 1:
        fits = cnp.PyArray_DIM(t, 0) == cnp.PyArray_DIM(x, 0)
        for i in range(2, rank):
            fits = fits and cnp.PyArray_DIM(t, i - 1) == cnp.PyArray_DIM(x, i)
    if not fits:
        shape = logits.shape
        raise RuntimeError(
            f"target: expected shape {shape[:1] + shape[2:]} for input {shape}, got {target.shape}"
        )
    cdef CrossEntropy entropy = CrossEntropy.__new__(CrossEntropy)
    entropy.target = t
    entropy.weight = weight
    entropy.ignore_index = ignore_index
    entropy.reduction = reduction
    return entropy.apply_to((logits,))
