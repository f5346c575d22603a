"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from einkorn.autograd import RowSparseTensor, Tensor
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
from einkorn.optim.sparse import descent_of, row_calls

__all__ = ["SGD"]

_BUFFER = "momentum_buffer"


class SGD(Optimizer):
    r"""Stochastic gradient descent with momentum, Nesterov's too.

    .. math::
        g &\leftarrow \nabla f(\theta) + \lambda \theta \\
        v &\leftarrow \mu v + (1 - \tau) g \quad (v = g \text{ at the first step}) \\
        \theta &\leftarrow \theta - \eta v
        \quad (\theta - \eta (g + \mu v) \text{ for Nesterov})

    Of a sparse gradient only the rows that it has are touched; momentum then is sparse, too.

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
    RuntimeError
        In `step`, for a sparse gradient with ``weight_decay``.
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
        self._make_dense(params)
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
            **_settings(group),
        )

    def _sparse_calls(self, group: Group, params: list[Tensor]) -> list[Call]:
        if group["weight_decay"] != 0:
            raise RuntimeError(
                "weight_decay must be 0 with sparse gradients, as of "
                f"{self._name_of(group, params[0])}, got {group['weight_decay']}"
            )
        return [call for param in params for call in self._calls_of_rows(group, param)]

    def _calls_of_rows(self, group: Group, param: Tensor) -> list[Call]:
        gradient = descent_of(param, group["maximize"])
        descend = partial(sgd_steps_, velocities=None, lr=group["lr"])
        mu = group["momentum"]
        if mu == 0:
            return row_calls(descend, param, [], gradient)
        buffer = self.state[param][_BUFFER] if param in self.state else None
        if isinstance(buffer, np.ndarray):
            # Momentum of every row moves every row.
            dense = gradient.to_dense().numpy()
            return [partial(sgd_steps_, arrays_of([param]), [dense], [buffer], **_settings(group))]
        if buffer is not None:
            buffer = (buffer * mu + gradient * (1 - group["dampening"])).coalesce()
        else:
            buffer = gradient
        along = (gradient + buffer * mu).coalesce() if group["nesterov"] else buffer
        return [
            *row_calls(descend, param, [], along),
            partial(self.state.update, {param: {_BUFFER: buffer}}),
        ]

    def _make_dense(self, params: list[Tensor]) -> None:
        """Give parameters that had a sparse gradient before a dense momentum, of equal value."""
        for param in params:
            buffer = self.state[param][_BUFFER] if param in self.state else None
            if isinstance(buffer, RowSparseTensor):
                self.state[param][_BUFFER] = buffer.to_dense().numpy()


def _settings(group: Group) -> dict[str, Any]:
    names = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
    return {name: group[name] for name in names}
