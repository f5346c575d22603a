"""Adafactor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat
from operator import setitem
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.optim.gathering import arrays_of
from einkorn.optim.optimizer import (
    Call,
    Group,
    Optimizer,
    check_not_negative,
    setting,
    zeros_like,
)

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    r"""Adafactor: of a matrix's mean squared gradients only those of rows and columns are kept.

    .. math::
        R &\leftarrow R + t^\tau (\operatorname{mean}_j G^2 - R), \quad
        C \leftarrow C + t^\tau (\operatorname{mean}_i G^2 - C), \quad
        V = \frac{R C}{\max(\operatorname{mean}_i R, \epsilon_1)} \\
        U &= G / \sqrt{\max(V, \epsilon_1^2)}, \quad
        \alpha = \max(\epsilon_2, \operatorname{rms} \theta) \min(\eta, t^{-1/2}) \\
        \theta &\leftarrow \theta - \alpha U / \max(1, \operatorname{rms}(U) / d)

    over the last two axes; vectors keep :math:`V` itself.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        The greatest relative step :math:`\eta`.
    beta2_decay : float
        :math:`\tau`, at most 0.
    eps : pair of float
        :math:`\epsilon_1` (None: the dtype's machine epsilon) and :math:`\epsilon_2`.
    d : float
        Clipping threshold, at least 1.
    weight_decay : float
        Times ``lr`` and the parameter, taken off the parameter before the step.
    foreach : bool, optional
        Accepted and without effect.
    maximize : bool
        Ascend.

    Raises
    ------
    ValueError
        If a setting is out of range.

    References
    ----------
    N. Shazeer and M. Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.full((2, 3), 3.0))
    >>> optimizer = optim.Adafactor([x], lr=0.5)
    >>> for _ in range(300):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> bool((abs(x.numpy()) < 0.1).all())
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "weight_decay")
        if not group["beta2_decay"] <= 0.0:
            raise ValueError(f"beta2_decay must be at most 0, got {group['beta2_decay']}")
        if not group["d"] >= 1.0:
            raise ValueError(f"d must be at least 1, got {group['d']}")
        if not all(eps is None or eps >= 0.0 for eps in group["eps"]):
            raise ValueError(f"eps must hold numbers of at least 0, got {group['eps']}")

    def _calls(self, group: Group, params: list[Tensor]) -> Iterator[Call]:
        """Compute the new values beside the old ones; the calls put them in place."""
        gradients = self._gradients(group, params)
        for param, value, gradient in zip(params, arrays_of(params), gradients, strict=True):
            if param not in self.state:
                self.state[param] = _initial_state(param)
            state = self.state[param]
            number = state["step"] + 1
            moments = _moments(state, gradient, number ** group["beta2_decay"])
            for name, moment in moments.items():
                yield partial(setitem, state[name], ..., moment)
            yield partial(setitem, value, ..., _stepped(group, value, gradient, moments, number))
            yield setting([state], "step", repeat(number))


def _initial_state(param: Tensor) -> dict[str, Any]:
    zeros = zeros_like(param)
    if param.ndim < 2:
        return {"step": 0, "variance": zeros}
    return {
        "step": 0,
        "row_var": np.zeros_like(zeros[..., :1]),
        "col_var": np.zeros_like(zeros[..., :1, :]),
    }


def _moments(state: dict[str, Any], gradient: np.ndarray, share: float) -> dict[str, np.ndarray]:
    """Return the running mean squares, moved by `share` of their distance to this gradient's."""
    square = gradient * gradient
    if "variance" in state:
        means = {"variance": square}
    else:
        means = {
            "row_var": square.mean(axis=-1, keepdims=True),
            "col_var": square.mean(axis=-2, keepdims=True),
        }
    return {name: state[name] + share * (mean - state[name]) for name, mean in means.items()}


def _stepped(
    group: Group,
    value: np.ndarray,
    gradient: np.ndarray,
    moments: dict[str, np.ndarray],
    number: int,
) -> np.ndarray:
    """Return the parameter after its step."""
    eps1, eps2 = group["eps"]
    if eps1 is None:
        eps1 = float(np.finfo(value.dtype).eps)
    if "variance" in moments:
        variance = moments["variance"]
    else:
        row = moments["row_var"]
        total = np.maximum(row.mean(axis=-2, keepdims=True), eps1)
        variance = row @ moments["col_var"] / total
    update = gradient / np.sqrt(np.maximum(variance, eps1 * eps1))
    rate = max(eps2, _root_mean_square(value)) * min(group["lr"], 1.0 / math.sqrt(number))
    clipped = rate / max(1.0, _root_mean_square(update) / group["d"])
    return (1.0 - group["lr"] * group["weight_decay"]) * value - clipped * update


def _root_mean_square(array: np.ndarray) -> float:
    return float(np.linalg.norm(array)) / math.sqrt(max(array.size, 1))
