"""Connectionist temporal classification: the loss of a sequence of labels, and its gradient."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    empty,
    empty_like,
    expect_shape,
    index_input,
    input,
    input_of_rank,
    integer,
    new_call,
)
from einkorn.kernels._core cimport EK_BAD_INDEX, api, ek_ctc_problem, ek_workspace_size

cnp.import_array()


cdef class Targets:
    """The targets of a batch and their lengths, checked; holds what the problem points to."""

    cdef ek_ctc_problem problem
    cdef cnp.ndarray targets, starts, input_lengths, target_lengths

    def __init__(self, cnp.ndarray log_probs, targets, input_lengths, target_lengths, blank):
        self.problem.steps = cnp.PyArray_DIM(log_probs, 0)
        self.problem.batch = cnp.PyArray_DIM(log_probs, 1)
        self.problem.classes = cnp.PyArray_DIM(log_probs, 2)
        self.problem.zero_infinity = 0
        self.problem.blank = integer(blank, "blank", 0)
        if self.problem.blank >= self.problem.classes:
            raise ValueError(f"blank: expected in [0, {self.problem.classes}), got {blank!r}")
        self.input_lengths = self.lengths(input_lengths, "input_lengths", self.problem.steps)
        self.targets = index_input(targets, "targets")
        self.problem.total = cnp.PyArray_SIZE(self.targets)
        self.set_starts(target_lengths)
        self.problem.labels = self.target_lengths.max(initial=0)
        self.problem.targets = <const int64_t *>cnp.PyArray_DATA(self.targets)
        self.problem.starts = <const int64_t *>cnp.PyArray_DATA(self.starts)
        self.problem.input_lengths = <const int64_t *>cnp.PyArray_DATA(self.input_lengths)
        self.problem.target_lengths = <const int64_t *>cnp.PyArray_DATA(self.target_lengths)

    cdef cnp.ndarray lengths(self, object value, str name, int64_t most):
        cdef cnp.ndarray found = index_input(value, name)
        expect_shape(found, name, 1, &self.problem.batch)
        outside = found[(found < 0) | (found > most)]
        if outside.size:
            raise ValueError(f"{name}: expected lengths in [0, {most}], got {outside[0]}")
        return found

    cdef int set_starts(self, object target_lengths) except -1:
        """Where each target begins: in its row, or behind the one before."""
        cdef int64_t batch = self.problem.batch, total = self.problem.total
        shape = np.shape(self.targets)
        if len(shape) == 2 and shape[0] == batch:
            self.target_lengths = self.lengths(target_lengths, "target_lengths", shape[1])
            self.starts = np.arange(batch, dtype=np.int64) * shape[1]
            return 0
        if len(shape) != 1:
            raise ValueError(f"targets: expected shape ({batch}, S) or (sum,), got {shape}")
        self.target_lengths = self.lengths(target_lengths, "target_lengths", total)
        ends = np.cumsum(self.target_lengths, dtype=np.int64)
        if sum(self.target_lengths.tolist()) != total:
            raise ValueError(
                f"target_lengths: expected the sum of targets' {total}, "
                f"got {sum(self.target_lengths.tolist())}"
            )
        self.starts = ends - self.target_lengths
        return 0

    cdef object bad_target(self):
        """The error for the first label that is no class."""
        starts, counts = self.starts.tolist(), self.target_lengths.tolist()
        used = [self.targets.reshape(-1)[i:i + n] for i, n in zip(starts, counts)]
        labels = np.concatenate(used)
        wrong = labels[(labels < 0) | (labels >= self.problem.classes)][0]
        return IndexError(f"targets: expected classes in [0, {self.problem.classes}), got {wrong}")

    cdef Scratch scratch(self, Call call, str where):
        cdef ek_workspace_size size
        cdef Scratch scratch = Scratch()
        status = api.ctc_loss_workspace(call.dtype, &self.problem, &size)
        if status == EK_BAD_INDEX:
            raise self.bad_target()
        check(status, where)
        scratch.reserve(size.best)
        return scratch


def ctc_loss(log_probs, targets, input_lengths, target_lengths, *, blank=0):
    r"""Negative log-likelihood of labels whose places in the sequence are unknown.

    :math:`\ell_n = -\log \sum_\pi \prod_t p_{t, \pi_t}`, over all paths :math:`\pi` of classes
    which, once repeated classes are merged and blanks removed, read as the target.

    Parameters
    ----------
    log_probs : array, shape (T, N, C)
        float32 or float64; logarithms of the probabilities of each class in each step.
    targets : array of integers, shape (N, S) or (sum of target_lengths,)
        Classes in [0, C), padded or one target behind the other.
    input_lengths, target_lengths : arrays of integers, shape (N,)
        How many steps and how many classes each sample has.
    blank : int
        The class that stands for none.

    Returns
    -------
    loss : array, shape (N,)
        Infinite where no path fits into the steps.
    log_alpha : array, shape (N, T, 2 * max(target_lengths) + 1)
        Logarithms of the forward variables, for `ctc_loss_grad`.

    Raises
    ------
    IndexError
        If a target is no class.
    TypeError
        If dtypes differ or are not supported.
    ValueError
        If shapes do not fit, or a length or `blank` is out of its range.

    References
    ----------
    A. Graves, S. Fernández, F. Gomez and J. Schmidhuber, "Connectionist temporal classification:
    labelling unsegmented sequence data with recurrent neural networks", ICML 2006.

    Examples
    --------
    Of the four paths of two steps three read as the class 1: 11, 01 and 10.

    >>> import numpy as np
    >>> from einkorn import kernels
    >>> loss, _ = kernels.ctc_loss(np.log(np.full((2, 1, 2), 0.5)), [[1]], [2], [1])
    >>> np.exp(-loss).round(4)
    array([0.75])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray x = input_of_rank(log_probs, "log_probs", &call, 3)
    cdef Targets labels = Targets(x, targets, input_lengths, target_lengths, blank)
    cdef Scratch scratch = labels.scratch(call, "ctc_loss")
    cdef int64_t shape[3]
    cdef int status
    shape[0], shape[1], shape[2] = (
        labels.problem.batch, labels.problem.steps, 2 * labels.problem.labels + 1
    )
    cdef cnp.ndarray loss = empty(1, shape, call.type_number)
    cdef cnp.ndarray alpha = empty(3, shape, call.type_number)
    with nogil:
        status = api.ctc_loss(
            call.dtype, &labels.problem, cnp.PyArray_DATA(x), cnp.PyArray_DATA(loss),
            cnp.PyArray_DATA(alpha), scratch.workspace
        )
    check(status, "ctc_loss")
    return loss, alpha


