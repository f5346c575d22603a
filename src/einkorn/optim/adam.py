"""Adam and AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat
from operator import setitem
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import adam_steps_
from einkorn.optim.optimizer import (
    Call,
    Group,
    Optimizer,
    alike,
    arrays_of,
    check_not_negative,
    refuse_differentiable,
    setting,
    zeros_like,
)

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "eps", "weight_decay")
        if not all(0.0 <= beta < 1.0 for beta in group["betas"]):
            raise ValueError(f"betas must be in [0, 1), got {group['betas']}")

    def _calls(self, group: Group, params: list[Tensor]) -> Iterator[Call]:
        step = self._amsgrad_calls if group["amsgrad"] else self._adam_calls
        for param in params:
            if param not in self.state:
                self.state[param] = _initial_state(param)
        for chosen in alike(params, lambda param: (param.dtype, self.state[param]["step"])):
            states = [self.state[param] for param in chosen]
            number = states[0]["step"] + 1
            yield from step(group, chosen, states, number)
            yield setting(states, "step", repeat(number))

    def _adam_calls(
        self, group: Group, params: list[Tensor], states: list[dict[str, Any]], number: int
    ) -> Iterator[Call]:
        beta1, beta2 = group["betas"]
        yield partial(
            adam_steps_,
            arrays_of(params),
            self._gradients(group, params),
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            number,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"],
        )

    def _amsgrad_calls(
        self, group: Group, params: list[Tensor], states: list[dict[str, Any]], number: int
    ) -> Iterator[Call]:
        """Compute the new values beside the old ones; the calls put them in place."""
        gradients = self._gradients(group, params)
        for value, gradient, state in zip(arrays_of(params), gradients, states, strict=True):
            state.setdefault("max_exp_avg_sq", np.zeros_like(state["exp_avg_sq"]))
            kept = (state["exp_avg"], state["exp_avg_sq"], state["max_exp_avg_sq"])
            results = _amsgrad(group, value, gradient, *kept, number)
            for target, result in zip((value, *kept), results, strict=True):
                yield partial(setitem, target, ..., result)


def _initial_state(param: Tensor) -> dict[str, Any]:
    return {"step": 0, "exp_avg": zeros_like(param), "exp_avg_sq": zeros_like(param)}


def _amsgrad(
    group: Group,
    value: np.ndarray,
    gradient: np.ndarray,
    exp_avg: np.ndarray,
    exp_avg_sq: np.ndarray,
    max_exp_avg_sq: np.ndarray,
    step: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the parameter and its three running values after a step of AMSGrad."""
    lr, decay, (beta1, beta2) = group["lr"], group["weight_decay"], group["betas"]
    if group["decoupled_weight_decay"]:
        value = value * (1.0 - lr * decay)
    elif decay:
        gradient = gradient + decay * value
    exp_avg = beta1 * exp_avg + (1.0 - beta1) * gradient
    exp_avg_sq = beta2 * exp_avg_sq + (1.0 - beta2) * gradient * gradient
    largest = np.maximum(max_exp_avg_sq, exp_avg_sq)
    scale = np.sqrt(largest) / math.sqrt(1.0 - beta2**step) + group["eps"]
    return value - (lr / (1.0 - beta1**step)) * exp_avg / scale, exp_avg, exp_avg_sq, largest


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
            maximize=maximize,
            differentiable=differentiable,
            decoupled_weight_decay=True,
        )
