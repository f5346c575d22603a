"""Losses: the functions of `einkorn.nn.functional` as modules.

``reduction`` is ``"mean"``, ``"sum"`` or ``"none"``. PyTorch's deprecated ``size_average`` and
``reduce`` keep their places in the argument lists and overrule it when given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators.loss import resolve_reduction
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]

Weight = Tensor | np.ndarray | None


class _Loss(Module):
    """A loss and how it is reduced."""

    def __init__(
        self,
        size_average: bool | None,
        reduce: bool | None,
        reduction: str,
    ) -> None:
        super().__init__()
        self.reduction = resolve_reduction(reduction, size_average, reduce)

    def _array_dtype(self, args: tuple[Any, ...]) -> np.dtype[Any] | None:
        """Return the dtype for targets given as arrays: the prediction's."""
        return next((arg.dtype for arg in args if isinstance(arg, Tensor)), None)


class L1Loss(_Loss):
    r"""Mean absolute error :math:`|x - t|`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.L1Loss()(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    1.0
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss; both arguments have the same shape."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    r"""Mean squared error :math:`(x - t)^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.MSELoss()(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    2.0
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss; both arguments have the same shape."""
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    r""":math:`(x - t)^2 / 2\beta` where the error is below :math:`\beta`, else its size less β/2.

    References
    ----------
    R. Girshick, "Fast R-CNN", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.SmoothL1Loss()(np.array([0.5, 3.0]), np.zeros(2)).item()
    1.3125
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss; both arguments have the same shape."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    r""":math:`e^2 / 2` where the error :math:`e = |x - t|` is below δ, else :math:`δ (e - δ / 2)`.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.HuberLoss(delta=2.0)(np.array([1.0, 3.0]), np.zeros(2)).item()
    2.25
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(None, None, reduction)
        if not isinstance(delta, int | float):
            raise TypeError(f"delta must be a number, got {type(delta).__name__}")
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss; both arguments have the same shape."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class _WeightedLoss(_Loss):
    """A loss with a weight, a buffer: it moves with `to` and is saved."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Weight,
        size_average: bool | None,
        reduce: bool | None,
        reduction: str,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", None if weight is None else as_tensor(weight))


class NLLLoss(_WeightedLoss):
    r"""Negative log-likelihood :math:`-w_t x_t` of log-probabilities.

    Parameters
    ----------
    weight : Tensor or array, shape (C,), optional
        Weight of each class; the mean is then the weighted one.
    ignore_index : int
        Targets of this value count for nothing.
    size_average, reduce, reduction
        See `einkorn.nn.loss`.

    Raises
    ------
    IndexError
        When called with a target outside [0, C).

    Notes
    -----
    Input (C,), (N, C) or (N, C, d1, …); target the same without C, integers.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.NLLLoss()(np.log([[0.25, 0.75]]), np.array([1])).numpy().round(4)
    np.float64(0.2877)
    """

    def __init__(
        self,
        weight: Weight = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.nll_loss(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(_WeightedLoss):
    r"""Cross-entropy of logits: `LogSoftmax` and `NLLLoss` in one.

    .. math:: \ell = -w_t \log \frac{e^{x_t}}{\sum_c e^{x_c}}

    Parameters
    ----------
    weight : Tensor or array, shape (C,), optional
        Weight of each class; the mean is then the weighted one.
    ignore_index : int
        Targets of this value count for nothing.
    size_average, reduce, reduction
        See `einkorn.nn.loss`.
    label_smoothing : float
        This share of the target is spread evenly over all classes.

    Raises
    ------
    IndexError
        When called with a target outside [0, C).

    Notes
    -----
    Input (C,), (N, C) or (N, C, d1, …); target the same without C, integers, or of the input's
    shape, probabilities.

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception architecture for computer vision", 2015 (label
    smoothing).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> loss = nn.CrossEntropyLoss()(np.zeros((2, 4)), np.array([0, 3]))
    >>> round(loss.item(), 4)
    1.3863
    """

    def __init__(
        self,
        weight: Weight = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(_WeightedLoss):
    r"""Binary cross-entropy :math:`-w (t \log x + (1 - t) \log(1 - x))` of probabilities.

    The logarithms are held at -100 or above.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.BCELoss()(np.array([0.5]), np.array([1.0])).numpy().round(4)
    np.float64(0.6931)
    """

    def __init__(
        self,
        weight: Weight = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss; both arguments have the same shape."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    r"""Binary cross-entropy of logits, without overflow.

    .. math:: \ell = -w (p\, t \log \sigma(x) + (1 - t) \log(1 - \sigma(x)))

    Parameters
    ----------
    weight : Tensor or array, optional
        :math:`w`, broadcast over the loss.
    size_average, reduce, reduction
        See `einkorn.nn.loss`.
    pos_weight : Tensor or array, optional
        :math:`p`, weight of the positive answers, broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> round(nn.BCEWithLogitsLoss()(np.zeros(3), np.ones(3)).item(), 4)
    0.6931
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Weight = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Weight = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", None if pos_weight is None else as_tensor(pos_weight))

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss; both arguments have the same shape."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class CTCLoss(_Loss):
    r"""Negative log-likelihood of labels whose places in the sequence are unknown.

    `einkorn.nn.functional.ctc_loss` as a module: ``blank`` is the class that stands for none,
    ``zero_infinity`` puts zeros in place of infinite losses and their gradients.

    References
    ----------
    A. Graves, S. Fernández, F. Gomez and J. Schmidhuber, "Connectionist temporal classification",
    2006.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> loss = nn.CTCLoss()(np.log(np.full((2, 1, 2), 0.5)), np.array([[1]]), [2], [1])
    >>> np.exp(-loss.item()).round(4)
    np.float64(0.75)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(None, None, reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        """Return the loss of (T, N, C) or (T, C) and targets (N, S) or one behind the other."""
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
