"""Adamax."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import adamax_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_betas,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["Adamax"]


class Adamax(StepwiseOptimizer):
    r"""Adamax: Adam with the largest gradient, decayed, in place of the root mean square.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta, \quad
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        u \leftarrow \max(\beta_2 u, |g| + \epsilon) \\
        \theta &\leftarrow \theta - \frac{\eta}{1 - \beta_1^t} \frac{m}{u}

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`.
    betas : pair of float
        :math:`\beta_1, \beta_2`.
    eps : float
        :math:`\epsilon`.
    weight_decay : float
        :math:`\lambda`, added to the gradient times the parameter.
    maximize : bool
        Ascend.
    foreach, capturable : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.

    Raises
    ------
    ValueError
        If a setting is negative or a beta outside [0, 1).

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.Adamax([x], lr=0.1)
    >>> for _ in range(300):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> abs(x.item()) < 0.1
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "eps", "weight_decay")
        check_betas(group)

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {"exp_avg": zeros_like(param), "exp_inf": zeros_like(param)}

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        beta1, beta2 = group["betas"]
        return partial(
            adamax_steps_,
            values,
            gradients,
            column(states, "exp_avg"),
            column(states, "exp_inf"),
            number,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            weight_decay=group["weight_decay"],
        )
