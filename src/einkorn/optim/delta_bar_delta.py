"""Delta-bar-delta: a gain for every connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat
from operator import setitem
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import sgd_steps_
from einkorn.optim.gathering import arrays_of
from einkorn.optim.optimizer import (
    Call,
    Group,
    Optimizer,
    check_not_negative,
    setting,
    zeros_like,
)

__all__ = ["DeltaBarDelta"]


class DeltaBarDelta(Optimizer):
    r"""Gradient descent with a gain for every connection, which agreement of signs raises.

    .. math::
        k &\leftarrow \operatorname{clip}(k + \kappa \text{ if } g \bar g > 0;\;
        \phi k \text{ if } g \bar g < 0;\; k) \\
        \bar g &\leftarrow (1 - \theta) g + \theta \bar g, \quad
        v \leftarrow \mu v + k g, \quad w \leftarrow w - \eta v

    Gains grow by steps and shrink by factors, so that they fall fast where a connection
    oscillates; where gradients are random they hover about 1 by default. It is meant for whole
    batches or large ones: signs should change with the weights, not with the sample.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`.
    increase, decrease : float
        :math:`\kappa` and :math:`\phi`.
    gains : pair of float
        The least and the greatest gain.
    theta : float
        What a new gradient is compared with: at 0 the one before it; near 1 the running mean of
        many. With the momentum's value, the signs compared are those of gradient and velocity.
    momentum : float
        :math:`\mu`.
    weight_decay : float
        Added to the gradient times the parameter.
    maximize : bool
        Ascend.

    Raises
    ------
    ValueError
        If a setting is negative, ``decrease`` above 1, ``theta`` not in [0, 1), or the gains'
        limits do not enclose 1.

    References
    ----------
    R. A. Jacobs, "Increased rates of convergence through learning rate adaptation", 1988; G.
    Hinton, "Neural networks for machine learning", lecture 6d, 2012, for the constants.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.DeltaBarDelta([x], lr=0.01)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> abs(x.item()) < 1e-3
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        increase: float = 0.05,
        decrease: float = 0.95,
        gains: tuple[float, float] = (0.1, 10.0),
        theta: float = 0.0,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "increase": increase,
            "decrease": decrease,
            "gains": gains,
            "theta": theta,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "increase", "decrease", "momentum", "weight_decay")
        if group["decrease"] > 1.0:
            raise ValueError(f"decrease must be at most 1, got {group['decrease']}")
        if not 0.0 <= group["theta"] < 1.0:
            raise ValueError(f"theta must be in [0, 1), got {group['theta']}")
        low, high = group["gains"]
        if not 0.0 <= low <= 1.0 <= high:
            raise ValueError(f"gains must enclose 1, got {group['gains']}")

    def _calls(self, group: Group, params: list[Tensor]) -> Iterator[Call]:
        """Compute new gains and means beside the old ones; the calls put them in place."""
        gradients = self._gradients(group, params)
        for param, value, gradient in zip(params, arrays_of(params), gradients, strict=True):
            if param not in self.state:
                self.state[param] = _initial_state(param)
            state = self.state[param]
            if group["weight_decay"]:
                gradient = gradient + group["weight_decay"] * value
            gain = _next_gain(group, state, gradient)
            mean = (1.0 - group["theta"]) * gradient + group["theta"] * state["gradient"]
            momentum = group["momentum"]
            velocities = [state["momentum_buffer"]] if momentum else None
            yield partial(
                sgd_steps_,
                [value],
                [np.ascontiguousarray(gain * gradient)],
                velocities,
                lr=group["lr"],
                momentum=momentum,
            )
            yield partial(setitem, state["gain"], ..., gain)
            yield partial(setitem, state["gradient"], ..., mean)
            yield setting([state], "step", repeat(state["step"] + 1))


def _initial_state(param: Tensor) -> dict[str, Any]:
    return {
        "step": 0,
        "gain": np.ones_like(zeros_like(param)),
        "gradient": zeros_like(param),
        "momentum_buffer": zeros_like(param),
    }


def _next_gain(group: Group, state: dict[str, Any], gradient: np.ndarray) -> np.ndarray:
    gain = state["gain"]
    agreement = np.sign(gradient) * np.sign(state["gradient"])
    changed = np.where(
        agreement > 0,
        gain + group["increase"],
        np.where(agreement < 0, gain * group["decrease"], gain),
    )
    return np.clip(changed, *group["gains"])
