"""Adam for sparse gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from itertools import repeat
from typing import Any

from einkorn.autograd import Tensor
from einkorn.kernels import adam_steps_
from einkorn.optim.optimizer import Call, Group, Optimizer, check_betas, setting, zeros_like
from einkorn.optim.sparse import descent_of, row_calls

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    r"""Adam that touches only the rows of which a sparse gradient speaks, their moments included.

    .. math::
        m_r &\leftarrow \beta_1 m_r + (1 - \beta_1) g_r, \quad
        v_r \leftarrow \beta_2 v_r + (1 - \beta_2) g_r^2 \\
        \theta_r &\leftarrow \theta_r - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
        \frac{m_r}{\sqrt{v_r} + \epsilon}

    for each row r that the gradient has. The moments of other rows do not decay, unlike Adam's.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        What to optimise, or groups of it with settings of their own.
    lr : float
        Learning rate :math:`\eta`, positive.
    betas : pair of float
        :math:`\beta_1, \beta_2`.
    eps : float
        :math:`\epsilon`, positive.
    maximize : bool
        Ascend.

    Raises
    ------
    RuntimeError
        In `step`, if a gradient is dense.
    ValueError
        If a setting is not positive or a beta outside [0, 1).

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2014; the lazy form is
    PyTorch's.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> table = nn.Embedding(1000, 4, sparse=True)
    >>> before = table.weight.numpy().copy()
    >>> optimizer = optim.SparseAdam(table.parameters(), lr=0.1)
    >>> (table(np.array([3, 7, 3])) ** 2).sum().backward()
    >>> optimizer.step()
    >>> np.flatnonzero((table.weight.numpy() != before).any(axis=1)).tolist()
    [3, 7]
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize}
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        for name in ("lr", "eps"):
            if not group[name] > 0.0:
                raise ValueError(f"{name} must be positive, got {group[name]}")
        check_betas(group)

    def _check_param(self, param: Any) -> None:
        if getattr(param, "is_sparse", False):
            raise ValueError("params holds a sparse tensor: only gradients are sparse")
        super()._check_param(param)

    def _calls(self, group: Group, params: list[Tensor]) -> list[Call]:
        name = self._name_of(group, params[0])
        raise RuntimeError(
            f"SparseAdam does not support dense gradients, but {name} has one; use Adam"
        )

    def _sparse_calls(self, group: Group, params: list[Tensor]) -> list[Call]:
        calls: list[Call] = []
        for param in params:
            if param not in self.state:
                moments = {name: zeros_like(param) for name in ("exp_avg", "exp_avg_sq")}
                self.state[param] = {"step": 0, **moments}
            state = self.state[param]
            number = state["step"] + 1
            beta1, beta2 = group["betas"]
            step = partial(
                adam_steps_,
                step=number,
                lr=float(group["lr"]),
                beta1=beta1,
                beta2=beta2,
                # Adam adds eps to the root of the unbiased moment, this one to that of the biased.
                eps=group["eps"] / math.sqrt(1.0 - beta2**number),
            )
            along = descent_of(param, group["maximize"])
            calls += (
                *row_calls(step, param, [state["exp_avg"], state["exp_avg_sq"]], along),
                setting([state], "step", repeat(number)),
            )
        return calls

    def _saved_state(self, entries: dict[str, Any]) -> dict[str, Any]:
        return dict(entries)
