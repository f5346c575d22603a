"""Models with several inputs and outputs: how they are called, and the sum of their losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from einkorn.autograd import Tensor

__all__ = ["MultiTaskLoss", "call_model", "flat_metrics"]

Metric = Callable[[Any, Any], Any]


def call_model(model: Callable[..., Any], x: Any) -> Any:
    """Call ``model(x)``, ``model(*x)`` for a tuple or list, ``model(**x)`` for a dictionary.

    Examples
    --------
    >>> call_model(lambda left, right: left - right, {"right": 1, "left": 3})
    2
    """
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, tuple | list) else model(x)


class MultiTaskLoss:
    r"""Weighted sum of the losses of several heads.

    .. math:: L = \sum_k \lambda_k L_k(y_k, t_k)

    Parameters
    ----------
    losses : mapping of str to callable, or sequence of callable
        For each head ``loss(output, target)``: by name, where the model's output and the target are
        dictionaries, or in order, where they are tuples.
    weights : mapping of str to float, or sequence of float, optional
        The :math:`\lambda_k`, in the same way; 1 by default. A mapping may leave heads out.

    Attributes
    ----------
    parts : dict of str to float
        The losses of the latest call, without their weights.

    Raises
    ------
    ValueError
        There is no loss, or the weights are not those of the heads. When called: the output or the
        target has other heads.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> F = ek.nn.functional
    >>> loss = MultiTaskLoss({"class": F.cross_entropy, "size": F.mse_loss}, {"size": 0.5})
    >>> output = {"class": ek.tensor(np.zeros((1, 2))), "size": ek.tensor([2.0])}
    >>> target = {"class": ek.tensor([1]), "size": ek.tensor([0.0])}
    >>> round(loss(output, target).item(), 4)
    2.6931
    >>> loss.parts["size"]
    4.0
    """

    def __init__(
        self,
        losses: Mapping[str, Metric] | Sequence[Metric],
        weights: Mapping[str, float] | Sequence[float] | None = None,
    ) -> None:
        self.losses = _by_head(losses)
        self.weights = dict.fromkeys(self.losses, 1.0)
        given = {} if weights is None else _by_head(weights)
        if not self.losses:
            raise ValueError("losses: expected at least one, got none")
        whole = weights is None or isinstance(weights, Mapping) or len(given) == len(self.losses)
        if not whole or not given.keys() <= self.losses.keys():
            raise ValueError(f"weights: expected those of {list(self.losses)}, got {weights}")
        self.weights |= given
        self.parts: dict[str, float] = {}

    def __call__(self, output: Any, target: Any) -> Tensor:
        """Give the sum; `output` and `target` have a part for each head."""
        outputs, targets = self._parts("output", output), self._parts("target", target)
        losses = {name: loss(outputs[name], targets[name]) for name, loss in self.losses.items()}
        self.parts = {name: loss.item() for name, loss in losses.items()}
        weighted = [self.weights[name] * loss for name, loss in losses.items()]
        total = weighted[0]
        for term in weighted[1:]:
            total = total + term
        return total

    def _parts(self, name: str, value: Any) -> Mapping[str, Any]:
        parts = _by_head(value) if isinstance(value, Mapping | tuple | list) else None
        if parts is None or parts.keys() != self.losses.keys():
            found = type(value).__name__ if parts is None else list(parts)
            raise ValueError(f"{name}: expected heads {list(self.losses)}, got {found}")
        return parts


def flat_metrics(metrics: Mapping[str, Any]) -> dict[str, Metric]:
    """Give metrics under one name each: those of the head "a" are called "a_…".

    Examples
    --------
    >>> from einkorn.metrics import accuracy
    >>> list(flat_metrics({"digit": {"accuracy": accuracy}}))
    ['digit_accuracy']
    """
    flat: dict[str, Metric] = {}
    for name, metric in metrics.items():
        if isinstance(metric, Mapping):
            flat |= {f"{name}_{inner}": _of_head(name, m) for inner, m in metric.items()}
        else:
            flat[name] = metric
    return flat


def _of_head(name: str, metric: Metric) -> Metric:
    def measure(output: Any, target: Any) -> Any:
        outputs, targets = _by_head(output), _by_head(target)
        if name not in outputs or name not in targets:
            raise ValueError(f"metrics: there is no head {name!r}, only {list(outputs)}")
        return metric(outputs[name], targets[name])

    return measure


def _by_head(parts: Any) -> dict[str, Any]:
    """Give the parts by name; those of a sequence are called "0", "1" and so on."""
    if isinstance(parts, Mapping):
        return dict(parts)
    return {str(number): part for number, part in enumerate(parts)}
