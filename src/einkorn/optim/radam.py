"""RAdam."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import radam_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_betas,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["RAdam"]


class RAdam(StepwiseOptimizer):
    r"""RAdam: Adam that trusts its mean square only once it rests on enough gradients.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \rho_\infty &= 2 / (1 - \beta_2) - 1, \quad
        \rho = \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t) \\
        r &= \sqrt{\frac{(\rho - 4) (\rho - 2) \rho_\infty}
        {(\rho_\infty - 4) (\rho_\infty - 2) \rho}} \\
        \theta &\leftarrow \theta - \eta \frac{m}{1 - \beta_1^t}
        \times \left( r \frac{\sqrt{1 - \beta_2^t}}{\sqrt{v} + \epsilon}
        \text{ if } \rho > 5;\; 1 \right)

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
        :math:`\lambda`, added to the gradient times the parameter, or, with
        ``decoupled_weight_decay``, times ``lr`` taken off the parameter itself.
    decoupled_weight_decay : bool
        Decay as AdamW does.
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
    L. Liu et al., "On the variance of the adaptive learning rate and beyond", 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.RAdam([x], lr=0.1)
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
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "eps", "weight_decay")
        check_betas(group)

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {"exp_avg": zeros_like(param), "exp_avg_sq": zeros_like(param)}

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
            radam_steps_,
            values,
            gradients,
            column(states, "exp_avg"),
            column(states, "exp_avg_sq"),
            number,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"],
        )
