"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import asgd_steps_
from einkorn.optim.gathering import in_float32
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["ASGD"]


class ASGD(StepwiseOptimizer):
    r"""Averaged stochastic gradient descent: ``state[param]['ax']`` is the mean to use at the end.

    .. math::
        \theta &\leftarrow (1 - \lambda \eta_t) \theta - \eta_t g, \quad
        a \leftarrow a + \mu_t (\theta - a) \\
        \eta_{t+1} &= \eta / (1 + \lambda \eta t)^\alpha, \quad
        \mu_{t+1} = 1 / \max(1, t - t_0)

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`.
    lambd : float
        :math:`\lambda`.
    alpha : float
        :math:`\alpha`.
    t0 : float
        The step at which averaging begins.
    weight_decay : float
        Added to the gradient times the parameter.
    maximize : bool
        Ascend.
    foreach, capturable : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.

    Raises
    ------
    ValueError
        If ``lr`` or ``weight_decay`` is negative.

    References
    ----------
    B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.ASGD([x], lr=0.1)
    >>> for _ in range(100):
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
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "weight_decay")

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {"eta": in_float32(group["lr"]), "mu": 1.0, "ax": zeros_like(param)}

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        return partial(
            asgd_steps_,
            values,
            gradients,
            column(states, "ax"),
            eta=states[0]["eta"],
            mu=states[0]["mu"],
            lambd=group["lambd"],
            weight_decay=group["weight_decay"],
        )

    def _next_numbers(self, group: Group, number: int, state: State) -> dict[str, float]:
        lr = float(group["lr"])
        return {
            "eta": in_float32(lr / (1.0 + group["lambd"] * lr * number) ** group["alpha"]),
            "mu": in_float32(1.0 / max(1.0, number - group["t0"])),
        }
