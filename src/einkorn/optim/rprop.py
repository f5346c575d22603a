"""Resilient propagation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import rprop_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_not_negative,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column

__all__ = ["Rprop"]


class Rprop(StepwiseOptimizer):
    r"""Rprop: a step size a weight, which the signs of its gradients alone let grow and shrink.

    .. math::
        s &\leftarrow \operatorname{clip}(s \cdot (\eta^+ \text{ if } g g' > 0;\;
        \eta^- \text{ if } g g' < 0;\; 1)), \quad
        g \leftarrow 0 \text{ if } g g' < 0 \\
        \theta &\leftarrow \theta - s \operatorname{sign} g, \quad g' \leftarrow g

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        :math:`s` before the first step.
    etas : pair of float
        :math:`\eta^-, \eta^+`.
    step_sizes : pair of float
        The least and the greatest :math:`s`.
    maximize : bool
        Ascend.
    foreach, capturable : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.

    Raises
    ------
    ValueError
        If ``lr`` is negative, or not ``0 < etas[0] < 1 < etas[1]``.

    References
    ----------
    M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning: the
    RPROP algorithm", 1993; C. Igel and M. Hüsken, "Improving the Rprop learning algorithm", 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> optimizer = optim.Rprop([x], lr=0.1)
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
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr")
        shrink, grow = group["etas"]
        if not 0.0 < shrink < 1.0 < grow:
            raise ValueError(f"etas must hold numbers below and above 1, got {group['etas']}")

    def _initial_state(self, group: Group, param: Tensor) -> State:
        return {
            "prev": zeros_like(param),
            "step_size": np.full_like(zeros_like(param), group["lr"]),
        }

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        return partial(
            rprop_steps_,
            values,
            gradients,
            column(states, "prev"),
            column(states, "step_size"),
            etas=group["etas"],
            step_limits=group["step_sizes"],
        )
