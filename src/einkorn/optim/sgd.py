"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.kernels import sgd_steps_
from einkorn.optim.gathering import alike, arrays_of
from einkorn.optim.optimizer import (
    Call,
    Group,
    Optimizer,
    check_not_negative,
    refuse_both,
    refuse_differentiable,
    zeros_like,
)

__all__ = ["SGD"]

_BUFFER = "momentum_buffer"


class SGD(Optimizer):
    r"""Stochastic gradient descent with momentum, Nesterov's too.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta \\
        v &\leftarrow \mu v + (1 - \tau) g \quad (v = g \text{ at the first step}) \\
        \theta &\leftarrow \theta - \eta v
        \quad (\theta - \eta (g + \mu v) \text{ for Nesterov})

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`.
    momentum : float
        :math:`\mu`.
    dampening : float
        :math:`\tau`.
    weight_decay : float
        :math:`\lambda`.
    nesterov : bool
        Look ahead along the momentum; needs ``momentum > 0`` and ``dampening == 0``.
    maximize : bool
        Ascend.
    foreach, fused : bool, optional
        Accepted and without effect: there is one implementation, fused and in place.
    differentiable : bool
        Must be False.

    Raises
    ------
    ValueError
        If a setting is negative, or Nesterov's conditions do not hold.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and
    momentum in deep learning", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> sgd = optim.SGD([x], lr=0.1, momentum=0.9)
    >>> for _ in range(200):
    ...     sgd.zero_grad()
    ...     (x * x).sum().backward()
    ...     sgd.step()
    >>> abs(x.item()) < 1e-3
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse_differentiable(differentiable)
        refuse_both(foreach, fused)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "momentum", "weight_decay")
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                "nesterov needs momentum > 0 and dampening == 0, got "
                f"momentum={group['momentum']}, dampening={group['dampening']}"
            )

    def _calls(self, group: Group, params: list[Tensor]) -> list[Call]:
        if group["momentum"] == 0:
            return [self._call(group, chosen, None) for chosen in alike(params)]
        state = self.state
        started = [param for param in params if param in state]
        calls = [
            self._call(group, chosen, [state[param][_BUFFER] for param in chosen])
            for chosen in alike(started)
        ]
        if len(started) < len(params):
            # Momentum becomes the gradient first, which is then not dampened.
            undampened = group | {"dampening": 0.0}
            for chosen in alike([param for param in params if param not in state]):
                buffers = [zeros_like(param) for param in chosen]
                entries = [{_BUFFER: buffer} for buffer in buffers]
                calls += (
                    self._call(undampened, chosen, buffers),
                    partial(state.update, zip(chosen, entries, strict=True)),
                )
        return calls

    def _call(self, group: Group, params: list[Tensor], buffers: list[np.ndarray] | None) -> Call:
        return partial(
            sgd_steps_,
            arrays_of(params),
            self._gradients(group, params),
            buffers,
            lr=group["lr"],
            momentum=group["momentum"],
            dampening=group["dampening"],
            weight_decay=group["weight_decay"],
            nesterov=group["nesterov"],
        )
