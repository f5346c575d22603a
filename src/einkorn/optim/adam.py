"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import adam_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    check_betas,
    check_not_negative,
    refuse_both,
    refuse_differentiable,
    zeros_like,
)
from einkorn.optim.stepwise import State, StepwiseOptimizer, column, optional_column

__all__ = ["Adam", "AdamW"]


class Adam(StepwiseOptimizer):
    r"""Adam: steps scaled by running means of the gradient and of its square.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \theta &\leftarrow \theta -
        \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

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
        Added to the gradient times the parameter, or, with ``decoupled_weight_decay``, times
        ``lr`` taken off the parameter itself.
    amsgrad : bool
        Divide by the largest :math:`v` so far.
    maximize : bool
        Ascend.
    foreach, capturable, fused : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.
    decoupled_weight_decay : bool
        Decay as AdamW does.

    Raises
    ------
    ValueError
        If a setting is negative or a beta outside [0, 1).

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2014;
    S. J. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> adam = optim.Adam([x], lr=0.1)
    >>> for _ in range(300):
    ...     adam.zero_grad()
    ...     (x * x).sum().backward()
    ...     adam.step()
    >>> abs(x.item()) < 1e-3
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        refuse_differentiable(differentiable)
        refuse_both(foreach, fused)
        _refuse_mixtures(lr, betas, bool(foreach) and not capturable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
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
            adam_steps_,
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
            max_exp_avg_sqs=optional_column(states, "max_exp_avg_sq", group["amsgrad"]),
        )


class AdamW(Adam):
    r"""Adam with decoupled weight decay: :math:`\theta` first loses :math:`\eta \lambda \theta`.

    Parameters and errors as for `Adam`; ``weight_decay`` is 0.01 by default.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> adamw = optim.AdamW([x], lr=0.1, weight_decay=0.1)
    >>> x.sum().backward()
    >>> adamw.step()
    >>> round(x.item(), 6)
    2.87
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


def _refuse_mixtures(lr: Any, betas: Any, foreach: bool) -> None:
    """Raise for Tensors among the settings where PyTorch's optimiser takes none."""
    if len({isinstance(beta, Tensor) for beta in betas}) > 1:
        raise ValueError(f"betas must be either both numbers or both Tensors, got {betas}")
    for name, value in (("lr", lr), ("betas[0]", betas[0]), ("betas[1]", betas[1])):
        if isinstance(value, Tensor) and (foreach or value.numel() != 1):
            expected = "a number with foreach=True" if foreach else "a Tensor of one element"
            raise ValueError(f"{name} must be {expected}, got {value}")
