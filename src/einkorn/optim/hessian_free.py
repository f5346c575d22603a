"""Hessian-free optimisation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, enable_grad, no_grad
from einkorn.optim.conjugate_gradients import Iterate, conjugate_gradients
from einkorn.optim.curvature import GaussNewton, parts
from einkorn.optim.gathering import arrays_of
from einkorn.optim.optimizer import Group, Optimizer, check_not_negative, zeros_like

__all__ = ["HessianFree"]

# Levenberg and Marquardt's rule: what changes the damping, and by how much.
_POOR, _GOOD, _FACTOR = 0.25, 0.75, 1.5
# The line search asks for this share of the decrease that the slope promises.
_DECREASE, _SHRINK, _TRIALS = 1e-2, 0.8, 60


class HessianFree(Optimizer):
    r"""Hessian-free optimisation: Newton steps by conjugate gradients, with damped curvature.

    A step minimises, by preconditioned conjugate gradients,

    .. math:: q(\delta) = g^\top \delta + \tfrac12 \delta^\top (G + \lambda I) \delta

    where :math:`g` is the gradient and :math:`G` the Gauss–Newton matrix, of which only products
    with vectors are computed, by differentiation (`einkorn.optim.curvature.GaussNewton`). They
    begin with the last step's solution, decayed, and end when they make little progress. Of the
    points on their way the one of least loss is taken, then a line search shortens the step.
    :math:`\lambda` becomes 3/2 of itself where the loss falls by less than a quarter of what
    :math:`q`, undamped, promised, and 2/3 where by more than three quarters. The preconditioner is
    :math:`(d + \lambda)^{3/4}`, :math:`d` being the sum of the squared gradients of the outputs'
    losses, estimated with random signs.

    Parameters
    ----------
    params : iterable of Tensor
        What to optimise; a single group.
    lr : float
        Length of a step at which the line search begins.
    damping : float
        :math:`\lambda` at first; the group's ``damping`` is the current one.
    decay : float
        Share of the last solution at which conjugate gradients begin.
    max_iter : int
        Most iterations of conjugate gradients a step.
    tolerance : float
        Progress an iteration, relative, below which they end.
    structural_damping : float
        :math:`\mu`; adds :math:`\mu \lambda` times the curvature of half the mean squared
        distance that the step moves the hidden states, so that those of a recurrent network do
        not change all at once. The closure then returns the states too.

    Raises
    ------
    ValueError
        If there are several groups or a setting is negative.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", 2010; J. Martens and I. Sutskever,
    "Learning recurrent neural networks with Hessian-free optimization", 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> t = np.array([[0.0], [1.0], [1.0], [0.0]])
    >>> model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).to(np.float64)
    >>> optimizer = optim.HessianFree(model.parameters())
    >>> def closure():
    ...     logits = model(x)
    ...     return nn.functional.binary_cross_entropy_with_logits(logits, t), logits
    >>> losses = [optimizer.step(closure).item() for _ in range(60)]
    >>> losses[-1] < losses[0] / 10
    True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        damping: float = 1.0,
        decay: float = 0.95,
        max_iter: int = 250,
        tolerance: float = 5e-4,
        structural_damping: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "damping": damping,
            "decay": decay,
            "max_iter": max_iter,
            "tolerance": tolerance,
            "structural_damping": structural_damping,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(f"HessianFree takes one parameter group, got {len(self.param_groups)}")

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr", "damping", "decay", "tolerance", "structural_damping")
        if group["max_iter"] < 1:
            raise ValueError(f"max_iter must be at least 1, got {group['max_iter']}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one step; if no length of it lowers the loss, only the damping changes.

        Parameters
        ----------
        closure : callable
            Evaluates the model and returns the loss, the outputs that it is a function of, and,
            with structural damping, the hidden states, cases first. It calls no ``backward``, and
            gives the same on every call during the step: the same batch, no dropout.

        Returns
        -------
        Tensor
            The loss before the step.

        Raises
        ------
        TypeError
            If there is no closure, or it returns something else.
        """
        if closure is None:
            raise TypeError("closure: HessianFree needs one, to evaluate the loss several times")
        group = self.param_groups[0]
        with enable_grad():
            loss, curvature, states = self._evaluated(closure, group)
        for param in group["params"]:
            if param not in self.state:
                self.state[param] = {"step": 0, "direction": zeros_like(param)}
        way = self._solve(group, curvature, states)
        self._put(group, "direction", way[-1].x)
        trial = _Trial(closure, group["params"], loss.item())
        try:
            best, value = _best(trial, way)
            _adapt_damping(group, best, value - trial.start_loss)
            length = _shortened(trial, best.x, value, group["lr"], curvature.gradient)
        except BaseException:
            trial.go_to(0.0 * way[-1].x)
            raise
        trial.go_to(length * best.x)
        for param in group["params"]:
            self.state[param]["step"] += 1
        return loss.detach()

    def _evaluated(
        self, closure: Callable[[], Any], group: Group
    ) -> tuple[Tensor, GaussNewton, GaussNewton | None]:
        found = closure()
        expected = 3 if group["structural_damping"] else 2
        if not isinstance(found, tuple) or len(found) != expected:
            names = "loss, outputs and states" if expected == 3 else "loss and outputs"
            raise TypeError(f"closure must return {names} as a tuple, got {type(found).__name__}")
        loss, outputs, *states = found
        params = group["params"]
        curvature = GaussNewton(loss, outputs, params)
        if not states:
            return loss, curvature, None
        return loss, curvature, GaussNewton(states[0].sum(), states[0], params)

    def _solve(
        self, group: Group, curvature: GaussNewton, states: GaussNewton | None
    ) -> list[Iterate]:
        damping = group["damping"]
        structural = damping * group["structural_damping"]

        def product(vector: np.ndarray) -> np.ndarray:
            result = curvature(vector) + damping * vector
            if states is not None:
                result += (structural / states.cases) * states.of_distance(vector)
            return result

        last = [self.state[param]["direction"].ravel() for param in group["params"]]
        preconditioner = (curvature.diagonal() + damping) ** 0.75
        return conjugate_gradients(
            product,
            -curvature.gradient,
            group["decay"] * np.concatenate(last, dtype=np.float64),
            np.maximum(preconditioner, np.finfo(np.float64).tiny ** 0.5),
            max_iter=group["max_iter"],
            tolerance=group["tolerance"],
        )

    def _put(self, group: Group, name: str, vector: np.ndarray) -> None:
        for param, part in zip(group["params"], parts(vector, group["params"]), strict=True):
            self.state[param][name] = part


class _Trial:
    """The parameters, moved about from where they were."""

    def __init__(self, closure: Callable[[], Any], params: list[Tensor], start_loss: float) -> None:
        self._closure = closure
        self._params = params
        self._start = [param.numpy().copy() for param in params]
        self.start_loss = start_loss

    def go_to(self, displacement: np.ndarray) -> None:
        moves = parts(displacement, self._params)
        for array, start, move in zip(arrays_of(self._params), self._start, moves, strict=True):
            np.add(start, move, out=array)

    def loss(self, displacement: np.ndarray) -> float:
        """Return the loss there; what is not a number counts as infinite."""
        self.go_to(displacement)
        with no_grad():
            value = float(self._closure()[0].item())
        return np.inf if np.isnan(value) else value


def _best(trial: _Trial, way: list[Iterate]) -> tuple[Iterate, float]:
    """Go back along the way while the loss falls; return the point and its loss."""
    best, value = way[-1], trial.loss(way[-1].x)
    for iterate in reversed(way[:-1]):
        earlier = trial.loss(iterate.x)
        if earlier > value:
            break
        best, value = iterate, earlier
    return best, value


def _adapt_damping(group: Group, best: Iterate, change: float) -> None:
    promised = best.value - 0.5 * group["damping"] * float(best.x @ best.x)
    ratio = change / promised if promised < 0.0 else -np.inf
    if not ratio >= _POOR:
        group["damping"] *= _FACTOR
    elif ratio > _GOOD:
        group["damping"] /= _FACTOR


def _shortened(
    trial: _Trial, direction: np.ndarray, value: float, length: float, gradient: np.ndarray
) -> float:
    """Return a length of the step at which the loss has fallen enough, or 0."""
    slope = float(gradient @ direction)
    if length != 1.0:
        value = trial.loss(length * direction)
    for _ in range(_TRIALS):
        if value <= trial.start_loss + min(0.0, _DECREASE * length * slope):
            return length
        length *= _SHRINK
        value = trial.loss(length * direction)
    return 0.0
