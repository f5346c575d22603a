"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import rmsprop_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column, optional_column

__all__ = ["RMSprop"]


class RMSprop(StepwiseOptimizer):
    r"""RMSprop: steps scaled by the root of a running mean of the squared gradient.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta, \quad
        v \leftarrow \alpha v + (1 - \alpha) g^2 \\
        b &\leftarrow \mu b + g / (\sqrt{v} + \epsilon), \quad \theta \leftarrow \theta - \eta b

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`.
    alpha : float
        :math:`\alpha`.
    eps : float
        :math:`\epsilon`.
    weight_decay : float
        :math:`\lambda`, added to the gradient times the parameter.
    momentum : float
        :math:`\mu`.
    centered : bool
        Subtract the square of the gradient's running mean from :math:`v`.
    maximize : bool
        Ascend.
    foreach, capturable : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.

    Raises
    ------
    ValueError
        If a setting is negative.

    References
    ----------
    G. Hinton, "Neural networks for machine learning", lecture 6, 2012; A. Graves, "Generating
    sequences with recurrent neural networks", 2013 (the centred form).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.RMSprop([x], lr=0.05)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> abs(x.item()) < 0.1
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "alpha", "eps", "weight_decay", "momentum")

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {"square_avg": zeros_like(param)}

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        momenta = optional_column(states, "momentum_buffer", group["momentum"] > 0)
        return partial(
            rmsprop_steps_,
            values,
            gradients,
            column(states, "square_avg"),
            optional_column(states, "grad_avg", group["centered"]),
            momenta,
            **{name: group[name] for name in ("lr", "alpha", "eps", "weight_decay", "momentum")},
        )
