"""What a pass over one batch gives to the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from einkorn.autograd import Tensor

__all__ = ["StepResult"]


class StepResult(NamedTuple):
    """What a forward pass over one batch gives.

    Attributes
    ----------
    loss : Tensor, shape ()
        To be minimised; the mean over the batch.
    output, target : optional
        What the metrics compare; without an output they are not computed.
    size : int, optional
        Samples that the loss is the mean of: the batch's weight in the figures of the epoch. By
        default the length of the batch's first array.
    figures : mapping of str to float, optional
        More to be averaged over the samples beside loss and metrics.
    """

    loss: Tensor
    output: Any = None
    target: Any = None
    size: int | None = None
    figures: Mapping[str, float] | None = None