def ctc_loss_grad(grad, log_probs, targets, input_lengths, target_lengths, loss, log_alpha, *,
                  blank=0, zero_infinity=False):
    r"""Gradient of `ctc_loss` by the scores whose `log_softmax` is `log_probs`.

    :math:`g_n (p_{t, c} - \gamma_{t, c})`, :math:`\gamma` being the probability that a path which
    reads as the target is at class c in step t. Its sum over classes is 0, so the gradient of
    `log_softmax` passes it on as it is.

    Parameters
    ----------
    grad : array, shape (N,)
    log_probs, targets, input_lengths, target_lengths, blank
        Those of `ctc_loss`.
    loss, log_alpha : array
        What it returned.
    zero_infinity : bool
        Return zeros for samples whose loss is infinite, not NaN.

    Returns
    -------
    array, shape (T, N, C)
        0 in the steps behind a sample's length.

    Raises
    ------
    IndexError, TypeError, ValueError
        As `ctc_loss`.

    References
    ----------
    A. Graves et al., ICML 2006, equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> call = (np.log(np.full((2, 1, 2), 0.5)), [[1]], [2], [1])
    >>> loss, log_alpha = kernels.ctc_loss(*call)
    >>> kernels.ctc_loss_grad(np.ones(1), *call, loss, log_alpha)[0, 0].round(4)
    array([ 0.1667, -0.1667])
    """
    cdef Call call = new_call()
    cdef cnp.ndarray g = input_of_rank(grad, "grad", &call, 1)
    cdef cnp.ndarray x = input_of_rank(log_probs, "log_probs", &call, 3)
    cdef cnp.ndarray y = input(loss, "loss", &call)
    cdef cnp.ndarray alpha = input(log_alpha, "log_alpha", &call)
    cdef Targets labels = Targets(x, targets, input_lengths, target_lengths, blank)
    cdef Scratch scratch = labels.scratch(call, "ctc_loss_grad")
    cdef int64_t shape[3]
    cdef int status
    shape[0], shape[1], shape[2] = (
        labels.problem.batch, labels.problem.steps, 2 * labels.problem.labels + 1
    )
    labels.problem.zero_infinity = bool(zero_infinity)
    expect_shape(g, "grad", 1, shape)
    expect_shape(y, "loss", 1, shape)
    expect_shape(alpha, "log_alpha", 3, shape)
    cdef cnp.ndarray gx = empty_like(x)
    with nogil:
        status = api.ctc_loss_grad(
            call.dtype, &labels.problem, cnp.PyArray_DATA(g), cnp.PyArray_DATA(x),
            cnp.PyArray_DATA(y), cnp.PyArray_DATA(alpha), cnp.PyArray_DATA(gx), scratch.workspace
        )
    check(status, "ctc_loss_grad")
    return gx
