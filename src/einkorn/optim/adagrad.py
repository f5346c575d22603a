"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import repeat
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
    setting,
    zeros_like,
)
from einkorn.optim.sparse import descent_of, row_calls
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["Adagrad"]


class Adagrad(StepwiseOptimizer):
    r"""Adagrad: steps scaled by the root of the sum of all squared gradients.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta, \quad s \leftarrow s + g^2 \\
        \theta &\leftarrow \theta - \frac{\eta}{1 + (t - 1) \delta} \frac{g}{\sqrt{s} + \epsilon}

    Of a sparse gradient only the rows that it has are touched.

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
    RuntimeError
        In `step`, for a sparse gradient with ``weight_decay``.
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

    def _sparse_calls(self, group: Group, params: list[Tensor]) -> list[Call]:
        if group["weight_decay"] != 0:
            raise RuntimeError(
                "weight_decay must be 0 with sparse gradients, as of "
                f"{self._name_of(group, params[0])}, got {group['weight_decay']}"
            )
        calls: list[Call] = []
        for param in params:
            if param not in self.state:
                self.state[param] = {"step": 0, **self._initial_state(group, param)}
            state = self.state[param]
            number = state["step"] + 1
            settings = {name: group[name] for name in ("lr", "lr_decay", "eps")}
            step = partial(adagrad_steps_, step=number, **settings)
            along = descent_of(param, group["maximize"])
            calls += (
                *row_calls(step, param, [state["sum"]], along),
                setting([state], "step", repeat(number)),
            )
        return calls

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
