"""Losses of margins, distances and counts: the functions of `einkorn.nn.functional` as modules.

``reduction`` and the two deprecated arguments as in `einkorn.nn.loss`.
"""

from __future__ import annotations

from collections.abc import Callable

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.loss import Weight, _Loss, _WeightedLoss
from einkorn.nn.module import Module

__all__ = [
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "KLDivLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "PairwiseDistance",
    "PoissonNLLLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class _KLDiv(_Loss):
    """`KLDivLoss` knows a reduction more than the others."""

    def __init__(self, size_average: bool | None, reduce: bool | None, reduction: str) -> None:
        batchmean = reduction == "batchmean"
        super().__init__(size_average, reduce, "sum" if batchmean else reduction)
        if batchmean:
            self.reduction = reduction


class CosineSimilarity(Module):
    r"""Cosine of the angle between vectors: :math:`x_1 \cdot x_2 / (|x_1| |x_2|)` along ``dim``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.CosineSimilarity()(np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])).tolist()
    [0.6]
    """

    def __init__(
        self,
        dim: int = 1,
        eps: float = 1e-8,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the cosines; ``dim`` is summed away."""
        return F.cosine_similarity(x1, x2, dim=self.dim, eps=self.eps)


class PairwiseDistance(Module):
    r"""Norm :math:`|x_1 - x_2 + \epsilon|_p` along the last dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.PairwiseDistance(eps=0.0)(np.array([3.0, 4.0]), np.zeros(2)).item()
    5.0
    """

    def __init__(
        self,
        p: float = 2.0,
        eps: float = 1e-6,
        keepdim: bool = False,
    ) -> None:
        super().__init__()
        self.p = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the distances."""
        return F.pairwise_distance(x1, x2, p=self.p, eps=self.eps, keepdim=self.keepdim)


class CosineEmbeddingLoss(_Loss):
    r"""1 less the cosine for a target of 1; for -1 the cosine's excess over ``margin``.

    Inputs (N, D) or (D,), target (N,) or ().

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> x, y, t = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]]), np.array([-1.0])
    >>> round(nn.CosineEmbeddingLoss(margin=0.5)(x, y, t).item(), 6)
    0.1
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.cosine_embedding_loss(
            input1,
            input2,
            target,
            margin=self.margin,
            reduction=self.reduction,
        )


class HingeEmbeddingLoss(_Loss):
    r"""The input where the target is 1, :math:`\max(0, m - x)` where it is -1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.HingeEmbeddingLoss()(np.array([0.25, 0.25]), np.array([1, -1])).item()
    0.5
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class KLDivLoss(_KLDiv):
    r"""Kullback-Leibler divergence :math:`t (\log t - x)` from log-probabilities ``x``.

    ``reduction`` may also be ``"batchmean"``: the sum over the first size, which is the divergence.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> t = np.array([[0.5, 0.5]])
    >>> nn.KLDivLoss(reduction="batchmean")(np.log(t), t).item()
    0.0
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class MarginRankingLoss(_Loss):
    r""":math:`\max(0, -t (x_1 - x_2) + m)`: a target of 1 says that the first shall rank higher.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> one, two, t = np.array([0.5]), np.array([0.75]), np.array([1.0])
    >>> nn.MarginRankingLoss()(one, two, t).item()
    0.25
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.margin_ranking_loss(
            input1,
            input2,
            target,
            margin=self.margin,
            reduction=self.reduction,
        )


class MultiLabelMarginLoss(_Loss):
    r"""Hinge between each class that applies and each that does not, over the number of classes.

    Target: the classes of a row, ended by -1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> x, t = np.array([0.1, 0.2, 0.4, 0.8]), np.array([3, 0, -1, 1])
    >>> round(nn.MultiLabelMarginLoss()(x, t).item(), 6)
    0.85
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    r"""Binary cross-entropy of logits (..., C), averaged over the classes; ``weight`` is (C,).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> round(nn.MultiLabelSoftMarginLoss()(np.zeros((1, 3)), np.ones((1, 3))).item(), 4)
    0.6931
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
        """Return the loss."""
        return F.multilabel_soft_margin_loss(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
        )


class MultiMarginLoss(_WeightedLoss):
    r""":math:`\sum_{j \ne t} w_t \max(0, m - x_t + x_j)^p / C` for scores (N, C) and classes (N,).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> round(nn.MultiMarginLoss()(np.array([[0.1, 0.2, 0.4, 0.8]]), np.array([3])).item(), 6)
    0.325
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Weight = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class SoftMarginLoss(_Loss):
    r""":math:`\log(1 + e^{-t x})` for targets 1 and -1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> round(nn.SoftMarginLoss()(np.zeros(2), np.array([1.0, -1.0])).item(), 4)
    0.6931
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    r""":math:`\max(0, d(a, p) - d(a, n) + m)`: the anchor nearer to the positive than the negative.

    References
    ----------
    V. Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional
    neural networks", 2016 (``swap``: the negative's distance to the positive, where it is less).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> a, p, n = np.zeros(2), np.array([0.0, 1.0]), np.array([0.0, 1.5])
    >>> round(nn.TripletMarginLoss(eps=0.0)(a, p, n).item(), 4)
    0.5
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss."""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    r"""`TripletMarginLoss` for any distance; `PairwiseDistance` by default.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> def manhattan(x, y):
    ...     return (x - y).abs().sum(-1)
    >>> loss = nn.TripletMarginWithDistanceLoss(distance_function=manhattan)
    >>> loss(np.zeros(2), np.array([0.0, 1.0]), np.array([0.0, 1.5])).item()
    0.5
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        self.distance_function = distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Return the loss."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class PoissonNLLLoss(_Loss):
    r"""Poisson counts' negative log-likelihood :math:`\lambda - t \log \lambda`.

    The input is :math:`\log \lambda`, or without ``log_input`` the rate; ``full`` adds Stirling's
    approximation of :math:`\log t!`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.PoissonNLLLoss()(np.zeros(2), np.array([0.0, 3.0])).item()
    1.0
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss."""
        return F.poisson_nll_loss(
            input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    r"""Normal observations' negative log-likelihood :math:`\frac12 (\log v + (x - t)^2 / v)`.

    References
    ----------
    D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
    distribution", 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.GaussianNLLLoss()(np.zeros(2), np.array([1.0, 3.0]), np.ones(2)).item()
    2.5
    """

    def __init__(
        self,
        *,
        full: bool = False,
        eps: float = 1e-6,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor) -> Tensor:
        """Return the loss."""
        return F.gaussian_nll_loss(
            input,
            target,
            var,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )
