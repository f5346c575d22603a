"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import adagrad_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_not_negative,
    refuse_both,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["Adagrad"]


class Adagrad(StepwiseOptimizer):
    r"""Adagrad: steps scaled by the root of the sum of all squared gradients.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta, \quad s \leftarrow s + g^2 \\
        \theta &\leftarrow \theta - \frac{\eta}{1 + (t - 1) \delta} \frac{g}{\sqrt{s} + \epsilon}

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`.
    lr_decay : float
        :math:`\delta`.
    weight_decay : float
        :math:`\lambda`, added to the gradient times the parameter.
    initial_accumulator_value : float
        :math:`s` before the first step.
    eps : float
        :math:`\epsilon`.
    maximize : bool
        Ascend.
    foreach, fused : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.

    Raises
    ------
    ValueError
        If a setting is negative.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.Adagrad([x], lr=0.5)
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
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_differentiable(differentiable)
        refuse_both(foreach, fused)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(
            group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"
        )

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {"sum": np.full_like(zeros_like(param), group["initial_accumulator_value"])}

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        return partial(
            adagrad_steps_,
            values,
            gradients,
            column(states, "sum"),
            number,
            **{name: group[name] for name in ("lr", "lr_decay", "eps", "weight_decay")},
        )
