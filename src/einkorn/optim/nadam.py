"""NAdam."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import nadam_steps_
from einkorn.optim.gathering import in_float32
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_betas,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["NAdam"]


class NAdam(StepwiseOptimizer):
    r"""NAdam: Adam that looks ahead along its momentum, as Nesterov's method does.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \mu_t &= \beta_1 (1 - 0.96^{t \psi} / 2), \quad \Pi_t = \mu_1 \mu_2 \cdots \mu_t \\
        \theta &\leftarrow \theta - \eta\,
        \frac{\mu_{t+1} m / (1 - \Pi_{t+1}) + (1 - \mu_t) g / (1 - \Pi_t)}
        {\sqrt{v / (1 - \beta_2^t)} + \epsilon}

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
    momentum_decay : float
        :math:`\psi`.
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
    T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.NAdam([x], lr=0.05)
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
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "eps", "weight_decay", "momentum_decay")
        check_betas(group)

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {
            "mu_product": 1.0,
            "exp_avg": zeros_like(param),
            "exp_avg_sq": zeros_like(param),
        }

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
            nadam_steps_,
            values,
            gradients,
            column(states, "exp_avg"),
            column(states, "exp_avg_sq"),
            number,
            lr=group["lr"],
            mu=_momentum(group, number),
            mu_next=_momentum(group, number + 1),
            **self._next_numbers(group, number, states[0]),
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"],
        )

    def _next_numbers(self, group: Group, number: int, state: State) -> dict[str, float]:
        return {
            "mu_product": in_float32(state["mu_product"] * in_float32(_momentum(group, number)))
        }


def _momentum(group: Group, number: int) -> float:
    return group["betas"][0] * (1.0 - 0.5 * 0.96 ** (number * group["momentum_decay"]))
