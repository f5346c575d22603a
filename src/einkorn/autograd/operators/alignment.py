"""The loss of labels that are not aligned with the steps of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.loss import resolve_reduction
from einkorn.autograd.operators.reduction import mean
from einkorn.autograd.operators.reduction import sum as _sum
from einkorn.autograd.operators.selection import where
from einkorn.autograd.operators.shape import squeeze, unsqueeze
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = ["ctc_loss"]


class CTC(Operator):
    """The losses of a batch; `labels` are the targets and both lengths."""

    __slots__ = ("labels", "losses", "options")
    retain = retain_inputs

    def __init__(self, labels: tuple[Any, Any, Any], blank: int, zero_infinity: bool) -> None:
        self.labels = labels
        self.options: dict[str, Any] = {"blank": blank, "zero_infinity": zero_infinity}

    def forward(self, log_probs: Any) -> Any:
        self.losses = kernels.ctc_loss(log_probs, *self.labels, blank=self.options["blank"])
        return self.losses[0]

    def backward(self, grad: Any, log_probs: Any) -> Any:
        return kernels.ctc_loss_grad(grad, log_probs, *self.labels, *self.losses, **self.options)

    def compose_backward(self, grad: Tensor, log_probs: Tensor) -> Tensor:
        return CTCGrad(self).apply(grad, log_probs)


class CTCGrad(Operator):
    """The gradient of :class:`CTC`, which has none itself."""

    __slots__ = ("loss",)

    def __init__(self, loss: CTC) -> None:
        self.loss = loss

    def forward(self, grad: Any, log_probs: Any) -> Any:
        return self.loss.backward(grad, log_probs)

    def backward(self, outer: Any) -> Any:
        raise NotImplementedError("ctc_loss: has first derivatives only")


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    r"""Return the negative log-likelihood of labels whose places in the sequence are unknown.

    :math:`\ell = -\log \sum_\pi \prod_t p_{t, \pi_t}`, over all paths of classes which, once
    repeated classes are merged and blanks removed, read as the target. A. Graves, S. Fernández,
    F. Gomez and J. Schmidhuber, "Connectionist temporal classification", ICML 2006.

    Parameters
    ----------
    log_probs : Tensor of shape (T, N, C) or (T, C)
        Logarithms of probabilities, the output of :func:`log_softmax`: the gradient is that under
        its normalisation, as PyTorch's is.
    targets : Tensor of integers, shape (N, S) or (sum of target_lengths,)
        Classes, padded or one target behind the other.
    input_lengths, target_lengths : Tensor of integers or sequence of int, shape (N,) or ()
        How many steps and how many labels each sample has.
    blank : int
        The class that stands for none.
    reduction : {"mean", "sum", "none"}
        The mean is of the losses divided by their numbers of labels (at least 1).
    zero_infinity : bool
        Put zeros in place of infinite losses, of targets too long for their steps, and of their
        gradients, which are NaN otherwise.

    Returns
    -------
    Tensor
        A number, or of shape (N,), () for one sample, with ``reduction="none"``.

    Raises
    ------
    IndexError
        If a target is no class.
    NotImplementedError
        If a second derivative is asked for.
    RuntimeError, ValueError
        If shapes do not fit, or a length or `blank` is out of its range.

    Examples
    --------
    Of the four paths of two steps three read as the class 1: 11, 01 and 10.

    >>> import einkorn as ek
    >>> log_probs = ek.full((2, 1, 2), 0.5).log()
    >>> ek.nn.functional.ctc_loss(log_probs, ek.tensor([[1]]), [2], [1]).mul(-1).exp()
    tensor(0.75)
    """
    how = resolve_reduction(reduction, None, None)
    x = to_tensor(log_probs)
    if x.ndim not in (2, 3):
        raise RuntimeError(f"log_probs: expected (T, N, C) or (T, C), got shape {x.shape}")
    labels, steps, counts = (np.asarray(v) for v in (targets, input_lengths, target_lengths))
    if x.ndim == 2:
        x = unsqueeze(x, 1)
        labels = labels if labels.ndim == 2 else labels.reshape(1, -1)
        steps, counts = steps.reshape(-1), counts.reshape(-1)
        loss = CTC((labels, steps, counts), blank, zero_infinity).apply(x)
        loss = squeeze(loss, 0)
        counts = counts[0]
    else:
        loss = CTC((labels, steps, counts), blank, zero_infinity).apply(x)
    if zero_infinity:
        loss = where(loss == np.inf, 0.0, loss)
    if how == "mean":
        return mean(loss / Tensor(np.maximum(counts, 1).astype(x.dtype)))
    return loss if how == "none" else _sum(loss)
