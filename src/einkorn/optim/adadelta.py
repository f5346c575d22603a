"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import adadelta_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["Adadelta"]


class Adadelta(StepwiseOptimizer):
    r"""Adadelta: steps in the units of earlier steps, so that no learning rate need be set.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta, \quad
        v \leftarrow \rho v + (1 - \rho) g^2 \\
        d &\leftarrow g \sqrt{u + \epsilon} / \sqrt{v + \epsilon}, \quad
        u \leftarrow \rho u + (1 - \rho) d^2, \quad \theta \leftarrow \theta - \eta d

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Factor :math:`\eta` of the steps.
    rho : float
        :math:`\rho`.
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
        If a setting is negative, or ``rho`` above 1.

    References
    ----------
    M. D. Zeiler, "Adadelta: an adaptive learning rate method", 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.Adadelta([x], lr=10.0)
    >>> for _ in range(400):
    ...     optimizer.zero_grad()
    ...     (x * x).sum().backward()
    ...     optimizer.step()
    >>> abs(x.item()) < 0.1
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "rho", "eps", "weight_decay")
        if group["rho"] > 1.0:
            raise ValueError(f"rho must be at most 1, got {group['rho']}")

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {"square_avg": zeros_like(param), "acc_delta": zeros_like(param)}

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        return partial(
            adadelta_steps_,
            values,
            gradients,
            column(states, "square_avg"),
            column(states, "acc_delta"),
            **{name: group[name] for name in ("lr", "rho", "eps", "weight_decay")},
        )
