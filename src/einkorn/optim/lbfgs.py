"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, enable_grad
from einkorn.optim.gathering import arrays_of
from einkorn.optim.line_search import Point, strong_wolfe
from einkorn.optim.optimizer import Group, Optimizer, check_not_negative

__all__ = ["LBFGS"]

# Curvature below which a pair of step and gradient change says nothing about the Hessian.
_LEAST_CURVATURE = 1e-10


class LBFGS(Optimizer):
    r"""L-BFGS: the inverse Hessian as the last ``history_size`` steps and gradients show it.

    The direction is :math:`-H g` by the two-loop recursion over the pairs
    :math:`(s_i, y_i) = (\theta_{i+1} - \theta_i, g_{i+1} - g_i)`, from
    :math:`H_0 = (s^T y / y^T y) I`. A call of `step` makes up to ``max_iter`` iterations.

    Parameters
    ----------
    params : iterable of Tensor
        What to optimise; a single group.
    lr : float
        Length of a step in units of the direction; the first guess of a line search.
    max_iter : int
        Iterations a call of `step`.
    max_eval : int, optional
        Evaluations of the closure a call; ``max_iter * 5 // 4`` by default.
    tolerance_grad : float
        Largest element of the gradient at which to stop.
    tolerance_change : float
        Change of loss or parameters below which to stop.
    history_size : int
        Pairs kept.
    line_search_fn : str, optional
        ``"strong_wolfe"``, or None for steps of fixed length.

    Raises
    ------
    ValueError
        If there are several groups, ``lr`` is negative, or ``line_search_fn`` is unknown.

    References
    ----------
    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization",
    1989; J. Nocedal and S. J. Wright, "Numerical optimization", chapters 3 and 7.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([-1.5, 2.0]))
    >>> lbfgs = optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=60)
    >>> def rosenbrock():
    ...     lbfgs.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> first = lbfgs.step(rosenbrock)
    >>> x.numpy().round(4)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(f"LBFGS takes one parameter group, got {len(self.param_groups)}")

    def _check_settings(self, group: Group) -> None:
        check_not_negative(group, "lr")
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(
                f"line_search_fn must be None or 'strong_wolfe', got {group['line_search_fn']!r}"
            )

    def _restored_state(self, param: Tensor, entries: dict[str, Any]) -> dict[str, Any]:
        """Return own copies; PyTorch's scratch for the two-loop recursion is left out."""
        state = {key: _restored(value) for key, value in entries.items() if key != "al"}
        size = sum(one.numpy().size for one in self._all_params())
        for key in ("d", "prev_flat_grad"):
            if key in state and state[key].shape != (size,):
                raise ValueError(f"{key} has shape {state[key].shape}, the parameters {(size,)}")
        return state

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to ``max_iter`` iterations.

        Parameters
        ----------
        closure : callable
            Evaluates the model anew, computes the gradients and returns the loss.

        Returns
        -------
        object
            What ``closure`` returned first.

        Raises
        ------
        TypeError
            If there is no closure.
        """
        if closure is None:
            raise TypeError("closure: LBFGS needs one, to evaluate the loss several times a step")
        with enable_grad():
            first = closure()
        # The state belongs to the first parameter, as in PyTorch's dictionaries.
        state = self.state[self.param_groups[0]["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        state["func_evals"] += 1
        self._iterate(closure, state, Point(float(first), self._flat_gradient()))
        return first

    def _iterate(self, closure: Callable[[], Any], state: dict[str, Any], here: Point) -> None:
        group = self.param_groups[0]
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            if np.abs(here.gradient).max(initial=0) <= group["tolerance_grad"]:
                return
            state["n_iter"] += 1
            direction = self._direction(state, here.gradient)
            slope = float(here.gradient @ direction)
            length = float(group["lr"])
            if state["n_iter"] == 1:
                length *= min(1.0, 1.0 / float(np.abs(here.gradient).sum()))
            state |= {"d": direction, "prev_flat_grad": here.gradient, "prev_loss": here.loss}
            state["t"] = length
            if slope > -group["tolerance_change"]:
                return
            before = here
            last = iteration == group["max_iter"]
            here, length, calls = self._advance(
                closure, here, direction, length, slope, group["max_eval"] - evaluations, last
            )
            state["t"] = length
            evaluations += calls
            state["func_evals"] += calls
            moved = np.abs(length * direction).max(initial=0)
            if (
                evaluations >= group["max_eval"]
                or moved <= group["tolerance_change"]
                or abs(here.loss - before.loss) < group["tolerance_change"]
            ):
                return

    def _advance(
        self,
        closure: Callable[[], Any],
        here: Point,
        direction: np.ndarray,
        length: float,
        slope: float,
        evaluations: int,
        last: bool,
    ) -> tuple[Point, float, int]:
        """Return where the step leads, its length, and how often the closure was called."""
        start = self._flat_values()

        def evaluate(length: float) -> Point:
            self._move(start, length, direction)
            with enable_grad():
                loss = float(closure())
            return Point(loss, self._flat_gradient())

        if self.param_groups[0]["line_search_fn"] is None:
            # Nobody asks for the loss after the last step.
            if last:
                self._move(start, length, direction)
                return here, length, 0
            return evaluate(length), length, 1
        there, length, calls = strong_wolfe(evaluate, length, direction, here, slope, evaluations)
        self._move(start, length, direction)
        return there, length, calls

    def _direction(self, state: dict[str, Any], gradient: np.ndarray) -> np.ndarray:
        """Return minus the inverse Hessian times the gradient, by the two-loop recursion."""
        if state["n_iter"] == 1:
            state |= {"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1.0}
            return -gradient
        self._remember(state, gradient)
        pairs = list(zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True))
        result = -gradient
        shares = []
        for change, step, inverse in reversed(pairs):
            share = float(step @ result) * inverse
            result -= share * change
            shares.append(share)
        result *= state["H_diag"]
        for (change, step, inverse), share in zip(pairs, reversed(shares), strict=True):
            result += (share - float(change @ result) * inverse) * step
        return result

    def _remember(self, state: dict[str, Any], gradient: np.ndarray) -> None:
        change = gradient - state["prev_flat_grad"]
        step = state["t"] * state["d"]
        curvature = float(change @ step)
        if curvature <= _LEAST_CURVATURE:
            return
        entries = {"old_dirs": change, "old_stps": step, "ro": 1.0 / curvature}
        for name, entry in entries.items():
            state[name].append(entry)
            del state[name][: -self.param_groups[0]["history_size"]]
        state["H_diag"] = curvature / float(change @ change)

    def _flat_gradient(self) -> np.ndarray:
        return np.concatenate([_flat(param) for param in self._all_params()])

    def _flat_values(self) -> np.ndarray:
        return np.concatenate([param.numpy().ravel() for param in self._all_params()])

    def _move(self, start: np.ndarray, length: float, direction: np.ndarray) -> None:
        values = start + length * direction
        begin = 0
        params: list[Tensor] = list(self._all_params())
        for array in arrays_of(params):
            array[...] = values[begin : begin + array.size].reshape(array.shape)
            begin += array.size


def _restored(value: Any) -> Any:
    """Return an entry of a saved state as this module holds it."""
    if isinstance(value, list | tuple):
        return [_restored(item) for item in value]
    if isinstance(value, int | float):
        return value
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array.copy()


def _flat(param: Tensor) -> np.ndarray:
    """Return the gradient, which directions of all parameters make dense, in one dimension."""
    if param.grad is None:
        return np.zeros(param.numpy().size)
    dense = param.grad.to_dense() if param.grad.is_sparse else param.grad
    return dense.numpy().ravel()
